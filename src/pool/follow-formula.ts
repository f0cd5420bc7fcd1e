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
 * The pool once its formula was evaluated, free of error, since it was changed. Where Batch has not done so yet it is requested to make an
 * evaluation, which shows at once that a formula fails, but sizes nothing. @throws PoolError
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

/** Without the data plane, the evaluations that Batch makes on its own must do. */
function unlessUnreachable(error: unknown): undefined {
  if (!(error instanceof DataPlaneUnreachableError)) throw error
}
