/** Pure: nodes that keep a pool from being healthy, and what to say about them. */
import type { Remedy } from '../errors/explanation.ts'
import { nodeRemedy } from '../errors/node-errors.ts'
import { PoolError } from '../errors/run-errors.ts'
import type { Generalization } from '../errors/silent-nodes.ts'
import type { Pool } from '../model/batch.ts'
import type { NodeCounts, NodeError, NodeState } from '../model/batch-service.ts'
import { count, type NodeTotals, sumOf } from '../model/nodes.ts'
import type { Health } from './health.ts'

/** A node that keeps a pool from being healthy. */
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

/** What the gate saw. */
export interface Unhealthy {
  readonly pool: Pool
  readonly target: NodeTotals
  readonly counts: NodeCounts
  readonly health: Health
  /** Of the system in the image. */
  readonly generalization?: Generalization | undefined
  /** The failing ones that were looked at. */
  readonly nodes: readonly UnhealthyNode[]
}

/** The error of a pool that the gate refuses. */
export function unhealthyError({ pool, target, counts, health, nodes, generalization = 'unknown' }: Unhealthy): PoolError {
  const first = nodes[0]
  const { healthyByKind, requiredByKind } = health
  const lines = (first?.stderrTail ?? first?.stdoutTail)?.trim().split('\n') ?? []
  const output = first?.stderrTail ? 'stderr' : 'stdout'
  const cause = first?.errors[0] ? ` (${first.errors[0].code}: ${first.errors[0].message})` : ''
  const isShortOfSpot = healthyByKind.lowPriority < requiredByKind.lowPriority
  const preempted = counts.lowPriority.preempted ?? 0
  const missingSpot = target.lowPriority - sumOf(counts.lowPriority)
  const spot =
    !first && isShortOfSpot && preempted > 0
      ? `; ${preempted} of ${target.lowPriority} Spot nodes are preempted`
      : !first && isShortOfSpot && missingSpot > 0
        ? `; ${missingSpot} of ${target.lowPriority} Spot nodes were not allocated`
        : ''
  const parts = [
    `pool ${pool.name}: ${healthyOutOf(healthyByKind, requiredByKind)} are healthy`,
    ...(first ? [`node ${first.id} is ${first.state}${cause}`] : []),
    ...(lines.length > 0 ? [`${output} ends: ${lines.at(-1)}`] : []),
  ]
  return new PoolError({
    message: `${parts[0]}${spot}${parts
      .slice(1)
      .map((part) => `; ${part}`)
      .join('')}`,
    ...(spot ? NO_SPOT : nodeRemedy(first, { hasSubnet: pool.properties.networkConfiguration?.subnetId !== undefined, generalization })),
  })
}

/** E.g. `9 of 10 required dedicated nodes and 0 of 5 required Spot nodes`. */
function healthyOutOf(healthy: NodeTotals, required: NodeTotals): string {
  const kinds = (['dedicated', 'lowPriority'] as const).filter((kind) => required[kind] > 0 || kind === 'dedicated')
  const named = required.dedicated === 0 ? kinds.filter((kind) => kind !== 'dedicated' || required.lowPriority === 0) : kinds
  return named
    .map((kind) => `${count(healthy[kind])} of ${count(required[kind])} required ${kind === 'dedicated' ? 'dedicated' : 'Spot'} nodes`)
    .join(' and ')
}

const NO_SPOT: Remedy = {
  title: 'Spot nodes are missing',
  hint: 'Azure has no more Spot capacity of this VM size now; Batch keeps looking for it. Lower `target-low-priority-nodes` or `min-healthy-spot-percentage`, or use another VM size.',
  link: 'https://learn.microsoft.com/azure/batch/batch-spot-vms',
}
