import { type Config, type FleetSettings, type PoolSettings, settingsIn } from '../config/config.ts'
import { type Explanation, explain } from '../errors/explanation.ts'
import { confirmReplica } from '../image/confirm-replica.ts'
import { regionsReady } from '../image/regions-ready.ts'
import { type ArmId, isImageVersion, labelAmong, regionName, sameId } from '../model/arm-id.ts'
import type { BatchAccount } from '../model/batch.ts'
import { type ObservedFleet, observedIn } from '../observe/observed.ts'
import { bringUpAll, bringUpEach, type ProofsUnderWay, poolsPhase, startProofs } from '../pool/bring-up-all.ts'
import { coreOwner } from '../pool/core-quotas.ts'
import type { PoolOutcome } from '../pool/outcome.ts'
import { NO_PROOFS } from '../pool/proof-plan.ts'
import { emit, type StepContext } from '../run/context.ts'
import { contextIn } from '../run/in-account.ts'
import { allSideBySide } from '../run/side-by-side.ts'
import { type Plan, worksIn } from './plan.ts'

interface Fleet {
  readonly plan: Plan
  readonly config: Config
  readonly observed: ObservedFleet
}

/** All pools of all accounts. Outcomes in the order of the requests. @throws where a pool is in an account that was not observed */
export async function bringUpFleet({ plan, config, observed }: Fleet, context: StepContext): Promise<readonly PoolOutcome[]> {
  const { pool: fleet } = config
  if (!fleet) return []
  const parts = fleet.accounts.map((id, index) => partOf(id, plan.proofs[index] ?? NO_PROOFS, { plan, fleet, observed }))
  const [only, ...others] = parts
  if (!only) return []
  if (others.length === 0) return bringUpAll({ ...only, works: worksOf(only) }, context)
  return poolsPhase(context, async () => {
    const ready = regionsOf(plan, parts, context)
    const begun = parts.map((part) => ({ part, proofs: beginPart(part, ready, contextOf(part, context)) }))
    return inOrder(fleet, await allSideBySide(begun, (one) => bringUpPart(one, begun, context)))
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

function partOf(
  id: ArmId,
  proofs: Part['proofs'],
  { plan, fleet, observed }: Pick<Part, 'plan' | 'fleet'> & Pick<Fleet, 'observed'>,
): Part {
  const { account } = observedIn(id, observed)
  // Preflight refuses it before.
  if (!account) throw new Error(`Batch account ${id} was not observed.`)
  const { azureTime: observedAt } = observed
  return { settings: settingsIn(id, fleet), account, proofs, plan, fleet, ...(observedAt && { observedAt }) }
}

const worksOf = ({ account, settings, observedAt, plan, fleet }: Part) =>
  worksIn({ account, settings, ...(observedAt && { observedAt }) }, plan, fleet)

const contextOf = ({ fleet, settings }: Part, context: StepContext): StepContext =>
  contextIn(labelAmong(fleet.accounts, settings.account), context)

/** A part whose proofs begin once its own region has its replica, whatever other regions are at. */
interface Begun {
  readonly part: Part
  /** Rejects where its region never gets one. */
  readonly proofs: Promise<ProofsUnderWay>
}

async function beginPart(part: Part, ready: Ready, context: StepContext): Promise<ProofsUnderWay> {
  await awaitImage(part, ready, context)
  return startProofs(part, context)
}

/** A region that never gets its replica fails the pools of its account and no others. */
async function bringUpPart({ part, proofs }: Begun, all: readonly Begun[], context: StepContext): Promise<readonly PoolOutcome[]> {
  const own = contextOf(part, context)
  const works = worksOf(part)
  let underWay: ProofsUnderWay
  try {
    underWay = await proofs
  } catch (error) {
    if (context.signal.aborted) throw error
    const explanation = explain(error)
    const names = works.map(({ plan: { request } }) => request.id).join(', ')
    const text = `${names} ${works.length === 1 ? 'was' : 'were'} not touched: ${explanation.title}. ${explanation.message}`
    emit(own, { kind: 'notice', level: 'info', text })
    return works.map(({ plan: { existing } }) => untouched(existing, explanation))
  }
  const others = all.filter((other) => other.part !== part && coreOwner(other.part.account) === coreOwner(part.account))
  return bringUpEach({ works, proofs: part.proofs, own: underWay, others: others.map((other) => other.proofs) }, own)
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

/** Waits for the replica in the account's region: until then, no pool is touched. */
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

/** What came of each account, whose pools stand in the order of their requests, in the order of all requests. */
function inOrder({ accounts, requests }: FleetSettings, outcomes: readonly (readonly PoolOutcome[])[]): readonly PoolOutcome[] {
  const left = outcomes.map((those) => [...those])
  return requests.map(({ id, account }) => {
    const outcome = left[accounts.findIndex((one) => sameId(one, account))]?.shift()
    if (!outcome) throw new Error(`Nothing is known of pool ${id} in ${account}.`)
    return outcome
  })
}
