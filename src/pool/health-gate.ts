import { isDeepStrictEqual } from 'node:util'
import type { Advice } from '../errors/explanation.ts'
import { DataPlaneUnreachableError, PoolError } from '../errors/run-errors.ts'
import { type Generalization, silentNodesAdvice } from '../errors/silent-nodes.ts'
import { sameId } from '../model/arm-id.ts'
import type { Pool } from '../model/batch.ts'
import type { BatchDataPlane, ComputeNode, NodeCounts, NodeError, NodeState } from '../model/batch-service.ts'
import { countIn, type NodeTotals, sumOf } from '../model/nodes.ts'
import { emit, type StepContext, waitFor } from '../run/context.ts'
import { type Health, healthOf } from './health.ts'
import { imageOf } from './plan-pool.ts'
import type { PoolWork } from './pool-plan.ts'
import { totals } from './size.ts'

export interface Verdict {
  readonly health: Health
  /** Absent where the data plane cannot be reached. */
  readonly counts?: NodeCounts
  readonly unhealthyNodes: readonly UnhealthyNode[]
  readonly unhealthyTotal: number
  readonly error?: PoolError
}

const UNAWAITED = 'startTask.waitForSuccess is false: nodes count as healthy whatever becomes of their start task.'
/** `preempted`, `deallocated` and the like pass by themselves or are not ours. */
const FAILING: readonly NodeState[] = ['startTaskFailed', 'unusable', 'offline', 'unknown']
/** More would bury the reader; all are counted. */
const MOST_NODES_SHOWN = 20
const OUTPUT_BYTES = 4_096
/** Nodes take half a minute to many minutes to start and to run their start task. */
const nodeDelayMs = (waitedMs: number): number => Math.min(15_000, Math.max(4_000, waitedMs / 10))

/** What the gate judges. */
export interface Gate {
  readonly work: PoolWork
  /** As it was when its resize had ended. */
  readonly pool: Pool
  /** How many nodes must be healthy, were all of them to be. */
  readonly target: NodeTotals
}

/** Whether the pool really runs the image on enough healthy nodes; if not, which nodes fail and why. */
export async function verify({ work, pool, target: asked }: Gate, context: StepContext): Promise<Verdict> {
  const { plan, imageId, account, settings } = work
  const { id: name, autoScale } = plan.request
  const nothing = { unhealthyNodes: [], unhealthyTotal: 0 }
  const unseen = { health: { healthy: 0, required: 0, isHealthy: true, isSettled: true }, ...nothing }
  if (imageId && !sameId(imageOf(pool), imageId)) return { ...unseen, error: wrongImage(pool, imageId) }
  if (settings.wait !== 'nodes') return unseen
  const plane = context.batch.dataPlane(account)
  if (plan.request.properties.startTask?.waitForSuccess === false) emit(context, { kind: 'notice', level: 'info', text: UNAWAITED })
  try {
    const first = autoScale ? totals(pool) : asked
    const { counts, health, target } = await settle(plane, work, first, context)
    if (health.isHealthy) return { health, counts, ...nothing }
    const nodes = await plane.listNodes(name, FAILING, MOST_NODES_SHOWN)
    const unhealthyNodes = await Promise.all(nodes.map((node) => explainNode(plane, name, node)))
    const unhealthyTotal = countIn(counts, FAILING)
    return {
      health,
      counts,
      unhealthyNodes,
      unhealthyTotal,
      error: unhealthy(pool, target, counts, health, unhealthyNodes, plan.generalization),
    }
  } catch (error) {
    if (!(error instanceof DataPlaneUnreachableError)) throw error
    emit(context, { kind: 'data-plane-unreachable', host: error.host, reason: error.reason })
    return unseen
  }
}

/**
 * Until the gate is passed, no node is on the way any more, or the time for starting is over. A formula may resize the pool meanwhile:
 * no verdict is given on a size that it has no more. https://learn.microsoft.com/azure/batch/batch-automatic-scaling
 * Counts lag behind the pool: fewer nodes than it has are no verdict either. https://learn.microsoft.com/rest/api/batchservice/nodes/list-pool-node-counts
 */
