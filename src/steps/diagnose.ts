import { type ArmId, childId, parseArmId, partsOf } from '../arm-id.ts'
import type { NodeTotals } from '../events.ts'
import { imageOf } from '../plan-pool.ts'
import type { BatchAccount, Pool } from '../ports.ts'
import { coreQuotas } from '../quota.ts'
import type { ResizeError } from '../resize.ts'
import type { StepContext } from './context.ts'

/** What Azure's words leave out: the numbers behind a quota, or which resource of the pool is gone. Never throws. */
export async function diagnose(
  { code }: ResizeError,
  pool: Pool,
  target: NodeTotals,
  account: BatchAccount,
  context: StepContext,
): Promise<string | undefined> {
  try {
    if (/quota/i.test(code)) return await quotaNumbers(code, pool, target, account, context)
    if (/^(?:AllocationFailed|DependentResourceNotFound)$/i.test(code)) return await missingResources(pool, context)
    return undefined
  } catch {
    return undefined
  }
}

async function quotaNumbers(
  code: string,
  { properties }: Pool,
  target: NodeTotals,
  { id }: BatchAccount,
  { batch }: StepContext,
): Promise<string | undefined> {
  const account = await batch.getAccount(id as ArmId)
  if (!account) return undefined
  const [pools, vmSizes] = await Promise.all([batch.listPools(id as ArmId), batch.listVmSizes(id as ArmId, account.location)])
  const isSpot = /lowpriority|spot/i.test(code)
  const isFamily = /series|family/i.test(code)
  const quotas = coreQuotas(account, vmSizes, pools, properties.vmSize ?? '', target)
  const relevant = quotas.filter(({ name }) => /^Spot/.test(name) === isSpot)
  const found = relevant.find(({ name }) => / of /.test(name) === isFamily) ?? relevant[0]
  return found && `Quota of ${found.name}: ${found.quota}; in use: ${found.used}; this pool needs ${found.needed} in all.`
}

/** The image of a pool, what holds it, and its subnet must exist for its whole life. */
async function missingResources(pool: Pool, { compute, batch }: StepContext): Promise<string | undefined> {
  const image = imageOf(pool)
  const parts = parseArmId(image)
  const found: string[] = []
  const look = async (what: string, id: string, read: () => Promise<unknown>) => {
    try {
      if ((await read()) === undefined) found.push(`${what} ${id} does not exist`)
    } catch {
      found.push(`${what} ${id} cannot be read`)
    }
  }
  if (parts && parts.names.length === 3) {
    const [gallery = '', definition = ''] = parts.names
    const galleryId = childId(image.slice(0, image.search(/\/providers\//i)) as ArmId, 'providers/Microsoft.Compute/galleries', gallery)
    const definitionId = childId(galleryId, 'images', definition)
    await look('gallery', galleryId, () => compute.getGallery(galleryId))
    if (found.length === 0) await look('image definition', definitionId, () => compute.getImageDefinition(definitionId))
    if (found.length === 0) await look('image version', image, () => compute.getImageVersion(image as ArmId))
  } else if (parts) {
    await look('managed image', image, async () => {
      const managed = await compute.getImage(image as ArmId)
      for (const source of managed?.sourceIds ?? []) {
        if (/\/snapshots\//i.test(source)) await look('its snapshot', source, () => compute.getSnapshot(source as ArmId))
      }
      return managed
    })
  }
  const subnet = (pool.properties.networkConfiguration as { readonly subnetId?: string } | undefined)?.subnetId
  if (subnet && partsOf(subnet as ArmId)) await look('subnet', subnet, () => batch.getSubnet(subnet as ArmId))
  return found.length > 0 ? `Of what the pool needs: ${found.join('; ')}.` : undefined
}
