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
const IN_DEFINITION = `/images/${PART}(?:/versions/${PART})?`
const IMAGE_OR_SNAPSHOT = new RegExp(
  String.raw`/subscriptions/${PART}/resourceGroups/${PART}/providers/Microsoft\.Compute/(?:galleries/${PART}${IN_DEFINITION}|(?:images|snapshots)/${PART})|/(?:shared|community)Galleries/${PART}${IN_DEFINITION}`,
  'gi',
)
const LATEST = '/versions/latest'

/** Ids of images and snapshots anywhere in `body`, in lower case; also inside a text that holds JSON. The newest version is its definition. */
export function mentionsIn(body: unknown): readonly string[] {
  if (typeof body === 'string')
    return [...body.matchAll(IMAGE_OR_SNAPSHOT)].map(([found]) => {
      const id = found.toLowerCase()
      return id.endsWith(LATEST) ? id.slice(0, -LATEST.length) : id
    })
  if (typeof body !== 'object' || body === null) return []
  const mentions = Object.values(body).flatMap(mentionsIn)
  // A machine made of the newest version says which one that was.
  const { exactVersion } = body as { readonly exactVersion?: unknown }
  const exact = typeof exactVersion === 'string' ? mentions.map((id) => `${id}/versions/${exactVersion.toLowerCase()}`) : []
  return [...exact, ...mentions]
}

export function referencesOf(holders: readonly Holder[], unread: readonly string[] = []): References {
  const mentions = holders.flatMap((holder) => [...new Set(mentionsIn(holder.body))].map((id) => ({ id, by: holder.id.toLowerCase() })))
  const grouped = Map.groupBy(mentions, ({ id }) => id)
  return { holders: new Map([...grouped].map(([id, all]) => [id, all.map(({ by }) => by)])), unread }
}

/** Whoever refers to a resource, but for the holders in `going`. An unversioned reference means the latest version. */
export function holdersOf(
  { holders }: References,
  { id, mayBeLatest = false }: { readonly id: string; readonly mayBeLatest?: boolean },
  going: readonly string[] = [],
): readonly string[] {
  const own = id.toLowerCase()
  const ids = mayBeLatest ? [own, own.replace(/\/versions\/[^/]+$/, '')] : [own]
  const isMeant = (mention: string) => ids.some((one) => mention === one || isShared(mention, one))
  return [...holders]
    .flatMap(([mention, by]) => (isMeant(mention) ? by : []))
    .filter((holder) => !going.some((gone) => sameId(gone, holder)))
}

/**
 * Whether `mention` is what an image of a gallery is called where it is shared. The public name of a community gallery cannot be derived
 * from the id of the image, so any public name counts.
 * https://learn.microsoft.com/azure/virtual-machines/vm-generalized-image-version
 */
function isShared(mention: string, id: string): boolean {
  const [, subscription, gallery, image] = /^\/subscriptions\/([^/]+)\/.*\/galleries\/([^/]+)(\/images\/.+)$/.exec(id) ?? []
  if (image === undefined || !mention.endsWith(image)) return false
  return mention === `/sharedgalleries/${subscription}-${gallery}${image}` || mention.startsWith('/communitygalleries/')
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
