import { isDeepStrictEqual } from 'node:util'
import type { PoolSettings } from '../config/config.ts'
import { AzureError } from '../errors/azure-error.ts'
import { classifyResizeError, errorsOfThisRun, type ResizeError } from '../errors/resize-errors.ts'
import { DataPlaneUnreachableError, ForeignChangeError, PoolError } from '../errors/run-errors.ts'
import type { ArmId } from '../model/arm-id.ts'
import type { BatchAccount, Pool } from '../model/batch.ts'
import type { BatchDataPlane, ResizeRequest } from '../model/batch-service.ts'
import { type NodeTotals, nodesOf, nodesOutOf, totalOf } from '../model/nodes.ts'
import { emit, type StepContext, waitFor } from '../run/context.ts'
import { diagnose } from './diagnose.ts'
import { PoolEditor } from './editor.ts'
import { cameNearer, decideNext } from './resize-policy.ts'
import { isAt, nodesIn, startAt, startOf, targetFrom, targetOf, totals } from './size.ts'

/** How long a pool that was just made may not be there for those who ask. */
const UNSEEN_MS = 10_000
/** A pool without nodes is steady within seconds, others take minutes: asked after 3 s at first, every 15 s later. */
const poolDelayMs = (waitedMs: number): number => Math.min(15_000, Math.max(3_000, waitedMs))
/** https://learn.microsoft.com/rest/api/batchservice/pool/remove-nodes */
const MOST_NODES_REMOVED_AT_ONCE = 100
const BUSY_DELAY_MS = 5_000
/** What becomes of running tasks, for a reader who waits. */
const WAYS = { TaskCompletion: 'their tasks end first', Requeue: 'their tasks are requeued', Terminate: 'their tasks are ended' } as const
const NO_NODES: NodeTotals = { dedicated: 0, lowPriority: 0 }

/** What a pool is to be followed with. */
export interface ResizedPool {
  readonly id: ArmId
  readonly name: string
  /** ISO 8601, of every resize. */
  readonly resizeTimeout: string
}

/** One pool on its way to a size: sends resizes, follows them, asks again as the policy says. */
export class PoolResizer {
  readonly editor: PoolEditor
  readonly #pool: ResizedPool
  readonly #account: BatchAccount
  readonly #settings: PoolSettings
  readonly #context: StepContext
  #number = 0
  /** What this run asked for last. Until it has asked for anything, the pool is as others left it. */
  #asked: NodeTotals | undefined
  /** When the resize began that the pool was drained by: what Azure shows of it later is not yet what came after. */
  #drainBeganMs = 0

  constructor(pool: ResizedPool, account: BatchAccount, settings: PoolSettings, context: StepContext) {
    this.editor = new PoolEditor(pool, context)
    this.#pool = pool
    this.#account = account
    this.#settings = settings
    this.#context = context
  }

  get plane(): BatchDataPlane {
    return this.#context.batch.dataPlane(this.#account)
  }

  /** Whether the cap on resize requests leaves room for another. */
  get mayResize(): boolean {
    return this.#number < this.#settings.maxResizes
  }

  /** Whether this run has resized the pool. */
  get hasResized(): boolean {
    return this.#number > 0
  }

