/** Rules about how large pools may be: limits of Batch, quotas of the account. */
import { imageKindOf } from '../config/config.ts'
import { guidanceMs } from '../config/resize-timeout.ts'
import { type Pool, poolNamed } from '../model/batch.ts'
import { parseDurationMs, showDuration } from '../model/duration.ts'
import { type CoreQuota, coreQuotas, coresOf } from '../pool/core-quotas.ts'
import type { Facts, Rule } from './facts.ts'

const QUOTA = 'https://learn.microsoft.com/azure/batch/batch-quota-limit'
/** https://learn.microsoft.com/azure/batch/batch-quota-limit#pool-size-limits */
const MOST_COMMUNICATING = { BatchService: 100, UserSubscription: 80 }

const POOL_REFERENCE = 'https://learn.microsoft.com/rest/api/batchmanagement/pool/create'
const SLOTS_PER_CORE = 4

export const LIMIT_RULES: readonly Rule[] = [
  {
    id: 'inter-node-pool-size',
    severity: 'error',
    title: 'A pool with inter-node communication is small enough',
    link: QUOTA,
    check: ({ config: { pool }, observed: { account } }) => {
      const most = MOST_COMMUNICATING[account?.poolAllocationMode ?? 'BatchService']
      return (pool?.requests ?? [])
        .filter(({ properties, target }) => properties.interNodeCommunication === 'Enabled' && target.dedicated + target.lowPriority > most)
        .map(({ id, target }) => ({
          seen: `pool ${id} has inter-node communication and ${target.dedicated + target.lowPriority} nodes; ${most} is the most`,
          fix: 'Use fewer nodes, or leave `interNodeCommunication` out.',
        }))
    },
  },
  {
    id: 'task-slots',
    severity: 'error',
    title: 'A node has at most 4 task slots per core',
    link: POOL_REFERENCE,
    check: ({ config: { pool }, observed: { vmSizes } }) =>
      (pool?.requests ?? []).flatMap(({ id, properties: { taskSlotsPerNode = 1, vmSize } }) => {
        const cores = coresOf(vmSizes, vmSize)
        return cores > 0 && Number(taskSlotsPerNode) > cores * SLOTS_PER_CORE
          ? [
              {
                seen: `pool ${id} has ${taskSlotsPerNode} task slots per node; ${vmSize} has ${cores} cores, so that ${cores * SLOTS_PER_CORE} is the most`,
                fix: 'Lower `taskSlotsPerNode`, or use a larger VM size.',
              },
            ]
          : []
      }),
  },
  {
    id: 'pool-quota-blue-green',
    severity: 'warning',
    title: 'The account has room for the second pool of blue-green',
    link: QUOTA,
    check: ({ config: { pool }, observed: { account, pools } }) => {
      if (!account || pool?.strategy !== 'blue-green') return []
      const most = pools.length + pool.requests.length
      return pools.length <= account.poolQuota && most > account.poolQuota
        ? [
            {
              seen: `account ${account.name} has ${pools.length} pools and a quota of ${account.poolQuota}; blue-green adds ${pool.requests.length} for a while`,
              fix: 'Delete pools that are not used any more, ask for more quota, or use `strategy: in-place`.',
            },
          ]
        : []
    },
  },
  {
    id: 'pool-quota',
    severity: 'error',
    title: 'The account has room for another pool',
    link: QUOTA,
    check: ({ config: { pool }, observed: { account, pools } }) => {
      const added = (pool?.requests ?? []).filter(({ id }) => !poolNamed(id, pools))
      return account && added.length > 0 && pools.length + added.length > account.poolQuota
        ? [
            {
              seen: `account ${account.name} has ${pools.length} pools, its quota is ${account.poolQuota}, and ${added.length} would be added`,
              fix: 'Delete pools that are not used any more, or ask for more quota.',
            },
          ]
        : []
    },
  },
  {
    // A warning: other pools give cores back meanwhile, Batch then allocates what it can, and the failed resize says what is missing.
    id: 'core-quota',
    severity: 'warning',
    title: 'The core quotas of the account, or of its subscription, are enough, with blue-green for both pools',
    link: QUOTA,
    check: (facts) =>
      coreDemand(facts)
        .filter(({ quota, used, needed }) => used + needed > quota)
        .map(({ name, quota, used, needed }) => ({
          seen: `${needed} ${name} are needed, ${used} are in use besides, the quota is ${quota}`,
          fix: 'Ask for more quota, or use a smaller target or VM size; in place needs less than blue-green.',
        })),
  },
  {
    id: 'subscription-quota',
    severity: 'warning',
    title: 'In user subscription mode the core quotas of the subscription can be read',
    link: 'https://learn.microsoft.com/azure/virtual-machines/quotas',
    check: ({ config: { pool }, observed: { account, vmSizes, usages } }) => {
      if (!pool || usages || account?.poolAllocationMode !== 'UserSubscription') return []
      const cores = pool.requests.reduce(
        (sum, { target, properties }) => sum + (target.dedicated + target.lowPriority) * coresOf(vmSizes, properties.vmSize),
        0,
      )
      return cores > 0
        ? [
            {
              seen: `account ${account.name} allocates in its own subscription, whose quotas this run may not read; ${cores} cores are asked for`,
              fix: `Allow \`Microsoft.Compute/locations/usages/read\`, or compare with \`az vm list-usage --location ${account.location} --output table\`.`,
            },
          ]
        : []
    },
  },
  {
    id: 'resize-timeout',
    severity: 'warning',
    title: 'The resize timeout is long enough for the size',
    link: 'https://learn.microsoft.com/azure/batch/batch-sig-images',
    check: ({ config: { pool, image, source } }) =>
      (pool?.requests ?? []).flatMap(({ id, target, autoScale, resizeTimeout }) => {
        const nodes = target.dedicated + target.lowPriority
        const recommendedMs = guidanceMs(nodes, imageKindOf(source, image))
        if (autoScale || (parseDurationMs(resizeTimeout) ?? 0) >= recommendedMs || nodes === 0) return []
        return [
          {
            seen: `pool ${id}: ${resizeTimeout} for ${nodes} nodes; ${showDuration(recommendedMs)} is recommended`,
            fix: 'Raise `resize-timeout`; a resize that times out is asked again, up to `max-resizes`.',
          },
        ]
      }),
  },
]

/** By quota, over all pools asked for. In place, what they use now is given back first; blue-green needs both at once. */
export function coreDemand({
  config: { pool },
  observed: { account, vmSizes, pools, usages },
}: Pick<Facts, 'config' | 'observed'>): readonly CoreQuota[] {
  if (!pool || !account) return []
  const asked = new Set(pool.requests.map(({ id }) => id.toLowerCase()))
  const isLeaving = ({ name }: Pool) => pool.strategy !== 'blue-green' && asked.has(name.toLowerCase())
  const use = { staying: pools.filter((one) => !isLeaving(one)), leaving: pools.filter(isLeaving), ...(usages && { usages }) }
  const quotas = pool.requests.flatMap(({ properties, target }) => coreQuotas(account, vmSizes, use, properties.vmSize ?? '', target))
  const byName = new Map<string, CoreQuota>()
  for (const quota of quotas) byName.set(quota.name, { ...quota, needed: (byName.get(quota.name)?.needed ?? 0) + quota.needed })
  return [...byName.values()]
}
