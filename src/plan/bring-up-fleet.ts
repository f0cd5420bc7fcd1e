import { byAccount, type Config, type FleetSettings, type PoolSettings } from '../config/config.ts'
import { type Explanation, explain } from '../errors/explanation.ts'
import { confirmReplica } from '../image/confirm-replica.ts'
import { regionsReady } from '../image/regions-ready.ts'
import { isImageVersion, labelAmong, regionName } from '../model/arm-id.ts'
import type { BatchAccount } from '../model/batch.ts'
import { type ObservedFleet, observedIn } from '../observe/observed.ts'
import { bringUpAll, bringUpEach, poolsPhase } from '../pool/bring-up-all.ts'
import type { PoolOutcome } from '../pool/outcome.ts'
import { NO_PROOFS } from '../pool/proof-plan.ts'
import { emit, type StepContext } from '../run/context.ts'
import { contextIn } from '../run/in-account.ts'
import { allSideBySide } from '../run/side-by-side.ts'
import { isOf, type Plan, worksIn } from './plan.ts'

interface Fleet {
  readonly plan: Plan
  readonly config: Config
  readonly observed: ObservedFleet
}

/** All pools of all accounts. Outcomes in the order of the requests. */
export async function bringUpFleet({ plan, config, observed }: Fleet, context: StepContext): Promise<readonly PoolOutcome[]> {
  const { pool: fleet } = config
  if (!fleet) return []
  const parts = byAccount(config).flatMap(({ pool: settings }, index): readonly Part[] => {
    const { account } = observedIn(settings?.account, observed)
    const { azureTime: observedAt } = observed
    const proofs = plan.proofs[index] ?? NO_PROOFS
    return settings && account ? [{ settings, account, proofs, plan, fleet, ...(observedAt && { observedAt }) }] : []
  })
  const [only, ...others] = parts
  if (!only) return []
  if (others.length === 0) return bringUpAll({ ...only, works: worksOf(only) }, context)
  return poolsPhase(context, async () => {
    const ready = regionsOf(plan, parts, context)
    return inOrder(parts, await allSideBySide(parts, (part) => bringUpPart(part, ready, context)), fleet)
  })
}

/** The pools of one account. */
interface Part {
  readonly settings: PoolSettings
  readonly account: BatchAccount
  readonly proofs: Plan['proofs'][number]
  readonly plan: Plan
  readonly fleet: FleetSettings
  /** When the pools were read, by Azure's clock. */
  readonly observedAt?: string
}

const worksOf = ({ account, settings, observedAt, plan, fleet }: Part) =>
  worksIn({ account, settings, ...(observedAt && { observedAt }) }, plan, fleet)

/** They begin once their own region has its replica, whatever other regions are at; one that never gets it fails them and no others. */
async function bringUpPart(part: Part, ready: Ready, context: StepContext): Promise<readonly PoolOutcome[]> {
  const { fleet, settings } = part
  const own = contextIn(labelAmong(fleet.accounts, settings.account), context)
  const works = worksOf(part)
  try {
    await awaitImage(part, ready, own)
  } catch (error) {
    if (context.signal.aborted) throw error
    const explanation = explain(error)
    const names = works.map(({ plan: { request } }) => request.id).join(', ')
    const text = `${names} ${works.length === 1 ? 'was' : 'were'} not touched: ${explanation.title}. ${explanation.message}`
    emit(own, { kind: 'notice', level: 'info', text })
    return works.map(({ plan: { existing } }) => untouched(existing, explanation))
  }
  return bringUpEach({ ...part, works }, own)
}

type Ready = ReturnType<typeof regionsReady>

/** Of a version that this run has made. */
function regionsOf({ image }: Plan, parts: readonly Part[], context: StepContext): Ready {
  if (image.kind !== 'build' || !isImageVersion(image.id)) return new Map()
  const regions = parts.filter(isWaiting).map(({ account }) => regionName(account.location))
  return regionsReady({ id: image.id, version: image.version, regions: [...new Set(regions)] }, context)
}

const isWaiting = (part: Part): boolean =>
  worksOf(part).some(({ plan: { action }, imageId }) => action !== 'none' && imageId === part.plan.image.id)

/** Nothing is done to a pool for a version that no node of its region can start from yet. */
async function awaitImage(part: Part, ready: Ready, context: StepContext): Promise<void> {
  const { image } = part.plan
  const region = regionName(part.account.location)
  if (!isWaiting(part) || !isImageVersion(image.id)) return
  if (image.kind === 'build') await ready.get(region)
  else await confirmReplica({ id: image.id, region, isOwn: image.kind === 'reuse' }, context, (wait) => wait())
}

const untouched = (pool: PoolOutcome['pool'], error: Explanation): PoolOutcome => ({
  ...(pool && { pool }),
  error,
  isRolledBack: false,
  isUntouched: true,
})

function inOrder(parts: readonly Part[], outcomes: readonly (readonly PoolOutcome[])[], fleet: FleetSettings): readonly PoolOutcome[] {
  const left = outcomes.map((those) => [...those])
  return fleet.requests.map((request, index) => {
    const at = parts.findIndex(({ settings }) => isOf(settings.account, fleet)(request, index))
    return left[at]?.shift() ?? { isRolledBack: false }
  })
}
