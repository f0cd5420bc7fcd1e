/** Pure: resources that exist only while disks are captured, and how a later run recognizes what an interrupted one left. */
import type { Tags } from '../model/arm.ts'
import type { ArmId } from '../model/arm-id.ts'
import { isOfRun, isOwn, LONGEST_RUN_MS, TAGS } from './tags.ts'

/** A resource as it is put; its id is known beforehand. */
export interface TemporaryResource {
  readonly id: ArmId
  readonly apiVersion: string
  readonly body: object
}

/** Marks a temporary resource; the value is the image's name. */
export const TEMPORARY_TAG = 'image-pool-temporary'

/** By type; what is deleted later is deleted with the same. */
export const TEMPORARY_API_VERSIONS = {
  snapshots: '2024-03-02',
  disks: '2024-03-02',
  virtualMachines: '2024-07-01',
  virtualNetworks: '2024-05-01',
  networkInterfaces: '2024-05-01',
  restorePointCollections: '2024-03-01',
} as const
export type TemporaryType = keyof typeof TEMPORARY_API_VERSIONS

/** The tags of a temporary resource that belongs to the image and run in `tags`. */
function temporaryTags(tags: Tags): Tags {
  return { ...tags, [TEMPORARY_TAG]: tags[TAGS.image] ?? '' }
}

/** Builds the PUT of a temporary resource; `body` is what it has beside location and tags. */
export function temporaryResources(location: string, tags: Tags) {
  return (type: TemporaryType, id: ArmId, body: object): TemporaryResource => ({
    id,
    apiVersion: TEMPORARY_API_VERSIONS[type],
    body: { location, tags: temporaryTags(tags), ...body },
  })
}

export interface TaggedResource {
  readonly id: string
  readonly type: string
  readonly tags: Tags
  readonly createdTime?: string
}

/** Resources are deleted in this order: whatever uses another one goes before it. */
const ORDER: readonly TemporaryType[] = [
  ...(['virtualMachines', 'networkInterfaces', 'disks', 'virtualNetworks', 'snapshots', 'restorePointCollections'] as const),
]

/** Whose leftovers are meant. */
export interface TemporaryOwner {
  readonly image: string
  /** URL of the workflow run. */
  readonly run: string
}

/** Leftovers of interrupted runs: those of earlier attempts of this run, and those of any other run that must be over by `now`. */
export function leftovers(
  found: readonly TaggedResource[],
  { image, run }: TemporaryOwner,
  now: Date,
): readonly { readonly id: ArmId; readonly apiVersion: string }[] {
  const kindOf = (type: string) => ORDER.find((kind) => type.toLowerCase().endsWith(`/${kind.toLowerCase()}`))
  return found
    .filter(({ tags, createdTime = '' }) => {
      const isOver = now.getTime() - Date.parse(createdTime) > LONGEST_RUN_MS
      return isOwn(tags, image) && tags[TEMPORARY_TAG] !== undefined && (isOfRun(tags, run) || isOver)
    })
    .flatMap(({ id, type }) => {
      const kind = kindOf(type)
      return kind ? [{ id: id as ArmId, apiVersion: TEMPORARY_API_VERSIONS[kind], rank: ORDER.indexOf(kind) }] : []
    })
    .sort((one, other) => one.rank - other.rank)
    .map(({ id, apiVersion }) => ({ id, apiVersion }))
}

/** The api-version with which a temporary resource is deleted; `undefined` for types that no run makes. */
export function temporaryApiVersion(id: string): string | undefined {
  return Object.entries(TEMPORARY_API_VERSIONS).find(([type]) => id.toLowerCase().includes(`/${type.toLowerCase()}/`))?.[1]
}
