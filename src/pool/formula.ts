/** Pure: what the evaluations of an autoscale formula say about a pool. https://learn.microsoft.com/azure/batch/batch-automatic-scaling */
import { innermost } from '../errors/innermost.ts'
import { PoolError } from '../errors/run-errors.ts'
import type { Pool } from '../model/batch.ts'
import type { AutoScaleRun } from '../model/batch-service.ts'
import { parseDurationMs, showDuration } from '../model/duration.ts'
import type { NodeTotals } from '../model/nodes.ts'
import { startAt, totals } from './size.ts'

const LINK = 'https://learn.microsoft.com/azure/batch/batch-automatic-scaling#get-information-about-autoscale-runs'
/** Azure evaluates a formula while it accepts it, so the evaluation may be a moment older than the change. */
const SAME_MOMENT_MS = 5_000
/** Azure's default. https://learn.microsoft.com/rest/api/batchmanagement/pool/create#autoscalesettings */
const DEFAULT_INTERVAL_MS = 15 * 60_000
const PATIENCE_MS = 5 * 60_000

/**
 * The time from which an evaluation is of the pool as `changed`, in milliseconds since 1970; 0: any evaluation will do. `decidedOn` is the
 * pool before the change, if there was one.
 */
export function evaluatedSinceMs(changed: Pool | undefined, decidedOn: Pool | undefined): number {
  if (!changed) return 0
  const { lastModified, creationTime } = changed.properties
  const previous = startAt(decidedOn?.properties.autoScaleRun?.evaluationTime)
  return Math.max(previous + 1, startAt(String(lastModified ?? creationTime ?? '')) - SAME_MOMENT_MS)
}

/** Whether the pool's present formula has been evaluated. */
export const isEvaluatedSince = ({ properties }: Pool, sinceMs: number): boolean =>
  properties.autoScaleRun !== undefined && startAt(properties.autoScaleRun.evaluationTime) >= sinceMs

/** How long to wait for an evaluation. */
export function longestEvaluationMs({ properties }: Pool): number {
  return (parseDurationMs(properties.scaleSettings?.autoScale?.evaluationInterval ?? '') ?? DEFAULT_INTERVAL_MS) + PATIENCE_MS
}

/** The size that the last evaluation names; what it does not name stays as it is. */
export function formulaTarget(pool: Pool): NodeTotals {
  const results = pool.properties.autoScaleRun?.results ?? ''
  const named = (pattern: RegExp) => {
    const value = pattern.exec(results)?.[1]
    return value === undefined ? undefined : Math.max(0, Math.floor(Number(value)))
  }
  const { dedicated, lowPriority } = totals(pool)
  return {
    dedicated: named(/\$TargetDedicated(?:Nodes)?\s*=\s*(-?[\d.]+)/) ?? dedicated,
    lowPriority: named(/\$TargetLowPriorityNodes\s*=\s*(-?[\d.]+)/) ?? lowPriority,
  }
}

/** The error of an evaluation that failed: such a formula sizes nothing. `undefined` where it did not fail. */
export function formulaError(pool: string, run: AutoScaleRun | undefined): PoolError | undefined {
  if (!run?.error) return undefined
  const { code, message } = innermost(run.error)
  return new PoolError({
    title: 'Autoscale formula not evaluated',
    message: `pool ${pool}: its autoscale formula could not be evaluated: ${code}: ${message}`,
    hint: 'Correct the formula; one that needs samples must say what to do without them, e.g. by `GetSamplePercent`.',
    link: LINK,
    code,
  })
}

export function unevaluatedError(pool: Pool, waitedMs: number): PoolError {
  const { evaluationTime } = pool.properties.autoScaleRun ?? {}
  return new PoolError({
    title: 'Autoscale formula not evaluated',
    message: `pool ${pool.name}: Batch has not evaluated its autoscale formula within ${showDuration(waitedMs)} of the change${evaluationTime ? `; the last evaluation was at ${evaluationTime}` : ''}`,
    hint: 'Shorten `evaluationInterval` (at least `PT5M`), and look at the last evaluation in the portal: until the next one, the size of the pool is unknown.',
    link: LINK,
  })
}
