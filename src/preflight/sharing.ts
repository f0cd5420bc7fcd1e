/** Rules about managed images: every pool has its own, and all pools of one image, or of one set of snapshots, count together. */
import { managedVersions, poolImages, usersOf } from '../image/managed-images.ts'
import { isOwn } from '../image/tags.ts'
import { parseArmId, sameId } from '../model/arm-id.ts'
import type { Pool, PoolProperties } from '../model/batch.ts'
import { imageOf } from '../model/batch.ts'
import type { NodeTotals } from '../model/nodes.ts'
import type { Facts, Rule } from './facts.ts'

const CUSTOM_IMAGES = 'https://learn.microsoft.com/azure/batch/batch-custom-images'
/**
 * The page on custom images says 2,500 dedicated nodes, the one on limits 2,000: between them lies a warning.
 * https://learn.microsoft.com/azure/batch/batch-custom-images, https://learn.microsoft.com/azure/batch/batch-quota-limit#pool-size-limits
 */
const MOST: NodeTotals = { dedicated: 2_500, lowPriority: 1_000 }
const ADVISED: NodeTotals = { dedicated: 2_000, lowPriority: 1_000 }
const KINDS = { dedicated: 'dedicated', lowPriority: 'Spot' } as const

export const SHARING_RULES: readonly Rule[] = [
  {
    id: 'managed-image-unique',
    severity: 'error',
    title: 'A managed image serves one pool only',
    objection: 'Managed image is used by another pool',
    link: CUSTOM_IMAGES,
    check: (facts) => {
      const { config, observed } = facts
      const { image, pool } = config
      const requests = pool?.requests ?? []
      const { givenImage } = observed
      if (givenImage?.kind === 'managed' && requests.length > 1) {
        return [
          {
            seen: `${requests.length} pools are to share managed image ${givenImage.image.name}: ${requests.map(({ id }) => id).join(', ')}`,
            fix: 'Publish it to a gallery with `managed-image`: any number of pools may share a version. Or build with `image-kind: managed`, which makes one for each pool.',
          },
        ]
      }
      const wanted =
        givenImage?.kind === 'managed'
          ? [givenImage.image.id]
          : image?.kind === 'managed' && image.version !== 'auto' && managedVersions(image, pool, observed).length > 0
            ? poolImages(image, image.version, pool, observed.images).map(({ id }) => id)
            : []
      return wanted.flatMap((id, index) =>
        usersOf(id, requests[index]?.id, pool ? observed.pools : []).map((user) => ({
          seen: `pool ${user.name} is on ${id} already`,
          fix: 'Use another `image-version`, or `image-kind: gallery`, whose versions any number of pools may share.',
        })),
      )
    },
  },
  {
    id: 'managed-image-pool-size',
    severity: 'error',
    title: 'Pools on a managed image have at most 2,500 dedicated and 1,000 Spot nodes in all',
    objection: 'Too many nodes for a managed image',
    link: CUSTOM_IMAGES,
    check: (facts) => tooLarge(facts, MOST),
  },
  {
    id: 'managed-image-pool-size-advised',
    severity: 'warning',
    title: 'Pools on a managed image have at most 2,000 dedicated nodes in all',
    objection: 'Many nodes for a managed image',
    link: 'https://learn.microsoft.com/azure/batch/batch-quota-limit',
    check: (facts) => (tooLarge(facts, MOST).length > 0 ? [] : tooLarge(facts, ADVISED)),
  },
  {
    id: 'managed-image-nat-pools',
    severity: 'warning',
    title: 'A pool on a managed image has no inbound NAT pools',
    objection: 'Inbound NAT pools limit pools on a managed image',
    link: CUSTOM_IMAGES,
    check: (facts) =>
      isManaged(facts)
        ? (facts.config.pool?.requests ?? []).filter(hasNatPools).map(({ id }) => ({
            seen: `pool ${id} has inbound NAT pools, which lower the most nodes that it can have on a managed image`,
            fix: 'Leave `inboundNatPools` out, or use `image-kind: gallery`.',
          }))
        : [],
  },
  {
    id: 'managed-image-allocation-mode',
    severity: 'error',
    title: 'In batch service mode a managed image was not made of a VM in place, as Packer does',
    objection: 'Managed image does not fit batch service mode',
    link: `${CUSTOM_IMAGES}#prepare-a-custom-image`,
    check: ({ observed: { givenImage, account } }) =>
      givenImage?.kind === 'managed' && givenImage.image.sourceVirtualMachineId && account?.poolAllocationMode === 'BatchService'
        ? [
            {
              seen: `${givenImage.image.name} was made of VM ${givenImage.image.sourceVirtualMachineId}, and account ${account.name} allocates in batch service mode`,
              fix: 'Publish it to a gallery with `managed-image`, or let Packer make a VHD and bring that in with `vhd`.',
            },
          ]
        : [],
  },
]

function isManaged({ config: { image }, observed: { givenImage } }: Facts): boolean {
  return image?.kind === 'managed' || givenImage?.kind === 'managed'
}

function hasNatPools({ properties: { networkConfiguration } }: { readonly properties: PoolProperties }): boolean {
  return (networkConfiguration?.endpointConfiguration?.inboundNatPools?.length ?? 0) > 0
}

/** All requested pools share one set of snapshots; so do pools that are on images of the same ones already. */
function tooLarge(facts: Facts, most: NodeTotals): readonly { seen: string; fix: string }[] {
  const { pool } = facts.config
  if (!pool || !isManaged(facts)) return []
  const asked = new Set(pool.requests.map(({ id }) => id.toLowerCase()))
  const sharing = sharers(facts).filter(({ name }) => !asked.has(name.toLowerCase()))
  return (['dedicated', 'lowPriority'] as const).flatMap((kind) => {
    const others = sharing.reduce(
      (sum, { properties }) => sum + properties[kind === 'dedicated' ? 'currentDedicatedNodes' : 'currentLowPriorityNodes'],
      0,
    )
    const nodes = others + pool.requests.reduce((sum, { target }) => sum + target[kind], 0)
    return nodes > most[kind]
      ? [
          {
            seen: `${nodes} ${KINDS[kind]} nodes would run on images of the same disks; ${most[kind]} is the most`,
            fix: 'Use `image-kind: gallery`, or fewer nodes.',
          },
        ]
      : []
  })
}

/** Pools on the image given, or on managed images of the snapshots given. */
function sharers({ config: { source, image }, observed: { givenImage, images, pools } }: Facts): readonly Pool[] {
  if (givenImage?.kind === 'managed') {
    const { id, sourceIds } = givenImage.image
    const alike = images.filter((other) => other.sourceIds.some((one) => sourceIds.some((two) => sameId(one, two))))
    return pools.filter((pool) => [id, ...alike.map((other) => other.id)].some((one) => sameId(one, imageOf(pool))))
  }
  if (source.kind !== 'snapshots' || !image) return []
  const given = source.disks.map((disk) => disk.source)
  const alike = images
    .filter(({ tags, sourceIds }) => isOwn(tags, image.name) || sourceIds.length > 0)
    .filter(({ sourceIds }) => sourceIds.some((one) => given.some((two) => sameId(one, two))))
  return pools.filter((pool) => parseArmId(imageOf(pool)) && alike.some(({ id }) => sameId(id, imageOf(pool))))
}
