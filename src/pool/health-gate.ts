import { isDeepStrictEqual } from 'node:util'
import { explain } from '../errors/explanation.ts'
import { ForeignChangeError, isDataPlaneRefusal, PoolError } from '../errors/run-errors.ts'
import { sameId } from '../model/arm-id.ts'
import type { Pool } from '../model/batch.ts'
import { imageOf } from '../model/batch.ts'
import type { BatchDataPlane, ComputeNode, NodeCounts, NodeState } from '../model/batch-service.ts'
import { countIn, type NodeTotals, sumOf, totalOf } from '../model/nodes.ts'
import { emit, type StepContext, waitFor } from '../run/context.ts'
import { censusOf } from './census.ts'
import { formulaTarget } from './formula.ts'
import { type Health, healthOf } from './health.ts'
import type { PoolWork } from './pool-plan.ts'
import { startAt, totals } from './size.ts'
import type { SmokeTestResult } from './smoke-test-plan.ts'
import { type UnhealthyNode, unhealthyError } from './unhealthy-nodes.ts'

export interface Verdict {
  readonly health: Health
  /** From the list of nodes; absent where the run did not look at nodes. */
  readonly counts?: NodeCounts
  readonly unhealthyNodes: readonly UnhealthyNode[]
  readonly unhealthyTotal: number
  /** Absent where none was run. */
  readonly smokeTest?: readonly SmokeTestResult[]
  readonly error?: PoolError
}

const UNAWAITED = 'startTask.waitForSuccess is false: nodes count as healthy whatever becomes of their start task.'
/** `preempted`, `deallocated` and similar states pass, or are not failures of the image. */
const FAILING: readonly NodeState[] = ['startTaskFailed', 'unusable', 'offline', 'unknown']
/** More would overwhelm the reader; all are counted. */
const MOST_NODES_SHOWN = 20
const OUTPUT_BYTES = 4_096
/** Nodes take between half a minute and many minutes to start and to run their start task. */
const nodeDelayMs = (waitedMs: number): number => Math.min(15_000, Math.max(4_000, waitedMs / 15))
/** A list costs a request for every 1,000 nodes, so it is read when the counts make it worthwhile, and from time to time regardless. */
const LIST_ANYWAY_MS = 120_000
const LIST_AGAIN_MS = 20_000

/** What the gate judges. */
export interface Gate {
  readonly work: PoolWork
  /** The pool as it was when its resize had ended. */
  readonly pool: Pool
  /** The nodes of which the required share must be healthy. */
  readonly target: NodeTotals
  /** Milliseconds since 1970: older nodes are not of this image (`censusOf`). 0 where the pool keeps its nodes. */
  readonly sinceMs: number
}

/** Whether the pool really runs the image on enough healthy nodes; if not, which nodes fail and why. */
export async function verify(gate: Gate, context: StepContext): Promise<Verdict> {
  const { work, pool, target } = gate
  const { plan, imageId, account, settings } = work
  const unseen: Verdict = { health: { ...healthOf(NO_COUNTS, target, settings), isHealthy: true }, unhealthyNodes: [], unhealthyTotal: 0 }
  if (imageId && !sameId(imageOf(pool), imageId)) return { ...unseen, error: wrongImage(pool, imageId) }
  if (settings.wait !== 'nodes') return unseen
  const plane = context.batch.dataPlane(account)
  if (plan.request.properties.startTask?.waitForSuccess === false) emit(context, { kind: 'notice', level: 'info', text: UNAWAITED })
  try {
    return await judge(plane, gate, context)
  } catch (error) {
    context.signal.throwIfAborted()
    if (!isDataPlaneRefusal(error)) throw error
    return { ...unseen, error: unknownHealth(pool, error) }
  }
}

const NO_COUNTS: NodeCounts = { dedicated: {}, lowPriority: {} }

async function judge(plane: BatchDataPlane, gate: Gate, context: StepContext): Promise<Verdict> {
  const { pool } = gate
  const { counts, health, target } = await settle(plane, gate, context)
  if (health.isHealthy) return { health, counts, unhealthyNodes: [], unhealthyTotal: 0 }
  const failing = await plane.listNodes(pool.name, FAILING, MOST_NODES_SHOWN)
  const nodes = await Promise.all(failing.map((node) => explainNode(plane, pool.name, node)))
  const error = unhealthyError({ pool, target, counts, health, nodes, generalization: gate.work.plan.generalization })
  return { health, counts, unhealthyNodes: nodes, unhealthyTotal: countIn(counts, FAILING), error }
}

interface Settled {
  readonly counts: NodeCounts
  readonly health: Health
  readonly target: NodeTotals
}

/**
 * Waits until the gate is passed, no node is on the way any more, or the time for starting is over. Counts "may not always be up to date",
 * so they only say when to read the list of nodes; the list decides.
 * https://learn.microsoft.com/rest/api/batchservice/nodes/list-pool-node-counts
 */
