/** A run from top to bottom, phase by phase. `plan/` has the reasons to refuse a plan, `report/ending.ts` the result of the run. */
import type { Config } from './config/config.ts'
import { explain } from './errors/explanation.ts'
import { CancelledError } from './errors/run-errors.ts'
import { deleteReplicatedSnapshots, dropSnapshots } from './image/capture.ts'
import { findPrunable } from './image/find-prunable.ts'
import { includeInLatest } from './image/latest.ts'
import { dropLeftSnapshots } from './image/left-snapshots.ts'
import { type ImageQuestion, takesTemporaries } from './image/plan-image.ts'
import { prune } from './image/prune.ts'
import { confirmPublished } from './image/publish.ts'
import { runTag } from './image/tags.ts'
import { sweepTemporaries } from './image/temporary-resources.ts'
import { withChosenCapture } from './observe/choose-capture.ts'
import type { ObservedFleet } from './observe/observed.ts'
import { bringUpFleet } from './plan/bring-up-fleet.ts'
import { buildImage } from './plan/build-image.ts'
import { type Plan, planRun } from './plan/plan.ts'
import { refusePlan, warnOfWithheldChanges } from './plan/refusals.ts'
import { retentionScope } from './plan/retention-scope.ts'
import { leavePools } from './pool/leave-pools.ts'
import { drainedInFleet } from './pool/owed-size.ts'
import { sweepProofs } from './pool/proof.ts'
import { abandonedProofs } from './pool/proof-pools.ts'
import { noteChecked, noteWarnings, refuseErrors } from './preflight/check.ts'
import { type Facts, factsOf } from './preflight/facts.ts'
import { observeEnough } from './preflight/observe-enough.ts'
import { checkAll, checkPlan } from './preflight/rules.ts'
import { brokenOff, type Ending, endingOf, failureOf, resultOf } from './report/ending.ts'
import { otherImageSentence, unprovenSentence } from './report/in-latest.ts'
import { plannedOutcomes, summariesOf } from './report/pool-summaries.ts'
import type { Progress } from './report/progress.ts'
import { emit, phase, type StepContext } from './run/context.ts'
import type { RunContext } from './run/runner.ts'
import { untilAborted } from './run/until-aborted.ts'

/** observe → check → plan → capture → publish → pool, follow, verify → prune. Never throws: a failure is part of the ending. */
export async function runApp(config: Config, run: RunContext, context: StepContext): Promise<Ending> {
  const { signal } = context
  const progress: Progress = { findings: [], snapshots: [], pools: [] }
  try {
    await untilAborted(runPhases(config, run, context, progress), signal)
    return endingOf(progress, config, resultOf(config, progress), failureOf(progress.pools))
  } catch (error) {
    const isCancelled = signal.aborted && signal.reason instanceof CancelledError
    const { plan, observed } = progress
    const drained = config.pool && observed ? drainedInFleet(config.pool, observed) : []
    if (config.mode === 'apply' && config.pool)
      await leavePools({ onCancel: config.pool.onCancel, plans: plan?.pools ?? [], drained, isCancelled }, context)
    const { result, first, later } = isCancelled
      ? { result: 'cancelled' as const, first: explain(error) }
      : brokenOff(error, config, progress)
    if (later) emit(context, { kind: 'notice', level: 'warning', text: later })
    return endingOf(progress, config, result, first)
  }
}

/** What all phases after the first one share. */
interface Situation {
  readonly config: Config
  readonly observed: ObservedFleet
  readonly now: Date
  /** One for each account, or one without any. */
  readonly facts: readonly Facts[]
  readonly run: RunContext
  readonly context: StepContext
  readonly progress: Progress
}

async function runPhases(given: Config, run: RunContext, context: StepContext, progress: Progress): Promise<void> {
  const now = context.clock.now()
  const observed = await phase(context, 'observe', () => observeEnough({ config: given, run, now }, context))
  progress.observed = observed
  const config = withChosenCapture(given, observed.vm?.vm)
  const situation: Situation = { config, observed, facts: factsOf(config, observed, now), now, run, context, progress }
  await phase(context, 'check', async () => check(situation))
  if (config.mode === 'prune') return phase(context, 'prune', () => pruneAlone(situation))

  const question = { config, observed, content: situation.facts[0]?.content, run, now }
  const planned = await phase(context, 'plan', async () => makePlan(question, situation))
  refuse(planned, situation)
  if (config.mode === 'plan') return foresee(planned, situation)

  await buildImage(question, planned, progress, context)
  const plan = progress.plan ?? planned
  const deleting = deletingSnapshots(plan, situation)
  await bringUpPools(plan, situation)
  await phase(context, 'prune', () => cleanUpAfter(plan, deleting, situation))
}

