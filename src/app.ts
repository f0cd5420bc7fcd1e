import type { Config } from './config/parse-config.ts'
import { type Explanation, explain, PoolError, PreflightError } from './errors/explanation.ts'
import { isBehind } from './image/age.ts'
import { capture, dropLeftSnapshots, dropSnapshots, settleSnapshots } from './image/capture.ts'
import { sweepCopies } from './image/copy.ts'
import { findPrunable, prune } from './image/prune.ts'
import { confirmPublished, publish } from './image/publish.ts'
import { startingAfter } from './image/restart.ts'
import type { MadeImage, RetentionPlan } from './image/retention.ts'
import { derivedOf, sourceContent } from './image/source.ts'
import { type ArmId, nameOf, parseArmId, sameId } from './model/arm-id.ts'
import { observe } from './observe/observe.ts'
import type { Observed } from './observe/observed.ts'
import { type BuildPlan, type ImagePlan, imageIdFor, type Plan, type PoolPlan, planRun } from './plan/plan.ts'
import { type Arrival, bringUp, type Stage } from './pool/bring-up.ts'
import { imageOf, requestsOn } from './pool/plan-pool.ts'
import { askedIn, nodesIn, totals } from './pool/size.ts'
import type { Finding } from './preflight/finding.ts'
import { coreDemand } from './preflight/limits.ts'
import { checkAll } from './preflight/rules.ts'
import type { PoolOutcome, RunEnding } from './report/record.ts'
import type { AccountPool, ImageReport, PlannedChange, RunResult, SnapshotReport } from './report/run-report.ts'
import { phase, type StepContext, tell } from './run/context.ts'
import type { RegionReplication, RunContext } from './run/runner.ts'
import { sideBySide } from './run/side-by-side.ts'

/** How a run ended, as far as it came. The requests sent are the transport's to count. */
export type Ending = Omit<RunEnding, 'finishedAt' | 'requests' | 'leftBehind' | 'warnings'>

/** What the phases have found out so far; a failure keeps all of it. */
interface Progress {
  findings: readonly Finding[]
  observed?: Observed
  plan?: Plan
  snapshots: readonly SnapshotReport[]
  /** Absent until the image is published. */
  replication?: readonly RegionReplication[]
  pools: readonly PoolOutcome[]
  retention?: RetentionPlan
}

