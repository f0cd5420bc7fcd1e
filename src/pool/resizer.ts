import { classifyResizeError, errorsOfThisRun, type ResizeError } from '../errors/resize-errors.ts'
import type { PoolError } from '../errors/run-errors.ts'
import type { ArmId } from '../model/arm-id.ts'
import type { Pool } from '../model/batch.ts'
import type { BatchDataPlane, ResizeRequest } from '../model/batch-service.ts'
import { type NodeTotals, totalOf } from '../model/nodes.ts'
import { emit, type StepContext } from '../run/context.ts'
import { diagnose } from './diagnose.ts'
import { PoolEditor } from './editor.ts'
import { waitUntilEvaluated } from './follow-formula.ts'
import { foreignSizeNotice, refuseForeignTarget } from './foreign-size.ts'
import { formulaTarget } from './formula.ts'
import type { PoolWork } from './pool-plan.ts'
import { settleSize } from './put-back.ts'
import { cameNearer, decideNext } from './resize-policy.ts'
import { ResizeSender } from './send-resize.ts'
import { notStartedError, type Shortfall, shortfallError } from './shortfall.ts'
import { isAt, nodesIn, startOf, totals } from './size.ts'
import { type Watch, waitUntilIdle, waitUntilSteady } from './watch.ts'

/** What becomes of running tasks, for a reader who waits. */
const TASK_FATES = {
  TaskCompletion: 'their tasks end first',
  Requeue: 'their tasks are requeued',
  Terminate: 'their tasks are ended',
} as const
const NO_NODES: NodeTotals = { dedicated: 0, lowPriority: 0 }

/** The pool to be resized. */
export interface ResizedPool {
  readonly id: ArmId
  readonly name: string
  /** ISO 8601, of every resize. */
  readonly resizeTimeout: string
}

/** One pool on its way to a size: sends resizes, follows them, and repeats them as the policy says. */
export class PoolResizer {
  readonly editor: PoolEditor
  readonly #pool: ResizedPool
  readonly #work: Pick<PoolWork, 'account' | 'settings'>
  readonly #context: StepContext
  readonly #sender: ResizeSender
  #number = 0
  /** When the resize began that drained the pool: what Azure shows of it later is not yet what came after. */
  #drainBeganMs = 0