function check({ facts, progress, context }: Situation): void {
  progress.findings = checkAll(facts)
  noteChecked(progress.findings, context)
  refuseErrors(progress.findings)
}

function makePlan(question: ImageQuestion, { progress, context }: Situation): Plan {
  const plan = planRun(question)
  progress.plan = plan
  emit(context, { kind: 'planned', changes: plan.changes })
  return plan
}

function refuse(plan: Plan, { config, facts, progress, context }: Situation): void {
  refusePlan(plan, config)
  const findings = checkPlan(facts, plan.proofs)
  progress.findings = [...progress.findings, ...findings]
  noteWarnings(findings, context)
  refuseErrors(findings)
  warnOfWithheldChanges(plan, context)
}

/** `mode: plan`: reports the state that a run would leave, and changes nothing. */
async function foresee(plan: Plan, situation: Situation): Promise<void> {
  const { config, progress, context } = situation
  progress.pools = plannedOutcomes(plan, config)
  const objection = awaitsHealth(plan.image) && otherImageSentence(progress.pools, plan.image.id)
  if (objection) emit(context, { kind: 'notice', level: 'warning', text: objection })
  if (retains(config)) await retain(situation)
}

/** The deletion of the snapshots, where it may begin while the pools come up. */
function deletingSnapshots({ image }: Plan, { context, progress: { snapshots, replication = [] } }: Situation) {
  return image.kind === 'build' ? deleteReplicatedSnapshots(image, snapshots, replication, context) : undefined
}

async function bringUpPools(plan: Plan, { config, observed, context, progress }: Situation): Promise<void> {
  progress.pools = summariesOf(plan, config, await bringUpFleet({ plan, config, observed }, context))
}

async function cleanUpAfter(plan: Plan, deleting: ReturnType<typeof deletingSnapshots>, situation: Situation): Promise<void> {
  const { config, context, progress } = situation
  const { image, leftSnapshots } = plan
  await dropLeftSnapshots(leftSnapshots, context)
  if (image.kind === 'build') progress.snapshots = await (deleting?.done ?? dropSnapshots(image, progress.snapshots, context))
  if (image.kind === 'build' && deleting) await confirmPublished(image, context)
  await include(situation, image)
  if (retains(config) && progress.pools.every(({ error }) => !error)) await retain(situation)
  // If this run captures nothing, only this sweep removes the throw-away copy of an interrupted run.
  else if (!capturesIn(plan) && takesTemporaries(config.source)) await sweep(situation)
}

/** Whether the run captures disks. It does not where the version exists, or where an interrupted run began it. */
const capturesIn = ({ image }: Plan): boolean => image.kind === 'build' && image.existing?.state !== 'creating'

type AwaitingImage = Exclude<Plan['image'], { kind: 'given' }>
const awaitsHealth = (image: Plan['image']): image is AwaitingImage => image.kind !== 'given' && image.isExcludedFromLatest === true

/** `latest: when-healthy`, where every pool is on this very image, and nodes have become healthy on it. */
async function include({ context, progress }: Situation, image: Plan['image']): Promise<void> {
  if (!awaitsHealth(image)) return
  const { pools } = progress
  if (pools.length === 0 || pools.some(({ error }) => error)) return
  const objection = otherImageSentence(pools, image.id) ?? unprovenSentence(pools)
  if (objection) return emit(context, { kind: 'notice', level: 'warning', text: objection })
  progress.isInLatest = await includeInLatest(image, context)
}

async function pruneAlone(situation: Situation): Promise<void> {
  const { facts, now, context } = situation
  for (const { config, observed } of facts) {
    const { account, pools } = observed
    const names = (config.pool?.requests ?? []).map(({ id }) => id)
    if (account) await sweepProofs(abandonedProofs(pools, names, now), account, context)
  }
  await retain(situation)
}

const retains = ({ image }: Config): boolean => (image?.retainVersions ?? 0) > 0
async function retain(situation: Situation): Promise<void> {
  const { config, now, progress, context } = situation
  if (!config.image) return
  const scope = retentionScope(config, config.image, now, progress)
  progress.retention = await findPrunable(scope, context)
  if (config.mode === 'plan') return
  progress.retention = await prune(progress.retention, scope, context)
  await sweep(situation)
}

async function sweep({ config: { image }, run, context }: Situation): Promise<void> {
  if (image) await sweepTemporaries(image.resourceGroup, { image: image.name, run: runTag(run) }, context)
}
