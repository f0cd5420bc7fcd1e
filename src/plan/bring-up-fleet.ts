import { byAccount, type Config, type FleetSettings, type PoolSettings } from '../config/config.ts'
import { type Explanation, explain } from '../errors/explanation.ts'
import { confirmReplica } from '../image/confirm-replica.ts'
import { followVersion } from '../image/follow-version.ts'
import { isImageVersion, labelAmong } from '../model/arm-id.ts'
import type { BatchAccount } from '../model/batch.ts'
import { type ObservedFleet, observedIn } from '../observe/observed.ts'
import { bringUpAll, bringUpEach } from '../pool/bring-up-all.ts'
import type { PoolOutcome } from '../pool/outcome.ts'
import { NO_PROOFS } from '../pool/proof-plan.ts'
import { phase, type StepContext } from '../run/context.ts'
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
    return settings && account ? [{ settings, account, proofs: plan.proofs[index] ?? NO_PROOFS, plan, fleet }] : []
  })
  const [only, ...others] = parts
  if (!only) return []
  if (others.length === 0) return bringUpAll({ ...only, works: worksOf(only) }, context)
  const outcomes = await phase(context, 'pool', () => allSideBySide(parts, (part) => bringUpPart(part, context)))
  return inOrder(parts, outcomes, fleet)
}

/** The pools of one account. */
interface Part {
  readonly settings: PoolSettings
  readonly account: BatchAccount
  readonly proofs: Plan['proofs'][number]
  readonly plan: Plan
  readonly fleet: FleetSettings
}

const worksOf = ({ account, settings, plan, fleet }: Part) => worksIn({ account, settings }, plan, fleet)

/** They begin once their own region has its replica, whatever other regions are at; one that never gets it fails them and no others. */
async function bringUpPart(part: Part, context: StepContext): Promise<readonly PoolOutcome[]> {
  const { fleet, settings } = part
  const own = contextIn(labelAmong(fleet.accounts, settings.account), context)
  const works = worksOf(part)
  try {
    await awaitImage(part, own)
  } catch (error) {
    if (context.signal.aborted) throw error
    return works.map(({ plan: { existing } }) => untouched(existing, explain(error)))
  }
  return bringUpEach({ ...part, works }, own)
}

/** Nothing is done to a pool for a version that no node of its region can start from yet. */
async function awaitImage(part: Part, context: StepContext): Promise<void> {
  const { image } = part.plan
  const { location: region } = part.account
  const isAwaited = worksOf(part).some(({ plan: { action }, imageId }) => action !== 'none' && imageId === image.id)
  if (!isAwaited || !isImageVersion(image.id)) return
  if (image.kind === 'build') await followVersion({ id: image.id, version: image.version, waitForRegions: [region] }, context)
  else await confirmReplica({ id: image.id, region, isOwn: image.kind === 'reuse' }, context, (wait) => wait())
}

const untouched = (pool: PoolOutcome['pool'], error: Explanation): PoolOutcome => ({ ...(pool && { pool }), error, isRolledBack: false })

function inOrder(parts: readonly Part[], outcomes: readonly (readonly PoolOutcome[])[], fleet: FleetSettings): readonly PoolOutcome[] {
  const left = outcomes.map((those) => [...those])
  return fleet.requests.map((request, index) => {
    const at = parts.findIndex(({ settings }) => isOf(settings.account, fleet)(request, index))
    return left[at]?.shift() ?? { isRolledBack: false }
  })
}
