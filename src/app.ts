import type { Config } from './config/config.ts'
import { explain } from './errors/explanation.ts'
import { CancelledError } from './errors/run-errors.ts'
import { deleteSnapshots, dropSnapshots } from './image/capture.ts'
import { findPrunable } from './image/find-prunable.ts'
import type { BuildPlan } from './image/image-plan.ts'
import { dropLeftSnapshots } from './image/left-snapshots.ts'
import { prune } from './image/prune.ts'
import { confirmPublished } from './image/publish.ts'
import { imageTraitsOf, sourceContent } from './image/source.ts'
import { runTag } from './image/tags.ts'
import { sweepTemporaries } from './image/temporary-resources.ts'
import { withChosenCapture } from './observe/choose-capture.ts'
import { observe } from './observe/observe.ts'
import type { Observed } from './observe/observed.ts'
import { buildImage } from './plan/build-image.ts'
import { type Plan, planRun } from './plan/plan.ts'
import { refuseOtherImages, refuseUnapproved, refuseUnsized, warnOfWithheldChanges } from './plan/refusals.ts'
import { retentionScope } from './plan/retention-scope.ts'
import { bringUp } from './pool/bring-up.ts'
import type { RunAsPhase } from './pool/outcome.ts'
import { drainedPools } from './pool/owed-size.ts'
import { requestsOn } from './pool/plan-pool.ts'
import type { PoolPlan, PoolWork } from './pool/pool-plan.ts'
import { startProof, sweepProofs } from './pool/proof.ts'
import { abandonedProofs } from './pool/proof-plan.ts'
import { putSizesBack } from './pool/put-back.ts'
import type { Finding } from './preflight/finding.ts'
import { PreflightError } from './preflight/preflight-error.ts'
import { checkAll, checkPlan, countsOf } from './preflight/rules.ts'
import { type Ending, endingOf, failureOf, imageFor, outcomeOf, type Progress, plannedOutcome, resultOf } from './report/ending.ts'
import type { PoolSummary } from './report/record.ts'
import { emit, phase, type StepContext } from './run/context.ts'
import type { RunContext } from './run/runner.ts'
import { sideBySide } from './run/side-by-side.ts'

/** observe → check → plan → capture → publish → pool and follow → verify. Never throws: an ending is an answer. */
export async function runApp(config: Config, run: RunContext, context: StepContext): Promise<Ending> {
  const progress: Progress = { findings: [], snapshots: [], pools: [] }
  try {
    await untilAborted(runPhases(config, run, context, progress), context.signal)
    return endingOf(progress, config, resultOf(config, progress), failureOf(progress.pools))
  } catch (error) {
    if (context.signal.aborted) await stopResizes(progress, config, context)
    const isCancelled = context.signal.aborted && context.signal.reason instanceof CancelledError
    const left = config.mode === 'apply' && config.pool && progress.observed ? drainedPools(config.pool, progress.observed.pools) : []
    await putSizesBack(left, isCancelled ? LONGEST_STOP_MS : LONGEST_PUT_BACK_MS, context)
    return endingOf(progress, config, isCancelled ? 'cancelled' : 'failed', explain(error))
  }
}

