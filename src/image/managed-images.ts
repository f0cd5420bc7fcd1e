/**
 * Pure: managed images, of which every pool needs one of its own for its whole life.
 * https://learn.microsoft.com/azure/batch/batch-custom-images
 */
import type { ImageSettings, Requested } from '../config/config.ts'
import type { Tags } from '../model/arm.ts'
import { childId, sameId } from '../model/arm-id.ts'
import type { Pool } from '../model/batch.ts'
import { imageOf } from '../model/batch.ts'
import type { ManagedImage, RegionReplication, TargetRegion } from '../model/compute.ts'
import type { Observed } from '../observe/observed.ts'
import { isOfFamily } from '../pool/family.ts'
import type { PoolImage } from './image-plan.ts'
import { managedImageName } from './names.ts'
import { isOwn, TAGS } from './tags.ts'

/** A gallery version, or the managed images of one version; `name` is the version. */
export interface BuiltVersion {
  readonly id: string
  readonly name: string
  /** In Azure's words. */
  readonly provisioningState: string
  readonly tags: Tags
  /** Its images belong to other pools, so that only its number is taken. */
  readonly isOfOtherPools?: true
  /** Of a failed gallery version. */
  readonly replication?: readonly RegionReplication[]
  readonly publishedDate?: string
  readonly endOfLifeDate?: string
  readonly isExcludedFromLatest?: boolean
  /** Of a gallery version. */
  readonly targetRegions?: readonly TargetRegion[]
}

/** The images of the requested pools at this version, existing or not. With several pools, the image's name contains the pool's. */
export function poolImages(
  image: ImageSettings,
  version: string,
  pool: Requested | undefined,
  images: readonly ManagedImage[],
): readonly PoolImage[] {
  const pools = pool?.requests.map(({ id }) => id) ?? []
  const owners = pools.length > 1 ? pools : [undefined]
  return owners.map((owner) => {
    const id = childId(image.resourceGroup, 'providers/Microsoft.Compute/images', managedImageName(image.name, version, owner))
    const found = images.find((one) => sameId(one.id, id))
    return { id, state: stateOf(found), ...(owner && { pool: owner }) }
  })
}

function stateOf(image: ManagedImage | undefined): PoolImage['state'] {
  if (!image) return 'absent'
  return image.provisioningState === 'Succeeded' ? 'succeeded' : image.provisioningState === 'Failed' ? 'failed' : 'creating'
}

/** Own versions of this image, newest state of each. */
export function managedVersions(image: ImageSettings, pool: Requested | undefined, { images, pools }: Observed): readonly BuiltVersion[] {
  const own = images.filter(({ tags }) => isOwn(tags, image.name))
  const versions = [...new Set(own.map(({ tags }) => tags[TAGS.version] ?? ''))]
  return versions.flatMap((name) => {
    const wanted = poolImages(image, name, pool, images)
    const first = own.find(({ tags }) => tags[TAGS.version] === name)
    if (!first) return []
    const isElsewhere = wanted.some(({ id }, index) => usersOf(id, pool?.requests[index]?.id, pools).length > 0)
    const states = wanted.map(({ state }) => state)
    const provisioningState = states.every((state) => state === 'succeeded')
      ? 'Succeeded'
      : states.includes('failed')
        ? 'Failed'
        : 'Creating'
    const id = wanted[0]?.id ?? first.id
    const publishedDate = oldestOf(own.filter(({ tags }) => tags[TAGS.version] === name))
    return [
      {
        id,
        name,
        provisioningState,
        tags: first.tags,
        ...(publishedDate && { publishedDate }),
        ...(isElsewhere && { isOfOtherPools: true as const }),
      },
    ]
  })
}

/** When the first of them was made; `undefined` where that is not known of one. */
function oldestOf(images: readonly ManagedImage[]): string | undefined {
  const times = images.map(({ createdTime }) => createdTime)
  return times.every((time) => time !== undefined) ? times.toSorted()[0] : undefined
}

/** Pools on this image, except the one that it is made for and its blue-green successors. */
export function usersOf(imageId: string, owner: string | undefined, pools: readonly Pool[]): readonly Pool[] {
  return pools.filter((other) => sameId(imageOf(other), imageId) && !(owner && isOfFamily(owner, other)))
}
