/**
 * Pure: who refers to images and snapshots. Any mention counts, wherever it stands: a pool's image reference, the mark that says what a
 * pool goes back to, the image of a virtual machine or scale set, the snapshots that a managed image is made of.
 */
import { nameOf, sameId } from '../model/arm-id.ts'

/** Something that may refer to an image or a snapshot. */
export interface Holder {
  readonly id: string
  /** As Azure shows it. */
  readonly body: unknown
}

export interface References {
  /** Ids of the holders, by the id that they mention; both in lower case. */
  readonly holders: ReadonlyMap<string, readonly string[]>
  /** What could not be read to its end, in words. Anything here means that everything may be in use. */
  readonly unread: readonly string[]
}

const PART = String.raw`[^/"\\\s]+`
const IMAGE_OR_SNAPSHOT = new RegExp(
  String.raw`/subscriptions/${PART}/resourceGroups/${PART}/providers/Microsoft\.Compute/(?:galleries/${PART}/images/${PART}(?:/versions/${PART})?|(?:images|snapshots)/${PART})`,
  'gi',
)

/** Ids of images and snapshots anywhere in `body`, in lower case; also inside a text that holds JSON. */
export function mentionsIn(body: unknown): readonly string[] {
  if (typeof body === 'string') return [...body.matchAll(IMAGE_OR_SNAPSHOT)].map(([id]) => id.toLowerCase())
  if (typeof body !== 'object' || body === null) return []
  // A machine made of the newest version says which one that was.
  const { id, exactVersion } = body as { readonly id?: unknown; readonly exactVersion?: unknown }
  const exact = typeof id === 'string' && typeof exactVersion === 'string' ? mentionsIn(`${id}/versions/${exactVersion}`) : []
  return [...exact, ...Object.values(body).flatMap(mentionsIn)]
}

export function referencesOf(holders: readonly Holder[], unread: readonly string[] = []): References {
  const mentions = holders.flatMap((holder) => [...new Set(mentionsIn(holder.body))].map((id) => ({ id, by: holder.id.toLowerCase() })))
  const grouped = Map.groupBy(mentions, ({ id }) => id)
  return { holders: new Map([...grouped].map(([id, all]) => [id, all.map(({ by }) => by)])), unread }
}

/** Whoever refers to a resource, but for the holders in `going`. An unversioned reference means the newest version. */
export function holdersOf(
  { holders }: References,
  { id, isNewest = false }: { readonly id: string; readonly isNewest?: boolean },
  going: readonly string[] = [],
): readonly string[] {
  const own = id.toLowerCase()
  const ids = isNewest ? [own, own.replace(/\/versions\/[^/]+$/, '')] : [own]
  return ids.flatMap((one) => holders.get(one) ?? []).filter((holder) => !going.some((gone) => sameId(gone, holder)))
}

/** E.g. `pool render`, for messages. */
export function showHolder(id: string): string {
  const type = id.split('/').at(-2) ?? ''
  const names: Readonly<Record<string, string>> = {
    pools: 'pool',
    virtualmachines: 'virtual machine',
    virtualmachinescalesets: 'scale set',
    images: 'managed image',
    versions: 'image version',
  }
  return `${names[type.toLowerCase()] ?? type} ${nameOf(id)}`
}