async function settle(plane: BatchDataPlane, gate: Gate, context: StepContext): Promise<Settled> {
  const { work, pool } = gate
  const { settings, plan } = work
  const { autoScale } = plan.request
  const nowMs = () => context.clock.now().getTime()
  const startedAtMs = nowMs()
  const listed = { atMs: startedAtMs, hint: '' }
  // The nodes of a pool that this run leaves alone are most likely up, and only the list proves it.
  let isListFirst = plan.action === 'none'
  const report = reporter(pool.name, context)
  let target = autoScale ? formulaTarget(pool) : gate.target
  return waitFor(
    context,
    () => `nodes of pool ${pool.name} to start`,
    nodeDelayMs,
    async () => {
      const isLate = nowMs() - startedAtMs >= settings.nodeStartTimeoutMs
      const hint = isListFirst || totalOf(target) === 0 ? NO_COUNTS : await plane.getNodeCounts(pool.name)
      const guess = healthOf(hint, target, settings)
      const isNew = JSON.stringify(hint) !== listed.hint
      if (!isListFirst && !isLate && !isWorthListing(guess, isNew, nowMs() - listed.atMs)) {
        if (!guess.isHealthy) report({ counts: hint, health: guess, target })
        return undefined
      }
      const isAsRead = isListFirst
      isListFirst = false
      Object.assign(listed, { atMs: nowMs(), hint: JSON.stringify(hint) })
      const nodes = totalOf(target) === 0 ? [] : await plane.listNodeStates(pool.name)
      const { counts, outdated } = censusOf(nodes, Math.max(gate.sinceMs, createdMs(pool)))
      const seen = { counts, health: healthOf(counts, target, settings), target }
      report(seen)
      if (seen.health.isHealthy && !autoScale && isAsRead) return seen
      const now = await context.batch.getPool(plan.id)
      if (now && !sameId(imageOf(now), imageOf(pool))) throw changedImage(now, pool)
      const wanted = now && autoScale ? formulaTarget(now) : target
      if (!isDeepStrictEqual(wanted, target)) {
        // No verdict is given on a size that the formula has given up meanwhile.
        target = wanted
        return undefined
      }
      const isFinal = seen.health.isHealthy || isLate || (outdated === 0 && isHopeless(seen, now, autoScale))
      return isFinal ? seen : undefined
    },
  )
}

/** Reports the states of the nodes whenever they have changed. */
function reporter(pool: string, context: StepContext): (seen: Settled) => void {
  let reported = ''
  return ({ counts, target, health: { healthy, required } }) => {
    const state = JSON.stringify([counts, target, healthy])
    if (state !== reported) emit(context, { kind: 'node-states-changed', pool, counts, target, healthy, required })
    reported = state
  }
}

const createdMs = ({ properties }: Pool): number => startAt(String(properties.creationTime ?? ''))

/** When new counts promise a verdict, the list is read at once; if they stay the same, again after a while. */
function isWorthListing({ isHealthy, isSettled }: Health, isNew: boolean, sinceListedMs: number): boolean {
  return isHealthy || isSettled ? isNew || sinceListedMs >= LIST_AGAIN_MS : sinceListedMs >= LIST_ANYWAY_MS
}

/**
 * Whether no node is on the way and none will come: Batch keeps seeking Spot nodes, and a formula requests missing nodes at its next
 * evaluation.
 */
function isHopeless({ counts, health, target }: Settled, now: Pool | undefined, autoScale: boolean): boolean {
  const isSought = sumOf(counts.lowPriority) < target.lowPriority || (autoScale && sumOf(counts.dedicated) < target.dedicated)
  const isListed = !now || sumOf(counts.dedicated) >= totals(now).dedicated
  return health.isSettled && !isSought && isListed && now?.properties.allocationState === 'Steady'
}

function unknownHealth(pool: Pool, error: Error): PoolError {
  const { message, hint, code, link, correlationId } = explain(error)
  return new PoolError({
    title: 'Node health unknown',
    message: `pool ${pool.name}: the states of its nodes could not be read: ${message}`,
    hint: `${hint} With \`wait: steady\`, the run does not look at nodes.`,
    ...(code && { code }),
    ...(link && { link }),
    ...(correlationId && { correlationId }),
  })
}

/** The error where somebody else changed the image: nodes that are healthy on it prove nothing about this run's image. */
function changedImage(now: Pool, pool: Pool): ForeignChangeError {
  return new ForeignChangeError({
    title: 'Pool changed by someone else',
    message: `pool ${pool.name} was on ${imageOf(pool)}, and is on ${imageOf(now)} since its nodes started`,
    hint: 'That change was left alone. Run again once it is settled who sets the image of the pool.',
  })
}

function wrongImage(pool: Pool, imageId: string): PoolError {
  return new PoolError({
    title: 'Pool is on another image',
    message: `pool ${pool.name} is on ${imageOf(pool)}, not on ${imageId}`,
    hint: 'Someone changed the pool during the run, or `strategy` leaves its image alone.',
  })
}

/** What is known about a failing node, with the ends of its start task's output. */
async function explainNode(plane: BatchDataPlane, pool: string, node: ComputeNode): Promise<UnhealthyNode> {
  const { id, state, isDedicated, errors, startTaskInfo } = node
  // A node that leaves meanwhile takes its files along; that must not hide the verdict.
  const tail = async (file: 'stdout.txt' | 'stderr.txt') =>
    startTaskInfo && (await plane.getStartTaskOutput({ poolName: pool, nodeId: id, file, bytes: OUTPUT_BYTES }).catch(() => undefined))
  const [stdout, stderr] = await Promise.all([tail('stdout.txt'), tail('stderr.txt')])
  return {
    id,
    state,
    isDedicated,
    errors: startTaskInfo?.failureInfo ? [...errors, startTaskInfo.failureInfo] : errors,
    ...(startTaskInfo?.exitCode !== undefined && { exitCode: startTaskInfo.exitCode }),
    ...(stderr && { stderrTail: stderr }),
    ...(stdout && { stdoutTail: stdout }),
  }
}