  constructor(pool: ResizedPool, work: Pick<PoolWork, 'account' | 'settings'>, context: StepContext) {
    this.editor = new PoolEditor(pool, context)
    this.#pool = pool
    this.#work = work
    this.#context = context
    this.#sender = new ResizeSender(
      { name: pool.name, editor: this.editor, plane: this.plane, waitUntilIdle: () => this.waitUntilIdle() },
      context,
    )
  }

  get plane(): BatchDataPlane {
    return this.#context.batch.dataPlane(this.#work.account)
  }

  /** When, by Azure's clock, this run took all earlier nodes away; 0 where it did not. */
  get drainBeganMs(): number {
    return this.#drainBeganMs
  }

  /** Whether the cap on resize requests leaves room for another. */
  get mayResize(): boolean {
    return this.#number < this.#work.settings.maxResizes
  }

  /** Whether the last size that this run requested has nodes: from then on, no former size is owed to the pool. */
  get isSized(): boolean {
    return this.#sender.requested !== undefined && totalOf(this.#sender.requested) > 0
  }

  /** Whether this run has resized the pool. */
  get hasResized(): boolean {
    return this.#number > 0
  }

  /** The pool as soon as it is steady. */
  waitUntilSteady(target?: NodeTotals, waitingFor?: string): Promise<Pool> {
    return waitUntilSteady({ ...this.#watch, ...(target && { target }), ...(waitingFor && { waitingFor }) }, this.#context)
  }

  /** The pool when nobody resizes it any more; says so if somebody else does. */
  waitUntilIdle(): Promise<Pool> {
    return waitUntilIdle(this.#watch, this.#sender.requested, this.#context)
  }

  get #watch(): Watch {
    return { editor: this.editor, name: this.#pool.name, number: this.#number, maxResizes: this.#work.settings.maxResizes }
  }

  /** Sends one resize to `target`, without waiting for its end. */
  async resize(target: NodeTotals): Promise<void> {
    const pool = await this.#withoutFormula()
    if (!isAt(pool, target)) await this.#requestResize(pool, target)
  }

  /** Resizes to `target` and follows until it is there; nothing is sent where it is already. @throws PoolError where the policy says stop. */
  async grow(target: NodeTotals): Promise<Pool> {
    const pool = await this.#withoutFormula()
    if (isAt(pool, target)) return pool
    const startedAtMs = await this.#requestResize(pool, target)
    if (startedAtMs === undefined) throw notStartedError(this.#pool.name, target)
    return this.#reach(target, totals(pool), startedAtMs)
  }

  /** Follows the resize that creating or changing the pool started. */
  async follow(target: NodeTotals): Promise<Pool> {
    const startedAtMs = await this.#sender.startOfLastResize(this.#drainBeganMs)
    this.#sender.expect(target)
    this.#reportStarted(NO_NODES, this.#request(target))
    return this.#reach(target, NO_NODES, startedAtMs)
  }

  /**
   * A size by formula, once it was evaluated (`evaluatedSinceMs`) and the pool is steady. The next evaluation requests the missing nodes again; that is no
   * comfort where it cannot help, or where no node came.
   */
  async followFormula(sinceMs: number): Promise<Pool> {
    const { editor, plane } = this
    await waitUntilEvaluated({ editor, plane, name: this.#pool.name, sinceMs }, this.#context)
    const pool = await this.waitUntilSteady()
    const target = formulaTarget(pool)
    const current = totals(pool)
    // Errors of a resize before the change stay on the pool until the evaluation begins one.
    const errors = errorsOfThisRun(pool, Math.max(this.#drainBeganMs + 1, sinceMs)).map(classifyResizeError)
    const fatal = errors.find((error) => error.class === 'fatal')
    const isShort = current.dedicated < target.dedicated || (fatal !== undefined && current.lowPriority < target.lowPriority)
    if (errors.length === 0 || !isShort) return pool
    const shortfall = await this.#shortfall({ pool, target, why: 'fatal', error: fatal ?? errors[0] })
    if (fatal || nodesIn(pool) === 0) throw shortfall
    const text = `${shortfall.message}\nThe formula of the pool requests the missing nodes again at its next evaluation.`
    emit(this.#context, { kind: 'notice', level: 'warning', text })
    return pool
  }

  /**
   * To 0 nodes; long tasks may outlast one resize, so it is asked again until the run's own time is over. `refuse` throws where somebody
   * has changed the pool since the drain was decided on: it is asked whenever the pool was read right before a request.
   */
  async drain(refuse: (now: Pool) => void = () => {}): Promise<Pool> {
    const { name } = this.#pool
    const option = this.#work.settings.nodeDeallocationOption
    let pool = await this.#withoutFormula()
    while (nodesIn(pool) > 0) {
      refuse(pool)
      const nodes = nodesIn(pool)
      emit(this.#context, { kind: 'resource', change: 'updating', type: 'pool', id: this.#pool.id, detail: `draining ${nodes} nodes` })
      const sinceMs = await this.#sender.send(this.#request(NO_NODES), refuse)
      if (sinceMs === undefined) throw notStartedError(name, NO_NODES)
      pool = await this.waitUntilSteady(NO_NODES, `${nodes} nodes of pool ${name} to drain (${TASK_FATES[option]})`)
      const errors = errorsOfThisRun(pool, sinceMs).map(classifyResizeError)
      const fatal = errors.find((error) => error.class === 'fatal')
      if (fatal) throw await this.#shortfall({ pool, target: NO_NODES, why: 'fatal', error: fatal })
      refuseForeignTarget(pool, NO_NODES)
      if (nodesIn(pool) > 0) await this.#context.clock.sleep(30_000, this.#context.signal)
    }
    this.#drainBeganMs = startOf(pool)
    return pool
  }

  /** Says so where a person set another size since it was decided on. */
  reportForeignSize(now: Pool, decidedOn: Pool): void {
    const text = foreignSizeNotice(now, decidedOn)
    if (text) emit(this.#context, { kind: 'notice', level: 'warning', text })
  }

  /** A pool that sizes itself can be resized by nobody. */
  async #withoutFormula(): Promise<Pool> {
    const pool = await this.waitUntilIdle()
    const { autoScale } = pool.properties.scaleSettings ?? {}
    if (!autoScale) return pool
    const text = `Pool ${pool.name}: autoscale is switched off; its formula was: ${autoScale.formula}`
    emit(this.#context, { kind: 'notice', level: 'info', text })
    await this.#context.batch.disableAutoScale(this.#pool.id)
    return this.waitUntilSteady()
  }

  /** Follows the resize that began at `startedAtMs` and repeats it until the target is reached or the policy says stop. */
  async #reach(target: NodeTotals, from: NodeTotals, startedAtMs: number): Promise<Pool> {
    const { maxResizes, minHealthyPercentage } = this.#work.settings
    let sinceMs = startedAtMs
    let before = from
    let roundsWithoutGain = 0
    for (;;) {
      const pool = await waitUntilSteady({ ...this.#watch, target, isJustBegun: true }, this.#context)
      const current = totals(pool)
      const errors = errorsOfThisRun(pool, sinceMs).map(classifyResizeError)
      const gained = { dedicated: current.dedicated - before.dedicated, lowPriority: current.lowPriority - before.lowPriority }
      emit(this.#context, { kind: 'resize-ended', pool: pool.name, number: this.#number, gained, current, errors })
      if (!errors.some((error) => error.class === 'fatal')) refuseForeignTarget(pool, target)
      roundsWithoutGain = cameNearer({ target, before, current }) ? 0 : roundsWithoutGain + 1
      const outcome = { target, before, current, errors, number: this.#number, maxResizes, roundsWithoutGain, minHealthyPercentage }
      const move = decideNext(outcome, this.#context.random())
      if (move.kind === 'done') return pool
      if (move.kind !== 'resize') {
        const shortfall = await this.#shortfall({ pool, target, why: move.why, error: move.error })
        if (move.kind === 'fail') throw shortfall
        const text = `${shortfall.message}\nThat is enough for \`min-healthy-percentage\` ${minHealthyPercentage}: the health of the nodes decides.`
        emit(this.#context, { kind: 'notice', level: 'warning', text })
        return pool
      }
      const again = await this.#requestAgain(pool, target, errors, move.afterMs)
      if (!('sinceMs' in again)) return again.pool
      sinceMs = again.sinceMs
      before = totals(again.pool)
    }
  }

  /** Waits, then requests the missing nodes; without `sinceMs` the pool has reached its target meanwhile. @throws PoolError where that cannot help. */
  async #requestAgain(
    pool: Pool,
    target: NodeTotals,
    errors: readonly ResizeError[],
    afterMs: number,
  ): Promise<{ readonly pool: Pool; readonly sinceMs: number } | { readonly pool: Pool }> {
    const { clock, signal } = this.#context
    const [error] = errors
    if (error && (await diagnose(error, { pool, target, account: this.#work.account }, this.#context))?.isFinal)
      throw await this.#shortfall({ pool, target, why: 'fatal', error })
    emit(this.#context, { kind: 'resize-backoff', pool: pool.name, waitMs: afterMs, reason: error?.code ?? 'short of target' })
    await clock.sleep(afterMs, signal)
    const now = await this.waitUntilIdle()
    refuseForeignTarget(now, target)
    if (isAt(now, target)) return { pool: now }
    const sinceMs = await this.#requestResize(now, target)
    if (sinceMs === undefined) throw await this.#shortfall({ pool: now, target, why: 'not-started', error })
    return { pool: now, sinceMs }
  }

  async #requestResize(pool: Pool, target: NodeTotals): Promise<number | undefined> {
    const request = this.#request(target)
    const startedAtMs = await this.#sender.send(request)
    if (startedAtMs !== undefined) this.#reportStarted(totals(pool), request)
    return startedAtMs
  }

  #request({ dedicated, lowPriority }: NodeTotals): ResizeRequest {
    return {
      targetDedicatedNodes: dedicated,
      targetLowPriorityNodes: lowPriority,
      resizeTimeout: this.#pool.resizeTimeout,
      nodeDeallocationOption: this.#work.settings.nodeDeallocationOption,
    }
  }

  #reportStarted(from: NodeTotals, request: ResizeRequest): void {
    if (this.isSized) settleSize(this.#pool.id, this.#context.ledger)
    this.#number += 1
    const { maxResizes } = this.#work.settings
    emit(this.#context, { kind: 'resize-started', pool: this.#pool.name, number: this.#number, maxResizes, from, request })
  }

  #shortfall(shortfall: Pick<Shortfall, 'pool' | 'target' | 'why' | 'error'>): Promise<PoolError> {
    const { resizeTimeout } = this.#pool
    return shortfallError({ ...shortfall, number: this.#number, resizeTimeout, account: this.#work.account }, this.#context)
  }
}