/** A request that hangs must not hold up the end of a cancelled run. */
async function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = new Promise<never>((_, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  await Promise.race([work, aborted])
}

async function runPhases(given: Config, run: RunContext, context: StepContext, progress: Progress): Promise<void> {
  const now = context.clock.now()
  const observed = await phase(context, 'observe', () => observe(given, context))
  progress.observed = observed
  const config = withChosenCapture(given, observed.vm?.vm)
  const content = sourceContent(config.source, observed)

  const imageTraits = imageTraitsOf(content, observed)
  const asked = config.pool ? { ...config, pool: { ...config.pool, requests: requestsOn(config.pool, observed.pools) } } : config
  const facts = { config: asked, observed, now, ...(content && { content }), ...(imageTraits && { imageTraits }) }
  await phase(context, 'check', async () => {
    note(checkAll(facts), progress, context)
    emit(context, { kind: 'checked', ...countsOf(progress.findings) })
    refuseErrors(progress)
  })
  const retain = async () => {
    if (!config.image) return
    const scope = retentionScope(config, config.image, now, progress)
    progress.retention = await findPrunable(scope, context)
    if (config.mode === 'plan') return
    progress.retention = await prune(progress.retention, scope, context)
    await sweepTemporaries(config.image.resourceGroup, { image: config.image.name, run: runTag(run) }, context)
  }
  if (config.mode === 'prune')
    return phase(context, 'prune', async () => {
      const names = (asked.pool?.requests ?? []).map(({ id }) => id)
      await sweepProofs(abandonedProofs(observed.pools, names, now), context)
      await retain()
    })

  const question = { config, observed, content, run, now }
  const planned = await phase(context, 'plan', async () => {
    const made = planRun(question)
    emit(context, { kind: 'planned', changes: made.changes })
    return made
  })
  progress.plan = planned
  refuseUnapproved(planned, config)
  refuseOtherImages(planned, config)
  refuseUnsized(planned)
  note(checkPlan({ ...facts, proofs: planned.proofs }), progress, context)
  refuseErrors(progress)
  warnOfWithheldChanges(planned, context)
  const retains = (config.image?.retainVersions ?? 0) > 0
  if (config.mode === 'plan') {
    progress.pools = planned.pools.map((pool, index) => plannedOutcome(pool, imageFor(pool, index, planned, config), observed, config))
    return retains ? retain() : undefined
  }

  await buildImage(question, planned, progress, context)
  const plan = progress.plan ?? planned
  const { image } = plan
  const dropping = image.kind === 'build' ? dropEarly(image, progress, context) : undefined
  progress.pools = await bringUpAll(config, plan, observed, context)
  await phase(context, 'prune', async () => {
    await dropLeftSnapshots(plan.leftSnapshots, context)
    if (image.kind === 'build') progress.snapshots = await (dropping ?? dropSnapshots(image, progress.snapshots, context))
    if (image.kind === 'build' && dropping) await confirmPublished(image, context)
    if (retains && progress.pools.every(({ error }) => !error)) await retain()
    // Where nothing is built nobody else looks for what a dead run's copy costs.
    else if (image.kind === 'reuse' && config.image && isCopied(config)) {
      await sweepTemporaries(config.image.resourceGroup, { image: config.image.name, run: runTag(run) }, context)
    }
  })
}

function note(findings: readonly Finding[], progress: Progress, context: StepContext): void {
  progress.findings = [...progress.findings, ...findings]
  for (const { id, severity, seen } of findings) if (severity === 'warning') emit(context, { kind: 'check-warning', id, seen })
}

function refuseErrors({ findings }: Progress): void {
  if (findings.some(({ severity }) => severity === 'error')) throw new PreflightError(findings)
}

const isCopied = ({ source }: Config): boolean => source.kind === 'vm' && source.capture === 'copy'

/** While the pools come up, where all replicas are there already. */
function dropEarly(image: BuildPlan, { snapshots, replication = [] }: Progress, context: StepContext) {
  const isReplicated = replication.length > 0 && replication.every(({ state }) => state === 'Completed')
  if (!isReplicated || image.keepSnapshots) return undefined
  const dropping = deleteSnapshots(image, snapshots, context)
  // Its failure is told when it is waited for.
  dropping.catch(() => {})
  return dropping
}

/**
 * Each pool is asked for every 15 s, and ARM refills 25 reads a second for a whole subscription: 100 pools take about a quarter of
 * that. https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
 */
const MOST_POOLS_AT_ONCE = 100

/** All pools side by side; with only one, each part of its way is a phase. */
async function bringUpAll(config: Config, plan: Plan, { account }: Observed, context: StepContext): Promise<readonly PoolSummary[]> {
  const { pools } = plan
  const settings = config.pool
  if (!settings || !account) return []
  const asPhase: RunAsPhase = pools.length === 1 ? (name, body) => phase(context, name, body) : (_, body) => body()
  const workOn = (pool: PoolPlan, index: number): PoolWork => {
    const imageId = imageFor(pool, index, plan, config)
    return { plan: pool, account, settings, ...(imageId && { imageId }) }
  }
  const all = async () => {
    const swept = sweepProofs(plan.proofs.leftovers, context)
    const proofs = plan.proofs.proofs.map((proof) => startProof({ plan: proof, account, settings, swept }, context))
    const outcomes = await sideBySide(pools, MOST_POOLS_AT_ONCE, async (pool, index) => {
      const proof = proofs.find(({ plan: { proves } }) => proves.includes(pool.request.id))
      const outcome = await bringUp({ work: workOn(pool, index), ...(proof && { proof }) }, context, asPhase)
      return outcomeOf(pool, account.name, config, outcome)
    })
    await Promise.all([swept, ...proofs.map(({ ended }) => ended)])
    return outcomes
  }
  return pools.length === 1 ? all() : phase(context, 'pool', all)
}

/** The runner kills 7.5 s after SIGINT. */
const LONGEST_STOP_MS = 4_000
const LONGEST_PUT_BACK_MS = 120_000

/** `on-cancel: stop-resize`: pools keep the nodes they have by now. */
async function stopResizes({ plan }: Progress, { pool }: Config, { batch, events, clock }: StepContext): Promise<void> {
  if (pool?.onCancel !== 'stop-resize') return
  const stopped = Promise.all(
    (plan?.pools ?? []).map(async ({ id, request, action }) => {
      if (action === 'none') return
      try {
        await batch.stopResize(id)
        emit({ events, clock }, { kind: 'notice', level: 'warning', text: `The resize of pool ${request.id} was stopped.` })
      } catch (error) {
        const { message, hint } = explain(error)
        emit(
          { events, clock },
          { kind: 'notice', level: 'warning', text: `The resize of pool ${request.id} was not stopped: ${message} ${hint}` },
        )
      }
    }),
  )
  await Promise.race([stopped, clock.sleep(LONGEST_STOP_MS, new AbortController().signal)])
}
