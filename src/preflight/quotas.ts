/** Rules about quotas: of the account, and of its subscription where that is what binds. */
import { labelAmong } from '../model/arm-id.ts'
import { type Pool, poolNamed } from '../model/batch.ts'
import type { NodeTotals } from '../model/nodes.ts'
import { type CoreQuota, coreOwner, coreQuotas, coresOf } from '../pool/core-quotas.ts'
import { requiredOf } from '../pool/health.ts'
import { totals } from '../pool/size.ts'
import type { Facts, Rule } from './facts.ts'

const QUOTA = 'https://learn.microsoft.com/azure/batch/batch-quota-limit'
const TARGETS = { dedicated: 'target-dedicated-nodes', lowPriority: 'target-low-priority-nodes' } as const

export const QUOTA_RULES: readonly Rule[] = [
  {
    id: 'pool-quota-blue-green',
    severity: 'warning',
    title: 'The account has room for the second pool of blue-green',
    objection: 'Pool quota too small for blue-green',
    link: QUOTA,
    check: ({ config: { pool }, observed: { account, pools } }) => {
      if (!account || pool?.strategy !== 'blue-green') return []
      const most = pools.length + pool.requests.length
      return pools.length <= account.poolQuota && most > account.poolQuota
        ? [
            {
              seen: `account ${account.name} has ${pools.length} pools and a quota of ${account.poolQuota}; blue-green adds ${pool.requests.length} for a while`,
              fix: 'Delete pools that are not used any more, request more quota, or use `strategy: in-place`.',
            },
          ]
        : []
    },
  },
  {
    id: 'pool-quota',
    severity: 'error',
    title: 'The account has room for another pool',
    objection: 'Pool quota reached',
    link: QUOTA,
    check: ({ config: { pool }, observed: { account, pools } }) => {
      const added = (pool?.requests ?? []).filter(({ id }) => !poolNamed(id, pools))
      return account && added.length > 0 && pools.length + added.length > account.poolQuota
        ? [
            {
              seen: `account ${account.name} has ${pools.length} pools, its quota is ${account.poolQuota}, and ${added.length} would be added`,
              fix: 'Delete pools that are not used any more, or request more quota.',
            },
          ]
        : []
    },
  },
  {
    id: 'core-quota',
    severity: 'error',
    title: 'The core quotas allow as many nodes as must be healthy; in place counts what the drain frees, blue-green needs both pools',
    objection: 'Core quota too small',
    link: QUOTA,
    check: (facts) => (isGated(facts) ? shortfalls(facts, 'required').map(({ finding }) => finding) : []),
  },
  {
    // A warning: the health gate may be passed without these nodes, and other pools may give cores back meanwhile.
    id: 'core-quota-target',
    severity: 'warning',
    title: 'The core quotas allow the whole target',
    objection: 'Core quota too small for the whole target',
    link: QUOTA,
    check: (facts) =>
      shortfalls(facts, 'target')
        .filter(({ name }) => !isGated(facts) || !shortfalls(facts, 'required').some((short) => short.name === name))
        .map(({ finding }) => finding),
  },
  {
    id: 'subscription-quota',
    severity: 'warning',
    title: 'In user subscription mode the core quotas of the subscription can be read',
    objection: 'Core quota of the subscription is not known',
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
              seen: `account ${account.name} allocates in its own subscription, whose quotas this run may not read; ${cores} cores are requested`,
              fix: `Allow \`Microsoft.Compute/locations/usages/read\`, or compare with \`az vm list-usage --location ${account.location} --output table\`.`,
            },
          ]
        : []
    },
  },
]

/** A run that waits for nobody requests the nodes, and leaves the rest to Azure. */
const isGated = ({ config: { mode, pool } }: Facts): boolean => mode !== 'prune' && pool?.wait !== 'none'

interface CoreShortfall {
  /** Of the quota, e.g. `dedicated cores`. */
  readonly name: string
  readonly finding: ReturnType<Rule['check']>[number]
}

/** Of the accounts that share the quotas, the first reports for all. */
function shortfalls(facts: Facts, of: CoreDemand): readonly CoreShortfall[] {
  const { sharingCores: views = [facts] } = facts
  const accounts = views.flatMap(({ config: { pool } }) => pool?.account ?? [])
  if (accounts[0] !== facts.config.pool?.account) return []
  const labels = accounts.map((account) => labelAmong(accounts, account))
  const together = labels.length > 1 ? ` in accounts ${labels.join(' and ')} together` : ''
  return coreDemand(views, of)
    .filter(({ quota, used, needed }) => used + needed > quota)
    .map((short) => {
      const { name, quota, used, needed } = short
      const elsewhere = used > 0 ? `, of which ${used} are in use elsewhere` : ''
      const seen = `${needed} ${name} are needed${together}; the quota is ${quota}${elsewhere}`
      return { name, finding: { seen, fix: moreCores(short, views, of) } }
    })
}

