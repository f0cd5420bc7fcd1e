/** The outputs of the action, all but `report`, whose path the caller knows. */
import { totalOf } from '../model/nodes.ts'
import type { PoolReport, ResizeAttempt, RunReport } from './run-report.ts'
import { singleLine } from './untrusted.ts'
import { hasWritten } from './written.ts'

/** A job may give 1 MB of outputs: https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax#outputs-for-docker-container-and-javascript-actions */
const MOST_RESIZE_ERRORS = 20
const LONGEST_MESSAGE = 1_000

/** Every output is always there; what has no value is empty. With several pools the pool outputs are of the first. */
export function outputsOf(report: RunReport): Readonly<Record<string, string>> {
  const { image, changes, result } = report
  const pool = report.pools[0]
  return {
    result,
    'has-changes': String(changes.length > 0),
    changed: String(hasWritten(report)),
    plan: JSON.stringify(changes),
    'plan-id': report.planId ?? '',
    'image-id': image?.id ?? '',
    'image-name': image?.name ?? '',
    'image-version': image?.version ?? '',
    'snapshot-ids': JSON.stringify(
      image?.snapshots.filter(({ state }) => state !== 'deleted' && state !== 'planned').map(({ id }) => id) ?? [],
    ),
    'pool-id': pool?.name ?? '',
    'pool-action': pool?.action ?? '',
    'allocation-state': pool?.allocationState ?? '',
    'target-dedicated-nodes': text(pool?.target.dedicated),
    'current-dedicated-nodes': text(pool?.current.dedicated),
    'target-low-priority-nodes': text(pool?.target.lowPriority),
    'current-low-priority-nodes': text(pool?.current.lowPriority),
    'node-states': JSON.stringify(pool ? nodeStates(pool) : {}),
    'resize-attempts': text(pool?.attempts.length),
    'resize-errors': JSON.stringify(pool ? resizeErrors(pool.attempts) : []),
    pools: JSON.stringify(report.pools.map(poolOutput)),
  }
}

function poolOutput(pool: PoolReport): Readonly<Record<string, unknown>> {
  return {
    'pool-id': pool.name,
    'pool-action': pool.action,
    'image-id': pool.imageAfter,
    'allocation-state': pool.allocationState,
    'target-dedicated-nodes': pool.target.dedicated,
    'current-dedicated-nodes': pool.current.dedicated,
    'target-low-priority-nodes': pool.target.lowPriority,
    'current-low-priority-nodes': pool.current.lowPriority,
    // Nobody looked: not 0, but not known.
    'healthy-nodes': pool.nodeStates ? pool.healthy : null,
    'required-nodes': pool.nodeStates ? pool.required : null,
    'node-states': nodeStates(pool),
    'resize-attempts': pool.attempts.length,
    'resize-errors': resizeErrors(pool.attempts),
    ...(pool.error && { error: { title: pool.error.title, code: pool.error.code } }),
  }
}

/** Both kinds of node together. */
function nodeStates({ nodeStates: counts }: PoolReport): Readonly<Record<string, number>> {
  if (!counts) return {}
  const states = Object.keys({ ...counts.dedicated, ...counts.lowPriority }) as (keyof typeof counts.dedicated)[]
  return Object.fromEntries(
    states.map((state) => [state, totalOf({ dedicated: counts.dedicated[state] ?? 0, lowPriority: counts.lowPriority[state] ?? 0 })]),
  )
}

/** The last ones, which tell why the pool is as it is. */
function resizeErrors(attempts: readonly ResizeAttempt[]): readonly object[] {
  return attempts
    .flatMap(({ number, errors }) => errors.map((error) => ({ attempt: number, error })))
    .slice(-MOST_RESIZE_ERRORS)
    .map(({ attempt, error }) => ({
      attempt,
      code: error.code,
      message: singleLine(error.message, LONGEST_MESSAGE),
      ...(error.innermostCode && { innermostCode: error.innermostCode }),
      ...(error.innermostMessage && { innermostMessage: singleLine(error.innermostMessage, LONGEST_MESSAGE) }),
      class: error.class,
      fix: error.fix,
    }))
}

const text = (value: number | undefined): string => (value === undefined ? '' : String(value))
