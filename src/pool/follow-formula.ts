import { DataPlaneUnreachableError } from '../errors/run-errors.ts'
import type { Pool } from '../model/batch.ts'
import type { BatchDataPlane } from '../model/batch-service.ts'
import { type StepContext, waitFor } from '../run/context.ts'
import type { PoolEditor } from './editor.ts'
import { formulaError, isEvaluatedSince, longestEvaluationMs, unevaluatedError } from './formula.ts'

const EVALUATION_DELAY_MS = 10_000

export interface FormulaWatch {
  readonly editor: PoolEditor
  readonly name: string
  readonly plane: BatchDataPlane
  /** `evaluatedSinceMs` of the change. */
  readonly sinceMs: number
}

/**
 * Waits until Batch has evaluated the pool's formula without an error since it was changed. Meanwhile the run requests one evaluation, which
 * shows at once whether the formula fails, but does not resize the pool. @throws PoolError
 */
export async function waitUntilEvaluated(watch: FormulaWatch, context: StepContext): Promise<Pool> {
  const { editor, name, plane, sinceMs } = watch
  const beganMs = context.clock.now().getTime()
  let isTried = false
  return waitFor(
    context,
    () => `the autoscale formula of pool ${name} to be evaluated`,
    () => EVALUATION_DELAY_MS,
    async () => {
      const pool = await editor.get()
      const { autoScaleRun, scaleSettings } = pool.properties
      const formula = scaleSettings?.autoScale?.formula
      if (isEvaluatedSince(pool, sinceMs) || formula === undefined) {
        const error = formulaError(name, autoScaleRun)
        if (error) throw error
        return pool
      }
      if (!isTried) {
        isTried = true
        const error = formulaError(name, await plane.evaluateAutoScale(name, formula).catch(unlessUnreachable))
        if (error) throw error
      }
      const waitedMs = context.clock.now().getTime() - beganMs
      if (waitedMs > longestEvaluationMs(pool)) throw unevaluatedError(pool, waitedMs)
      return undefined
    },
  )
}

/** Without the data plane, the run can only wait for the evaluations that Batch makes on its own. */
function unlessUnreachable(error: unknown): undefined {
  if (!(error instanceof DataPlaneUnreachableError)) throw error
}