  /** The pool as soon as it is steady. */
  async waitUntilSteady(target?: NodeTotals, waitingFor = `pool ${this.#pool.name} to be steady`): Promise<Pool> {
    let told = ''
    let progress = ''
    return waitFor(
      this.#context,
      () => `${waitingFor}${progress}`,
      poolDelayMs,
      async () => {
        const pool = await this.editor.get()
        const { allocationState } = pool.properties
        const current = totals(pool)
        const state = `${allocationState} ${current.dedicated} ${current.lowPriority}`
        if (state !== told && target) {
          const { maxResizes } = this.#settings
          emit(this.#context, {
            kind: 'node-count-changed',
            pool: pool.name,
            allocationState,
            current,
            target,
            number: this.#number,
            maxResizes,
          })
        }
        told = state
        if (target) progress = totalOf(target) > 0 ? `, ${nodesOutOf(current, target)} so far` : `, ${nodesOf(current)} left`
        return allocationState === 'Steady' ? pool : undefined
      },
    )
  }

  /** The pool when nobody resizes it any more; says so if somebody else does. */
  async waitUntilIdle(): Promise<Pool> {
    const pool = await this.editor.get()
    if (pool.properties.allocationState === 'Steady') return pool
    const { resizeOperationStatus } = pool.properties
    const { startTime } = resizeOperationStatus ?? {}
    const target = targetFrom(resizeOperationStatus)
    if (!isDeepStrictEqual(target, this.#asked))
      emit(this.#context, { kind: 'resize-foreign', pool: pool.name, target, ...(startTime && { startedAt: startTime }) })
    return this.waitUntilSteady()
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
    if (startedAtMs === undefined) throw this.#notStarted(target)
    return this.#reach(target, totals(pool), startedAtMs)
  }

  /** Follows the resize that creating or changing the pool began by itself. */
  async follow(target: NodeTotals): Promise<Pool> {
    const startedAtMs = await this.#startOfLastResize(this.#drainBeganMs)
    this.#asked = target
    this.#tellStarted(NO_NODES, this.#request(target))
    return this.#reach(target, NO_NODES, startedAtMs)
  }

  /** A new size by formula, once steady. The formula asks again by itself; that is no comfort where it cannot help, or where no node came. */
  async followFormula(): Promise<Pool> {
    const pool = await this.waitUntilSteady()
    const unevaluated = this.#unevaluated(pool)
    if (unevaluated) {
      if (nodesIn(pool) === 0) throw unevaluated
      emit(this.#context, { kind: 'notice', level: 'warning', text: unevaluated.message })
      return pool
    }
    const target = targetFrom(pool.properties.resizeOperationStatus)
    const errors = errorsOfThisRun(pool, this.#drainBeganMs + 1).map(classifyResizeError)
    if (errors.length === 0 || totals(pool).dedicated >= target.dedicated) return pool
    const fatal = errors.find((error) => error.class === 'fatal')
    const shortfall = await this.#shortfall(pool, target, 'fatal', fatal ?? errors[0])
    if (fatal || nodesIn(pool) === 0) throw shortfall
    emit(this.#context, { kind: 'notice', level: 'warning', text: `${shortfall.message}\nIts formula asks again by itself.` })
    return pool
  }

  /** A formula that fails sizes nothing. https://learn.microsoft.com/azure/batch/batch-automatic-scaling#get-information-about-autoscale-runs */
  #unevaluated({ name, properties }: Pool): PoolError | undefined {
    const { error } = properties.autoScaleRun ?? {}
    if (!error) return undefined
    return new PoolError({
      title: 'Autoscale formula not evaluated',
      message: `pool ${name}: its autoscale formula could not be evaluated: ${error.code}: ${error.message}`,
      hint: 'Correct the formula; one that needs samples must say what to do without them, e.g. by `GetSamplePercent`.',
      link: 'https://learn.microsoft.com/azure/batch/batch-automatic-scaling',
      code: error.code,
    })
  }

  /** To 0 nodes; long tasks may outlast one resize, so it is asked again until the run's own time is over. */
  async drain(): Promise<Pool> {
    const { name } = this.#pool
    const option = this.#settings.nodeDeallocationOption
    let pool = await this.#withoutFormula()
    while (nodesIn(pool) > 0) {
      const nodes = nodesIn(pool)
      emit(this.#context, { kind: 'resource', change: 'updating', type: 'pool', id: this.#pool.id, detail: `draining ${nodes} nodes` })
      const sinceMs = await this.#postResize(this.#request(NO_NODES))
      if (sinceMs === undefined) throw this.#notStarted(NO_NODES)
      pool = await this.waitUntilSteady(NO_NODES, `${nodes} nodes of pool ${name} to drain (${WAYS[option]})`)
      const errors = errorsOfThisRun(pool, sinceMs).map(classifyResizeError)
      const fatal = errors.find((error) => error.class === 'fatal')
      if (fatal) throw await this.#shortfall(pool, NO_NODES, 'fatal', fatal)
      this.refuseForeignTarget(pool, NO_NODES)
      if (nodesIn(pool) > 0) await this.#context.clock.sleep(30_000, this.#context.signal)
    }
    this.#drainBeganMs = startOf(pool)
    return pool
  }

  /** Takes unusable nodes out and asks for others. */
  async replaceNodes(nodeIds: readonly string[], target: NodeTotals): Promise<Pool> {
    const { nodeDeallocationOption } = this.#settings
    const { resizeTimeout } = this.#pool
    for (let index = 0; index < nodeIds.length; index += MOST_NODES_REMOVED_AT_ONCE) {
      const chunk = nodeIds.slice(index, index + MOST_NODES_REMOVED_AT_ONCE)
      const before = targetOf(await this.waitUntilIdle())
      emit(this.#context, {
        kind: 'notice',
        level: 'warning',
        text: `Pool ${this.#pool.name}: ${chunk.length} unusable nodes are removed and asked for again (${chunk.slice(0, 5).join(', ')}${chunk.length > 5 ? ' …' : ''}).`,
      })
      await this.plane.removeNodes(this.#pool.name, chunk, { resizeTimeout, nodeDeallocationOption })
      const pool = await this.waitUntilSteady(target, `${chunk.length} unusable nodes to leave pool ${this.#pool.name}`)
      // The service takes the removed nodes off the target.
      const missing = totalOf(before) - totalOf(targetOf(pool))
      if (missing < 0 || missing > chunk.length) this.refuseForeignTarget(pool, before)
    }
    return this.grow(target)
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

  /** Follows the resize that began at `startedAtMs` and asks again until the target is there or the policy says stop. */
  async #reach(target: NodeTotals, from: NodeTotals, startedAtMs: number): Promise<Pool> {
    const { clock, random, signal } = this.#context
    const { maxResizes, minHealthyPercentage } = this.#settings
    let sinceMs = startedAtMs
    let before = from
    let roundsWithoutGain = 0
    for (;;) {
      const pool = await this.waitUntilSteady(target)
      const current = totals(pool)
      const errors = errorsOfThisRun(pool, sinceMs).map(classifyResizeError)
      const gained = { dedicated: current.dedicated - before.dedicated, lowPriority: current.lowPriority - before.lowPriority }
      emit(this.#context, { kind: 'resize-ended', pool: pool.name, number: this.#number, gained, current, errors })
      if (!errors.some((error) => error.class === 'fatal')) this.refuseForeignTarget(pool, target)
      roundsWithoutGain = cameNearer({ target, before, current }) ? 0 : roundsWithoutGain + 1
      const outcome = { target, before, current, errors, number: this.#number, maxResizes, roundsWithoutGain, minHealthyPercentage }
      const move = decideNext(outcome, random())
      if (move.kind === 'done') return pool
      if (move.kind !== 'resize') {
        const shortfall = await this.#shortfall(pool, target, move.why, move.error)
        if (move.kind === 'fail') throw shortfall
        const text = `${shortfall.message}\nThat is enough for \`min-healthy-percentage\` ${minHealthyPercentage}: the health of the nodes decides.`
        emit(this.#context, { kind: 'notice', level: 'warning', text })
        return pool
      }
      const [error] = errors
      if (error && (await diagnose(error, pool, target, this.#account, this.#context))?.isFinal)
        throw await this.#shortfall(pool, target, 'fatal', error)
      emit(this.#context, { kind: 'resize-backoff', pool: pool.name, waitMs: move.afterMs, reason: errors[0]?.code ?? 'short of target' })
      await clock.sleep(move.afterMs, signal)
      const now = await this.waitUntilIdle()
      this.refuseForeignTarget(now, target)
      if (isAt(now, target)) return now
      before = totals(now)
      const began = await this.#requestResize(now, target)
      if (began === undefined) throw await this.#shortfall(now, target, 'not-started', errors[0])
      sinceMs = began
    }
  }

  /** The size is this run's to set; a person who set another since it was decided on gets to know. */
  tellForeignSize(now: Pool, decidedOn: Pool): void {
    const isSized = [now, decidedOn].every(({ properties }) => properties.scaleSettings?.fixedScale)
    const seen = targetOf(now)
    if (!isSized || isDeepStrictEqual(seen, targetOf(decidedOn))) return
    const text = `Pool ${now.name} was resized to ${nodesOf(seen)} since this run had looked at it, not by this run; it gets the size that was asked for.`
    emit(this.#context, { kind: 'notice', level: 'warning', text })
  }

  /** A person's resize is not undone behind their back. */
  refuseForeignTarget(pool: Pool, target: NodeTotals): void {
    const { autoScale } = pool.properties.scaleSettings ?? {}
    const seen = targetOf(pool)
    if (!autoScale && isDeepStrictEqual(seen, target)) return
    const became = autoScale ? 'given an autoscale formula' : `resized to ${nodesOf(seen)}`
    throw new ForeignChangeError({
      title: 'Pool resized by someone else',
      message: `pool ${pool.name} was ${became} during the run, which asked for ${nodesOf(target)}`,
      hint: 'That was left alone. Run again when it is settled who sizes the pool.',
    })
  }

  async #requestResize(pool: Pool, target: NodeTotals): Promise<number | undefined> {
    const request = this.#request(target)
    const startedAtMs = await this.#postResize(request)
    if (startedAtMs !== undefined) this.#tellStarted(totals(pool), request)
    return startedAtMs
  }

  /**
   * Sends a resize; gives when it began by Azure's clock. An answer that was lost shows as `PoolBeingResized` on the next try. Without
   * the data plane a PATCH does it, believed only if the start moved: `undefined` where it did not.
   */
  async #postResize(request: ResizeRequest): Promise<number | undefined> {
    const before = startOf(await this.editor.get())
    const asked = targetFrom(request)
    try {
      await this.plane.resize(this.#pool.name, request)
    } catch (error) {
      if (error instanceof DataPlaneUnreachableError) {
        const { etag } = await this.editor.get()
        const after = await this.editor.update({ scaleSettings: { fixedScale: { ...request } } }, etag)
        this.#asked = asked
        return startOf(after) > before ? startOf(after) : undefined
      }
      if (!(error instanceof AzureError && error.status === 409)) throw error
      const { resizeOperationStatus: status, allocationState } = (await this.editor.get()).properties
      const isOurs = status !== undefined && isDeepStrictEqual(targetFrom(status), asked) && startAt(status.startTime) > before
      if (!isOurs) {
        if (allocationState === 'Steady' && !/^PoolBeing(?:Resized|Created)$/i.test(error.code)) throw error
        const pool = await this.waitUntilIdle()
        if (this.#asked) this.refuseForeignTarget(pool, this.#asked)
        await this.#context.clock.sleep(BUSY_DELAY_MS, this.#context.signal)
        return this.#postResize(request)
      }
    }
    this.#asked = asked
    return this.#startOfLastResize(before)
  }

  #notStarted(target: NodeTotals): PoolError {
    return new PoolError({
      title: 'Resize not started',
      message: `pool ${this.#pool.name}: the target was set to ${nodesOf(target)}, but Azure began no resize, and the data plane cannot be reached to ask for one`,
      hint: 'Run on a machine that reaches the data plane of the account.',
      link: 'https://learn.microsoft.com/azure/batch/public-network-access',
    })
  }

  /** A resize shows in the pool a moment after it was accepted; so does a new pool itself. */
  #startOfLastResize(previousMs: number): Promise<number> {
    const { batch, clock } = this.#context
    const unseenUntilMs = clock.now().getTime() + UNSEEN_MS
    return waitFor(
      this.#context,
      () => `the resize of pool ${this.#pool.name} to begin`,
      () => 1_000,
      async () => {
        const pool = clock.now().getTime() < unseenUntilMs ? await batch.getPool(this.#pool.id) : await this.editor.get()
        const startedAtMs = pool ? startOf(pool) : 0
        return startedAtMs > previousMs ? startedAtMs : undefined
      },
    )
  }

  #request({ dedicated, lowPriority }: NodeTotals): ResizeRequest {
    return {
      targetDedicatedNodes: dedicated,
      targetLowPriorityNodes: lowPriority,
      resizeTimeout: this.#pool.resizeTimeout,
      nodeDeallocationOption: this.#settings.nodeDeallocationOption,
    }
  }

  #tellStarted(from: NodeTotals, request: ResizeRequest): void {
    this.#number += 1
    const { maxResizes } = this.#settings
    emit(this.#context, { kind: 'resize-started', pool: this.#pool.name, number: this.#number, maxResizes, from, request })
  }

  async #shortfall(
    pool: Pool,
    target: NodeTotals,
    why: 'fatal' | 'max-resizes' | 'no-progress' | 'not-started',
    error: ResizeError | undefined,
  ): Promise<PoolError> {
    const current = totals(pool)
    const words = error ? `${error.innermostCode || error.code}: ${error.innermostMessage ?? error.message}` : 'Batch gave no error'
    const reason = {
      fatal: '',
      'max-resizes': ` after ${this.#number} resizes`,
      'no-progress': ' and the last resizes brought no node',
      'not-started': ', and without the data plane Azure began no other resize',
    }[why]
    const found = error && (await diagnose(error, pool, target, this.#account, this.#context))
    const seen = totalOf(target) === 0 ? `could not be drained: ${nodesOf(current)} left` : `has ${nodesOutOf(current, target)}`
    return new PoolError({
      title: error?.code ?? 'Pool short of its target',
      message: `pool ${pool.name} ${seen}${reason}: ${words}${found ? `\n${found.words}` : ''}`,
      hint: error?.fix ?? `Raise \`max-resizes\` or \`resize-timeout\` (now ${this.#pool.resizeTimeout}).`,
      ...(error && { link: error.link, code: error.innermostCode || error.code }),
    })
  }
}