/** observe → check → plan → capture → publish → pool and follow → verify. Never throws: an ending is an answer. */
export async function runApp(config: Config, run: RunContext, context: StepContext): Promise<Ending> {
  const progress: Progress = { findings: [], snapshots: [], pools: [] }
  try {
    await untilAborted(runPhases(config, run, context, progress), context.signal)
    return endingOf(progress, config, resultOf(config, progress), failureOf(progress.pools))
  } catch (error) {
    if (context.signal.aborted) await stopResizes(progress, config, context)
    return endingOf(progress, config, context.signal.aborted && isCancelled(context.signal.reason) ? 'cancelled' : 'failed', explain(error))
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

async function runPhases(config: Config, run: RunContext, context: StepContext, progress: Progress): Promise<void> {
  const now = context.clock.now()
  const observed = await phase(context, 'observe', () => observe(config, context))
  progress.observed = observed
  const content = sourceContent(config.source, observed)

  await phase(context, 'check', async () => {
    const derived = derivedOf(content, observed)
    const asked = config.pool ? { ...config, pool: { ...config.pool, requests: requestsOn(config.pool, observed.pools) } } : config
    progress.findings = checkAll({ config: asked, observed, now, ...(content && { content }), ...(derived && { derived }) })
    for (const { id, severity, seen } of progress.findings) if (severity === 'warning') tell(context, { kind: 'check-warning', id, seen })
    if (progress.findings.some(({ severity }) => severity === 'error')) throw new PreflightError(progress.findings)
  })
  const retain = async () => {
    if (!config.image) return
    progress.retention = await findPrunable(config.image, config, now, upcoming(progress.plan?.image), context)
    if (config.mode === 'plan') return
    await prune(progress.retention, config.image, context)
    await sweepCopies(config.image.resourceGroup, config.image.name, run.runUrl, context)
  }
  if (config.mode === 'prune') return phase(context, 'prune', retain)

  const plan = await phase(context, 'plan', async () => planRun(config, observed, content, run, now))
  progress.plan = plan
  refuseOtherImages(plan, config)
  refuseUnsized(plan)
  tellWithheld(plan, config, context)
  const retains = (config.image?.retainVersions ?? 0) > 0
  if (config.mode === 'plan') {
    progress.pools = plan.pools.map((pool, index) => plannedOutcome(pool, imageFor(pool, index, plan, config), observed, config))
    return retains ? retain() : undefined
  }

  const { image } = plan
  const { owedStart } = plan
  const captureAll = async () => {
    if (image.kind === 'build') progress.snapshots = await phase(context, 'capture', () => capture(image, context))
  }
  // A script runs in a VM that runs; everything else can be done with the VM as it is.
  if (owedStart && image.kind === 'build' && image.prepare) await startingAfter(owedStart, context, async () => {})
  await (owedStart ? startingAfter(owedStart, context, captureAll) : captureAll())
  if (image.kind === 'build') {
    progress.replication = await phase(context, 'publish', () => publish(image, context))
  }
  const dropping = image.kind === 'build' ? dropEarly(image, progress, context) : undefined
  progress.pools = await bringUpAll(config, plan, observed, context)
  await phase(context, 'prune', async () => {
    await dropLeftSnapshots(plan.leftSnapshots, context)
    if (image.kind === 'build') progress.snapshots = await (dropping ?? dropSnapshots(image, progress.snapshots, context))
    if (image.kind === 'build' && dropping) await confirmPublished(image, context)
    if (retains && progress.pools.every(({ error }) => !error)) await retain()
    // Where nothing is built nobody else looks for what a dead run's copy costs.
    else if (image.kind === 'reuse' && config.image && isCopied(config)) {
      await sweepCopies(config.image.resourceGroup, config.image.name, run.runUrl, context)
    }
  })
}

const isCopied = ({ source }: Config): boolean => source.kind === 'vm' && source.capture === 'copy'

/** While the pools come up, where all replicas are there already. */
function dropEarly(image: BuildPlan, { snapshots, replication = [] }: Progress, context: StepContext) {
  const isReplicated = replication.length > 0 && replication.every(({ state }) => state === 'Completed')
  if (!isReplicated || image.keepSnapshots) return undefined
  const dropping = settleSnapshots(image, snapshots, true, context)
  // Its failure is told when it is waited for.
  dropping.catch(() => {})
  return dropping
}

/** `strategy: fail`: a pool that is on the image already is welcome. */
function refuseOtherImages({ pools, image }: Plan, { pool }: Config): void {
  const refused = pool?.strategy === 'fail' ? pools.filter(({ action }) => action === 'reimage') : []
  if (refused.length === 0) return
  const seen = refused.map(({ request, existing, withheld }) =>
    withheld
      ? `pool ${request.id} is on the image, but not as asked for in ${withheld.join(', ')}, which needs a pool without nodes`
      : `pool ${request.id} is on ${existing ? imageOf(existing) : 'another image'}; it would be ${image.id}`,
  )
  throw new PoolError({
    title: refused.every(({ withheld }) => withheld) ? 'Pool not as asked for' : 'Pool on another image',
    message: `${seen.join('; ')}, but \`strategy: fail\` was asked for. Nothing was changed`,
    hint: 'Choose another strategy, or another pool id.',
    link: 'https://learn.microsoft.com/azure/batch/batch-pool-update-properties',
  })
}

/** A lost formula is not a size of 0: the pool would end without nodes, and green. */
function refuseUnsized({ pools }: Plan): void {
  const unsized = pools.filter(({ request, existing }) => request.keepsSize && existing)
  if (unsized.length === 0) return
  const seen = unsized.map(
    ({ request }) =>
      `pool ${request.id} was left without its autoscale formula by a run that died; it was too long to be kept, and is in the log of that run`,
  )
  throw new PoolError({
    title: 'Pool size not given',
    message: `${seen.join('; ')}. Nothing was changed`,
    hint: 'Give `target-dedicated-nodes` (0 makes a pool without nodes), or `scaleSettings` in `pool-spec`.',
    link: 'https://learn.microsoft.com/azure/batch/batch-automatic-scaling',
  })
}

/** https://learn.microsoft.com/azure/batch/batch-pool-update-properties */
const READ_BY_A_STARTING_NODE = new Set(['startTask', 'applicationPackages'])

/** What is asked for is not dropped in silence. */
function tellWithheld({ pools }: Plan, { pool: settings }: Config, context: StepContext): void {
  const warn = (text: string) => tell(context, { kind: 'notice', level: 'warning', text })
  for (const pool of pools) {
    const { request, existing, withheld } = pool
    const late = pool.action === 'update' ? Object.keys(pool.properties).filter((name) => READ_BY_A_STARTING_NODE.has(name)) : []
    if (existing && late.length > 0 && nodesIn(existing) > 0)
      warn(
        `Pool ${request.id}: a change of ${late.join(', ')} reaches nodes that come from now on, or that are rebooted or reimaged; those that are there go on as they are.`,
      )
    if (withheld)
      warn(
        `Pool ${request.id} stays as it is in ${withheld.join(', ')}: what was asked for needs a pool without nodes, which \`strategy: resize-only\` does not make.`,
      )
    if (request.keepsSize && !existing)
      warn(
        `Pool ${request.id} is new, and no size is asked for: it gets no nodes. Give \`target-dedicated-nodes\`, or \`scaleSettings\` in \`pool-spec\`.`,
      )
    if (request.autoScale && settings?.canaryNodes)
      warn(`Pool ${request.id} is sized by its autoscale formula: \`canary-nodes\` has no effect on it.`)
  }
}

/** What a plan is about to add. */
function upcoming(image: ImagePlan | undefined): MadeImage | undefined {
  return image?.kind === 'build' ? { id: image.id, name: image.version, provisioningState: 'Succeeded', tags: image.tags } : undefined
}

/**
 * Each pool is asked for every 15 s, and ARM refills 25 reads a second for a whole subscription: 100 pools take about a quarter of
 * that. https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
 */
const MOST_POOLS_AT_ONCE = 100

/** All pools side by side; with only one, each part of its way is a phase. */
async function bringUpAll(config: Config, plan: Plan, { account }: Observed, context: StepContext): Promise<readonly PoolOutcome[]> {
  const { pools } = plan
  const settings = config.pool
  if (!settings || !account) return []
  const stage: Stage = pools.length === 1 ? (name, body) => phase(context, name, body) : (_, body) => body()
  const all = () =>
    sideBySide(pools, MOST_POOLS_AT_ONCE, async (pool, index) =>
      outcomeOf(pool, account.name, config, await bringUp(pool, imageFor(pool, index, plan, config), account, settings, context, stage)),
    )
  return pools.length === 1 ? all() : phase(context, 'pool', all)
}

const ACTIONS = {
  none: 'none',
  create: 'created',
  resize: 'resized',
  update: 'resized',
  reimage: 'reimaged',
  replace: 'replaced',
  'blue-green': 'blue-green',
} as const

function outcomeOf(
  plan: PoolPlan,
  account: string,
  config: Config,
  { pool, verdict, error, isRolledBack, hasResized }: Arrival,
): PoolOutcome {
  const { request, existing } = plan
  const scale = existing?.properties.scaleSettings?.fixedScale
  // After a failed blue-green this may be the old pool.
  const { name, id } = error && pool ? pool : { name: request.id, id: plan.id }
  return {
    name,
    id,
    account,
    action: plan.action === 'none' && hasResized ? 'resized' : ACTIONS[plan.action],
    vmSize: pool?.properties.vmSize ?? request.properties.vmSize ?? '',
    target: request.target,
    current: pool ? totals(pool) : { dedicated: 0, lowPriority: 0 },
    autoScale: request.autoScale,
    resizeTimeout: request.resizeTimeout,
    minHealthyPercentage: config.pool?.minHealthyPercentage ?? 100,
    required: verdict?.health.required ?? request.target.dedicated,
    healthy: verdict?.health.healthy ?? 0,
    unhealthyNodes: verdict?.unhealthyNodes ?? [],
    unhealthyTotal: verdict?.unhealthyTotal ?? 0,
    isRolledBack,
    ...(existing && { imageBefore: imageOf(existing), currentBefore: totals(existing) }),
    ...(scale && { targetBefore: askedIn(scale) }),
    ...(pool && { imageAfter: imageOf(pool), allocationState: pool.properties.allocationState }),
    ...(verdict?.counts && { nodeStates: verdict.counts }),
    ...(error && { error }),
  }
}

/** The image that the run puts a pool on; absent where it leaves the pool's image alone. */
function imageFor({ existing }: PoolPlan, index: number, { image }: Plan, { pool }: Config): ArmId | undefined {
  return existing && pool?.strategy === 'resize-only' ? undefined : imageIdFor(image, pool?.requests[index]?.id ?? '')
}

/** The pool as it is, and the image that it would be on. */
function plannedOutcome(plan: PoolPlan, image: ArmId | undefined, { account }: Observed, config: Config): PoolOutcome {
  const outcome = outcomeOf(plan, account?.name ?? '', config, { isRolledBack: false, ...(plan.existing && { pool: plan.existing }) })
  return { ...outcome, ...(image && { imageAfter: image }) }
}

function resultOf(config: Config, { plan, pools, retention }: Progress): RunResult {
  const failed = pools.filter(({ error }) => error)
  if (failed.length > 0) return failed.every(({ isRolledBack }) => isRolledBack) ? 'rolled-back' : 'failed'
  if (config.mode === 'plan') return 'planned'
  const isPruned = retention !== undefined && retention.images.length + retention.snapshots.length > 0
  const isTouched = pools.some(({ action }) => action !== 'none')
  return (plan?.changes ?? []).length === 0 && !isPruned && !isTouched ? 'unchanged' : 'succeeded'
}

/** One annotation for all pools that failed. */
function failureOf(pools: readonly PoolOutcome[]): Explanation | undefined {
  const failed = pools.flatMap(({ name, error }) => (error ? [{ name, error }] : []))
  const [first] = failed
  if (!first || failed.length === 1) return first?.error
  return {
    ...first.error,
    title: `${failed.length} of ${pools.length} pools failed`,
    message: failed.map(({ name, error }) => `${name}: ${error.title}: ${error.message}`).join('\n'),
    hint: [...new Set(failed.map(({ error }) => error.hint))].join('\n'),
  }
}

/** The runner kills 7.5 s after SIGINT. */
const LONGEST_STOP_MS = 4_000

/** `on-cancel: stop-resize`: pools keep the nodes they have by now. */
async function stopResizes({ plan }: Progress, { pool }: Config, { batch, events, clock }: StepContext): Promise<void> {
  if (pool?.onCancel !== 'stop-resize') return
  const stopped = Promise.all(
    (plan?.pools ?? []).map(async ({ id, request, action }) => {
      if (action === 'none') return
      try {
        await batch.stopResize(id)
        tell({ events, clock }, { kind: 'notice', level: 'warning', text: `The resize of pool ${request.id} was stopped.` })
      } catch (error) {
        const { message, hint } = explain(error)
        tell(
          { events, clock },
          { kind: 'notice', level: 'warning', text: `The resize of pool ${request.id} was not stopped: ${message} ${hint}` },
        )
      }
    }),
  )
  await Promise.race([stopped, clock.sleep(LONGEST_STOP_MS, new AbortController().signal)])
}

function isCancelled(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'CancelledError'
}

function endingOf(progress: Progress, config: Config, result: RunResult, error: Explanation | undefined): Ending {
  const { plan, observed, findings, pools } = progress
  const image = plan && imageReport(plan.image, config, progress)
  return {
    result,
    findings,
    pools,
    changes: [...(plan?.changes ?? []), ...retentionChanges(progress.retention, config)],
    accountPools: accountPools(observed, config.mode === 'plan' ? [] : pools, plan),
    ...(image && { image }),
    ...(plan && observed && config.mode === 'plan' && { cores: coreDemand({ config, observed }) }),
    ...(error && { error }),
  }
}

function retentionChanges(
  { images, snapshots }: RetentionPlan = { images: [], snapshots: [] },
  { image }: Config,
): readonly PlannedChange[] {
  const type = image?.gallery ? 'image version' : 'managed image'
  return [
    ...images.map(({ id, name, why }) => ({ verb: 'delete' as const, type, name, id, reason: why })),
    ...snapshots.map(({ id, name, why }) => ({ verb: 'delete' as const, type: 'snapshot', name, id, reason: why })),
  ]
}

function imageReport(image: ImagePlan, config: Config, { snapshots, replication, observed }: Progress): ImageReport {
  const parts = parseArmId(image.id)
  const isVersion = parts?.names.length === 3
  const sourceId = observed && sourceContent(config.source, observed)?.sourceId
  const action = image.kind === 'given' ? 'given' : image.kind === 'reuse' ? 'reused' : replication ? 'created' : 'planned'
  const planned = image.kind === 'build' ? image.snapshots.map(({ id, disk }): SnapshotReport => ({ id, disk, state: 'planned' })) : []
  return {
    kind: isVersion ? 'gallery' : 'managed',
    id: image.id,
    name: config.image?.name ?? parts?.names.at(-2) ?? nameOf(image.id),
    version: image.kind === 'given' ? nameOf(image.id) : image.version,
    action,
    reason: image.reason,
    replication: replication ?? [],
    snapshots: snapshots.length > 0 ? snapshots : planned,
    ...(sourceId && { sourceId }),
    ...(image.kind === 'build' && image.previousVersion && { previousVersion: image.previousVersion }),
  }
}

/** Which image each pool of the account is on, and whether there is a newer one of the same line. */
function accountPools(observed: Observed | undefined, outcomes: readonly PoolOutcome[], plan: Plan | undefined): readonly AccountPool[] {
  const succeeded = [...(observed?.versions ?? []), ...(observed?.images ?? [])].filter(
    ({ provisioningState }) => provisioningState === 'Succeeded',
  )
  const images = [...succeeded.map(({ id }) => id), ...(plan ? [plan.image.id] : [])]
  const now = outcomes.map(({ name, imageAfter, imageBefore, current }) => ({ name, image: imageAfter ?? imageBefore ?? '', current }))
  const isDone = ({ id }: PoolPlan) => outcomes.some((outcome) => sameId(outcome.id, id) && !outcome.error)
  const retired = (plan?.pools ?? []).flatMap((pool) => (pool.action === 'blue-green' && isDone(pool) ? [pool.old, ...pool.strays] : []))
  const others = (observed?.pools ?? [])
    .filter((pool) => !outcomes.some(({ id }) => sameId(id, pool.id)) && !retired.some(({ id }) => sameId(id, pool.id)))
    .map((pool) => ({ name: pool.name, image: imageOf(pool), current: totals(pool) }))
  return [...now, ...others].map((pool) => ({ ...pool, isBehind: isBehind(pool.image, images) }))
}
