/**
 * Autoscale formulas: evaluated when they are set and then every evaluation interval, or on request, which changes nothing.
 * https://learn.microsoft.com/azure/batch/batch-automatic-scaling, https://learn.microsoft.com/rest/api/batchservice/pools/evaluate-pool-auto-scale
 */
import type { AzureClock } from '../clock/clock.ts'
import type { FormulaFate } from '../scenarios/scenario.ts'
import { minutesOf, type Pool, type Properties } from './pool.ts'
import type { Pools } from './pools.ts'

interface Evaluation {
  readonly dedicated: number
  readonly lowPriority: number
  readonly results: string
  /** The wrapping of ARM; the data plane calls `details` `values`. */
  readonly error?: Properties
}

export class Formulas {
  readonly #pools: Pools
  readonly #clock: AzureClock
  readonly #fate: FormulaFate

  constructor(pools: Pools, clock: AzureClock, fate: FormulaFate = {}) {
    this.#pools = pools
    this.#clock = clock
    this.#fate = fate
  }

  /** A new formula, or a new interval: the schedule starts again. */
  begin(pool: Pool): void {
    const schedule = ++pool.formulaSchedule
    delete pool.properties.autoScaleRun
    this.#next(pool, schedule, (this.#fate.delayMinutes ?? 0) * 60_000, true)
  }

  end(pool: Pool): void {
    pool.formulaSchedule += 1
  }

  /** What a formula gives on this pool. One that fails leaves the targets as they are, and says so in its results. */
  evaluate(pool: Pool, formula: string): Evaluation {
    const has = { dedicated: pool.properties.currentDedicatedNodes, lowPriority: pool.properties.currentLowPriorityNodes }
    const shown = ({ dedicated, lowPriority }: typeof has) =>
      `$TargetDedicatedNodes=${dedicated};$TargetLowPriorityNodes=${lowPriority};$NodeDeallocationOption=requeue`
    const { failsWith } = this.#fate
    if (failsWith && formula.includes(failsWith)) {
      // https://github.com/Azure/azure-sdk-for-js/tree/main/sdk/batch/batch-rest/test: the code, and results beside it.
      const error = {
        code: 'AutoScalingFormulaEvaluationError',
        message: 'Autoscale formula evaluation failed',
        details: [{ code: 'Message', message: `Line 1, Col 1: ${failsWith} is not defined` }],
      }
      return { ...has, results: shown(has), error }
    }
    const asked = (pattern: RegExp, fallback: number) => Number(pattern.exec(formula)?.[1] ?? fallback)
    const targets = {
      dedicated: asked(/\$TargetDedicated(?:Nodes)?\s*=\s*(\d+)/, 0),
      lowPriority: asked(/\$TargetLowPriorityNodes\s*=\s*(\d+)/, 0),
    }
    return { ...targets, results: shown(targets) }
  }

  #next(pool: Pool, schedule: number, afterMs: number, isFirst = false): void {
    if (afterMs === 0) this.#apply(pool, schedule, isFirst)
    else this.#clock.after(afterMs, () => this.#apply(pool, schedule, isFirst))
  }

  #apply(pool: Pool, schedule: number, isFirst: boolean): void {
    const { autoScale } = pool.properties.scaleSettings ?? {}
    if (schedule !== pool.formulaSchedule || !autoScale || this.#pools.find(pool.name) !== pool) return
    const { dedicated, lowPriority, results, error } = this.evaluate(pool, autoScale.formula)
    pool.properties.autoScaleRun = { evaluationTime: this.#pools.now(), results, ...(error && { error }) }
    const { currentDedicatedNodes, currentLowPriorityNodes, allocationState } = pool.properties
    const isThere = currentDedicatedNodes === dedicated && currentLowPriorityNodes === lowPriority
    const resize = () =>
      this.#pools.resize(pool, { targetDedicatedNodes: dedicated, targetLowPriorityNodes: lowPriority, resizeTimeout: 'PT15M' })
    const { resizeAfterSeconds: lateS } = this.#fate
    if (!error && allocationState === 'Steady' && (isFirst || !isThere)) {
      // Errors go with the next resize only: https://github.com/nextflow-io/nextflow/pull/7312
      if (lateS) this.#clock.after(lateS * 1_000, () => schedule === pool.formulaSchedule && resize())
      else resize()
    }
    this.#next(pool, schedule, Math.max(5, minutesOf(autoScale.evaluationInterval)) * 60_000)
  }
}
