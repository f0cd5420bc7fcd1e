/** The outputs of the action, all but `report`, whose path the caller knows. */
import { totalOf } from '../model/nodes.ts'
import type { PoolReport, ResizeAttempt, RunReport } from './run-report.ts'
import { singleLine } from './untrusted.ts'
import { hasWritten } from './written.ts'

/**
 * Bytes of an output that is a list. All outputs of a job together may have 1 MiB, and Linux takes no environment variable of more than
 * 128 KiB. https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax#outputs-for-docker-container-and-javascript-actions
 */
const MOST_BYTES = 60_000
const MOST_RESIZE_ERRORS = 20
/** Where many pools have them. */
const FEWER_RESIZE_ERRORS = 2
const LONGEST_MESSAGE = 1_000

/** Every output is always there; what has no value is empty. With several pools the pool outputs are of the first. */
export function outputsOf(report: RunReport): Readonly<Record<string, string>> {
  const { image, changes, result } = report
  const pool = report.pools[0]
  return {
    result,
    'has-changes': String(changes.length > 0),
    changed: String(hasWritten(report)),
    plan: listed(changes),
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
    'resize-errors': JSON.stringify(pool ? resizeErrors(pool.attempts, MOST_RESIZE_ERRORS) : []),
    pools: poolsOutput(report.pools),
  }
}

/** As many as there is room for; the last entry says how many are left out, which the report has. */
function listed(entries: readonly object[]): string {
  const all = JSON.stringify(entries)
  if (Buffer.byteLength(all) <= MOST_BYTES) return all
  let left = MOST_BYTES - JSON.stringify([{ omitted: entries.length }]).length
  const fitting = entries.findIndex((entry) => {
    left -= Buffer.byteLength(JSON.stringify(entry)) + 1
    return left < 0
  })
  return JSON.stringify([...entries.slice(0, fitting), { omitted: entries.length - fitting }])
}

/** With fewer errors each before pools are left out. */
function poolsOutput(pools: readonly PoolReport[]): string {
  const [all, fewer, none] = [MOST_RESIZE_ERRORS, FEWER_RESIZE_ERRORS, 0].map((most) => pools.map((pool) => poolOutput(pool, most)))
  const fitting = [all, fewer].find((entries) => Buffer.byteLength(JSON.stringify(entries)) <= MOST_BYTES)
  return fitting ? JSON.stringify(fitting) : listed(none ?? [])
}

function poolOutput(pool: PoolReport, mostErrors: number): Readonly<Record<string, unknown>> {
  return {
    'pool-id': pool.name,
    'batch-account': pool.account,
    'pool-action': pool.action,
    'image-id': pool.imageAfter,
    'image-age-days': pool.imageAfterAgeDays ?? null,
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
    'resize-errors': resizeErrors(pool.attempts, mostErrors),
    ...(pool.cost && { 'cost-per-hour': 'usd' in pool.cost.after ? pool.cost.after.usd : null }),
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

/** The last ones, which say why the pool is as it is; fewer where they are long. */
function resizeErrors(attempts: readonly ResizeAttempt[], most: number): readonly object[] {
  const errors = attempts.flatMap(({ number, errors }) => errors.map((error) => ({ attempt: number, error })))
  const last = most === 0 ? [] : described(errors.slice(-most))
  return Buffer.byteLength(JSON.stringify(last)) <= MOST_BYTES ? last : resizeErrors(attempts, Math.floor(most / 2))
}

function described(errors: readonly { readonly attempt: number; readonly error: ResizeAttempt['errors'][number] }[]): readonly object[] {
  return errors.map(({ attempt, error }) => ({
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
