import type { Pool } from '../model/batch.ts'
import { emit, type StepContext } from '../run/context.ts'
import type { Verdict } from './health-gate.ts'
import { MARKS, markIn } from './marks.ts'
import { GateError } from './pass-gate.ts'
import type { PoolWork } from './pool-plan.ts'
import { runSmokeTest } from './smoke-test.ts'
import { type SmokeTestResult, smokeFailure } from './smoke-test-plan.ts'

/** The smoke test of one pool: run once, where the image is new to the pool and has not passed it on other nodes. */
export class SmokeGate {
  readonly #work: PoolWork
  readonly #context: StepContext
  #isPassed: boolean
  #results: readonly SmokeTestResult[] = []

  constructor(work: PoolWork, context: StepContext) {
    this.#work = work
    this.#context = context
    this.#isPassed = work.isTested ?? false
  }

  /** Whether a smoke test is requested that the image has not passed yet. */
  get isOwed(): boolean {
    return this.#work.settings.smokeTest !== undefined && !this.#isPassed
  }

  /** Whether the test is to be run now. */
  get isDue(): boolean {
    return this.isOwed && isImageNew(this.#work)
  }

  /** Runs the test on at most `mostNodes` nodes of the pool. @throws GateError */
  async pass(pool: Pool, verdict: Verdict, mostNodes: number): Promise<Verdict> {
    const { account, settings } = this.#work
    const { smokeTest: test, nodeStartTimeoutMs } = settings
    if (!test) return verdict
    this.#results = await runSmokeTest({ test, account, pool, mostNodes, nodeStartTimeoutMs }, this.#context)
    const explanation = smokeFailure(pool.name, this.#results)
    if (explanation) throw new GateError({ ...verdict, smokeTest: this.#results }, explanation)
    this.#isPassed = this.#results.length > 0
    if (!this.#isPassed)
      emit(this.#context, { kind: 'notice', level: 'warning', text: `Pool ${pool.name} has no node for the smoke test to run on.` })
    return this.resultsIn(verdict)
  }

  /** The verdict with what the test has shown so far. */
  resultsIn(verdict: Verdict): Verdict {
    return this.#results.length > 0 ? { ...verdict, smokeTest: this.#results } : verdict
  }
}

/** By this run, or by an interrupted one that had not finished. */
function isImageNew({ plan: { action, existing } }: PoolWork): boolean {
  const isMarked = [MARKS.before, MARKS.untested].some((name) => markIn(existing?.properties.metadata, name) !== undefined)
  return isMarked || ['create', 'reimage', 'replace', 'blue-green'].includes(action)
}