/** How many nodes would fit can be said of a single pool that no proof runs beside. */
function moreCores({ name, kind, quota, used, needed, coresPerNode }: CoreQuota, views: readonly View[], of: CoreDemand): string {
  const requests = views.flatMap(({ config: { pool } }) => pool?.requests ?? [])
  const isAlone = requests.length === 1 && views.every(({ proofs }) => (proofs?.proofs ?? []).length === 0)
  const most = isAlone && coresPerNode > 0 ? Math.floor((quota - used) / coresPerNode) : 0
  const ways = [
    `Request ${needed + used - quota} more ${name}`,
    most > 0 ? `set \`${TARGETS[kind]}\` to ${most} at most` : 'request fewer nodes',
    ...(of === 'required' ? ['lower `min-healthy-percentage`'] : []),
  ]
  const isBlueGreen = views.some(({ config: { pool } }) => pool?.strategy === 'blue-green')
  return `${ways.join(', ')}, or use a smaller VM size${isBlueGreen ? ' or `strategy: in-place`, which needs fewer cores' : ''}.`
}

/** What cores are counted for: the requested nodes, or those of them that must be healthy. */
export type CoreDemand = 'target' | 'required'

type View = Pick<Facts, 'config' | 'observed' | 'proofs'>

/** Accounts by the core quotas that bind them. */
export function coreGroups<V extends View>(views: readonly V[]): readonly (readonly V[])[] {
  const keyOf = ({ config: { pool }, observed: { account } }: V): string | undefined => (account ? coreOwner(account) : pool?.account)
  const keys = new Set(views.map(keyOf))
  return [...keys].map((key) => views.filter((view) => keyOf(view) === key))
}

/** Each account with those that share its core quotas. */
export function withSharedCores(views: readonly Facts[]): readonly Facts[] {
  const groups = coreGroups(views)
  return views.map((view) => ({ ...view, sharingCores: groups.find((group) => group.includes(view)) ?? [view] }))
}

/**
 * By quota, over all requested pools of accounts that share their quotas. In place, what they use now is given back first, after a proof;
 * blue-green needs both at once.
 */
export function coreDemand(views: readonly View[], of: CoreDemand): readonly CoreQuota[] {
  const leaving = views.flatMap(leavingOf)
  const parts = views.map((view) => partOf(view, leaving, of))
  const [sized, proven, before] = [
    parts.flatMap((part) => part.sized),
    parts.flatMap((part) => part.proven),
    parts.flatMap((part) => part.before),
  ]
  const beside = proven.filter(({ goesFirst }) => !goesFirst).flatMap(({ quotas }) => quotas)
  const grown = summed([...sized, ...beside])
  if (proven.length === 0) return grown
  // A proof runs beside the pool as it is, before the drain.
  const proving = summed([...before, ...proven.flatMap(({ quotas }) => quotas)])
  return grown.map((quota) => ({ ...quota, needed: Math.max(quota.needed, proving.find(({ name }) => name === quota.name)?.needed ?? 0) }))
}

/** Pools that give their nodes back before they grow. */
function leavingOf({ config: { pool }, observed: { pools } }: View): readonly Pool[] {
  if (!pool || pool.strategy === 'blue-green') return []
  const asked = new Set(pool.requests.map(({ id }) => id.toLowerCase()))
  return pools.filter(({ name }) => asked.has(name.toLowerCase()))
}

/** What one account needs: for the pools, for each proof, and for the pools as they are. */
function partOf({ config: { pool }, observed, proofs }: View, leaving: readonly Pool[], of: CoreDemand) {
  const { account, vmSizes, pools, usages } = observed
  if (!pool || !account) return { sized: [], proven: [], before: [] }
  const use = { staying: pools.filter((one) => !leaving.includes(one)), leaving, ...(usages && { usages }) }
  const quotasOf = (vmSize: string | undefined, target: NodeTotals) => coreQuotas({ account, vmSizes, use, vmSize: vmSize ?? '', target })
  return {
    sized: pool.requests.flatMap(({ properties, target }) =>
      quotasOf(properties.vmSize, of === 'target' ? target : requiredOf(target, pool)),
    ),
    proven: (proofs?.proofs ?? []).map(({ properties, target, goesFirst }) => ({
      goesFirst: goesFirst || proofs?.isCrowded,
      quotas: quotasOf(properties.vmSize, target),
    })),
    before: pools.filter((one) => leaving.includes(one)).flatMap((one) => quotasOf(one.properties.vmSize, totals(one))),
  }
}

function summed(quotas: readonly CoreQuota[]): readonly CoreQuota[] {
  const byName = new Map<string, CoreQuota>()
  for (const quota of quotas) byName.set(quota.name, { ...quota, needed: (byName.get(quota.name)?.needed ?? 0) + quota.needed })
  return [...byName.values()]
}