async function settle(
  plane: BatchDataPlane,
  { plan, settings: { minHealthyPercentage, nodeStartTimeoutMs } }: PoolWork,
  first: NodeTotals,
  context: StepContext,
): Promise<{ counts: NodeCounts; health: Health; target: NodeTotals }> {
  const { id, request } = plan
  const { id: name, autoScale } = request
  const startedAtMs = context.clock.now().getTime()
  let reported = ''
  let target = first
  return waitFor(
    context,
    () => `nodes of pool ${name} to start`,
    nodeDelayMs,
    async () => {
      const isLate = context.clock.now().getTime() - startedAtMs >= nodeStartTimeoutMs
      const counts = await plane.getNodeCounts(name)
      const health = healthOf(counts, target, minHealthyPercentage)
      const state = JSON.stringify(counts)
      if (state !== reported)
        emit(context, { kind: 'node-states-changed', pool: name, counts, target, healthy: health.healthy, required: health.required })
      reported = state
      // Batch goes on seeking Spot nodes by itself, after the resize has ended.
      const seeksSpot = sumOf(counts.lowPriority) < target.lowPriority
      if (health.isHealthy) return { counts, health, target }
      if (!(health.isSettled && !seeksSpot) && !isLate) return undefined
      const now = await context.batch.getPool(id)
      const isSteady = now?.properties.allocationState === 'Steady'
      if (now && autoScale && !(isSteady && isDeepStrictEqual(totals(now), target))) {
        target = totals(now)
        return undefined
      }
      const isCounted = !now || sumOf(counts.dedicated) >= totals(now).dedicated
      return isSteady && !isCounted && !isLate ? undefined : { counts, health, target }
    },
  )
}

async function explainNode(
  plane: BatchDataPlane,
  pool: string,
  { id, state, isDedicated, errors, startTaskInfo }: ComputeNode,
): Promise<UnhealthyNode> {
  // A node that goes meanwhile takes its files along; that must not hide the verdict.
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

function wrongImage(pool: Pool, imageId: string): PoolError {
  return new PoolError({
    title: 'Pool is on another image',
    message: `pool ${pool.name} is on ${imageOf(pool)}, not on ${imageId}`,
    hint: 'Someone changed the pool during the run, or `strategy` leaves its image alone.',
  })
}

function unhealthy(
  pool: Pool,
  target: NodeTotals,
  { lowPriority }: NodeCounts,
  { healthy, required }: Health,
  nodes: readonly UnhealthyNode[],
  generalization: Generalization = 'unknown',
): PoolError {
  const first = nodes[0]
  const title = first?.state === 'startTaskFailed' ? 'Start task failed' : 'Nodes are not healthy'
  const lines = (first?.stderrTail ?? first?.stdoutTail)?.trim().split('\n') ?? []
  const output = first?.stderrTail ? 'stderr' : 'stdout'
  const why = first
    ? `; node ${first.id} is ${first.state}${first.errors[0] ? ` (${first.errors[0].code}: ${first.errors[0].message})` : ''}`
    : ''
  const preempted = lowPriority.preempted ?? 0
  const spotMissing = target.lowPriority - sumOf(lowPriority)
  const missing =
    preempted > 0
      ? `${preempted} of ${target.lowPriority} Spot nodes are preempted`
      : `${spotMissing} of ${target.lowPriority} Spot nodes were not allocated`
  const spot = !first && spotMissing + preempted > 0 ? `; ${missing}` : ''
  return new PoolError({
    title,
    message: `pool ${pool.name}: ${healthy} healthy nodes of ${required} required${why}${spot}${lines.length > 0 ? `; ${output} ends: ${lines.at(-1)}` : ''}`,
    link: 'https://learn.microsoft.com/azure/batch/batch-pool-node-error-checking',
    ...(spot ? { hint: SPOT_HINT } : adviceFor(first, generalization)),
  })
}

const SPOT_HINT =
  'Azure has no more Spot capacity of this VM size now; Batch goes on seeking it. Lower `target-low-priority-nodes` or `min-healthy-percentage`, or use another VM size.'

function adviceFor(node: UnhealthyNode | undefined, generalization: Generalization): Advice {
  if (!node) return { hint: 'Nodes did not start in time: raise `node-start-timeout`, or look at the image.' }
  if (node.state === 'startTaskFailed')
    return { hint: 'Correct the start task of the pool; the ends of its stdout and stderr are in the summary.' }
  if (node.errors.length === 0) return silentNodesAdvice({ generalization, hasSubnet: true })
  return {
    hint: 'See the errors of the nodes in the summary; BatchAgentInstallationFailure mostly means that the node agent SKU does not fit the image.',
  }
}

export interface UnhealthyNode {
  readonly id: string
  readonly state: NodeState
  readonly isDedicated: boolean
  readonly errors: readonly NodeError[]
  readonly exitCode?: number
  /** Last part of the start task's stderr, as the node wrote it: untrusted text. */
  readonly stderrTail?: string
  /** The same of its stdout. */
  readonly stdoutTail?: string
}
