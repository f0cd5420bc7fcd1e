import type { PoolSettings } from '../config.ts'
import { showDuration } from '../duration.ts'
import { DataPlaneUnreachableError, PoolError } from '../errors.ts'
import type { NodeTotals } from '../events.ts'
import type { PoolPlan } from '../plan.ts'
import type { BatchAccount, Pool, PoolProperties, ResizeRequest } from '../ports.ts'
import { classifyResizeError, decideNext, errorsOfThisRun, type ResizeError } from '../resize.ts'
import { type StepContext, tell, waitFor } from './context.ts'

/** Where a pool stands. */
export interface PoolOutcome {
  readonly pool: Pool
  readonly resizes: number
}

/** Nodes take minutes; asked every 5 s at first, every 15 s later. */
const poolDelayMs = (waitedMs: number): number => Math.min(15_000, Math.max(5_000, waitedMs / 10))

/** Brings one pool onto its image and to its size; what it is at the end. */
export class PoolStep {
  readonly #plan: PoolPlan
  readonly #account: BatchAccount
  readonly #settings: PoolSettings
  readonly #context: StepContext
  #resizes = 0

  constructor(plan: PoolPlan, account: BatchAccount, settings: PoolSettings, context: StepContext) {
    this.#plan = plan
    this.#account = account
    this.#settings = settings
    this.#context = context
  }

  async run(): Promise<PoolOutcome> {
    const plan = this.#plan
    switch (plan.action) {
      case 'none':
        return this.#end(await this.#steady())
      case 'create':
        return this.#create(plan.properties)
      case 'resize':
        await this.#steady()
        return this.#grow()
      case 'update': {
        await this.#steady()
        await this.#patch(plan.properties)
        return plan.resize ? this.#grow() : this.#end(await this.#steady())
      }
      case 'reimage':
        await this.#drain()
        await this.#patch(plan.properties)
        return plan.request.autoScale
          ? this.#end(await this.#steady())
          : this.#reach(await this.#startOfLastResize(), { dedicated: 0, lowPriority: 0 })
      case 'replace':
        await this.#delete()
        return this.#create(plan.properties)
    }
  }

  async #create(properties: PoolProperties): Promise<PoolOutcome> {
    const { batch, ledger } = this.#context
    const { id, request } = this.#plan
    ledger.record({ id, kind: 'pool' })
    tell(this.#context, { kind: 'resource', change: 'creating', type: 'pool', id })
    const pool = await batch.createPool(id, properties)
    ledger.settle(id)
    tell(this.#context, { kind: 'resource', change: 'created', type: 'pool', id })
    if (this.#settings.wait === 'none' || request.autoScale) return this.#end(pool)
    return this.#reach(startOf(pool), { dedicated: 0, lowPriority: 0 })
  }

  async #grow(): Promise<PoolOutcome> {
    if (this.#settings.wait === 'none') {
      await this.#resize(this.#request(this.#plan.request.target))
      return this.#end(await this.#get())
    }
    const before = totals(await this.#get())
    return this.#reach(await this.#resize(this.#request(this.#plan.request.target)), before)
  }

  /** Follows the resize that began at `startedAtMs` and asks again until the target is there or the policy says stop. */
  async #reach(startedAtMs: number, from: NodeTotals): Promise<PoolOutcome> {
    const { target } = this.#plan.request
    const { maxResizes } = this.#settings
    let since = startedAtMs
    let before = from
    let roundsWithoutGain = 0
    this.#resizes ||= 1
    this.#tellStarted(before, this.#request(target))
    for (;;) {
      const pool = await this.#steady()
      const current = totals(pool)
      const errors = errorsOfThisRun(pool, since).map(classifyResizeError)
      const gained = { dedicated: current.dedicated - before.dedicated, lowPriority: current.lowPriority - before.lowPriority }
      tell(this.#context, { kind: 'resize-ended', pool: pool.name, number: this.#resizes, gained, current, errors })
      roundsWithoutGain = gained.dedicated > 0 ? 0 : roundsWithoutGain + 1
      const outcome = { target, before, current, errors, number: this.#resizes, maxResizes, roundsWithoutGain }
      const move = decideNext(outcome, this.#context.random())
      if (move.kind === 'done') return this.#end(pool)
      if (move.kind === 'fail') throw shortfall(pool, target, current, move.why, move.error, this.#resizes)
      tell(this.#context, { kind: 'resize-backoff', pool: pool.name, waitMs: move.afterMs, reason: errors[0]?.code ?? 'short of target' })
      await this.#context.clock.sleep(move.afterMs, this.#context.signal)
      before = current
      since = await this.#resize(this.#request(target))
      this.#resizes += 1
      this.#tellStarted(before, this.#request(target))
    }
  }

  /** To 0 nodes, autoscale off; long tasks may outlast one resize, so it is asked again. */
  async #drain(): Promise<void> {
    const { batch, clock, signal } = this.#context
    let pool = await this.#steady()
    if (pool.properties.scaleSettings?.autoScale) {
      await batch.disableAutoScale(this.#plan.id)
      pool = await this.#steady()
    }
    while (pool.properties.currentDedicatedNodes + pool.properties.currentLowPriorityNodes > 0) {
      const before = totals(pool)
      tell(this.#context, {
        kind: 'resource',
        change: 'updating',
        type: 'pool',
        id: this.#plan.id,
        detail: `draining ${before.dedicated + before.lowPriority} nodes`,
      })
      const since = await this.#resize(this.#request({ dedicated: 0, lowPriority: 0 }))
      pool = await this.#steady()
      const fatal = errorsOfThisRun(pool, since)
        .map(classifyResizeError)
        .find((error) => error.class === 'fatal')
      const left = totals(pool)
      if (fatal) throw shortfall(pool, { dedicated: 0, lowPriority: 0 }, left, 'fatal', fatal, 1)
      if (left.dedicated + left.lowPriority > 0) await clock.sleep(30_000, signal)
    }
  }

  async #patch(properties: PoolProperties): Promise<void> {
    const { batch } = this.#context
    const { etag } = await this.#get()
    await batch.updatePool(this.#plan.id, properties, etag)
    tell(this.#context, {
      kind: 'resource',
      change: 'updated',
      type: 'pool',
      id: this.#plan.id,
      detail: Object.keys(properties).join(', '),
    })
  }

  async #delete(): Promise<void> {
    tell(this.#context, { kind: 'resource', change: 'deleting', type: 'pool', id: this.#plan.id })
    await this.#context.batch.deletePool(this.#plan.id, this.#context.signal)
    tell(this.#context, { kind: 'resource', change: 'deleted', type: 'pool', id: this.#plan.id })
  }

  /** Sends a resize; when it began by Azure's clock. Without the data plane a PATCH does it, believed only if the start moved. */
  async #resize(request: ResizeRequest): Promise<number> {
    const { batch } = this.#context
    const before = await this.#get()
    try {
      await batch.dataPlane(this.#account).resize(this.#plan.request.id, request)
    } catch (error) {
      if (!(error instanceof DataPlaneUnreachableError)) throw error
      const { nodeDeallocationOption, resizeTimeout, targetDedicatedNodes, targetLowPriorityNodes } = request
      const fixedScale = { nodeDeallocationOption, resizeTimeout, targetDedicatedNodes, targetLowPriorityNodes }
      const after = await batch.updatePool(this.#plan.id, { scaleSettings: { fixedScale } }, before.etag)
      if (startOf(after) === startOf(before)) {
        throw new PoolError({
          title: 'Resize not started',
          message: `pool ${after.name}: the target was set, but Azure began no resize, and the data plane cannot be reached to ask for one`,
          hint: 'Run on a machine that reaches the data plane of the account.',
        })
      }
    }
    return this.#startOfLastResize(startOf(before))
  }

  /** A resize shows in the pool a moment after it was accepted. */
  #startOfLastResize(previousMs = Number.NEGATIVE_INFINITY): Promise<number> {
    return waitFor(
      this.#context,
      `the resize of pool ${this.#plan.request.id}`,
      () => 1_000,
      async () => {
        const startedAtMs = startOf(await this.#get())
        return startedAtMs > previousMs ? startedAtMs : undefined
      },
    )
  }

  /** The pool as soon as it is steady; a resize that someone else began is waited for too. */
  async #steady(): Promise<Pool> {
    let told = ''
    const { target } = this.#plan.request
    return waitFor(this.#context, `pool ${this.#plan.request.id} to be steady`, poolDelayMs, async () => {
      const pool = await this.#get()
      const { allocationState } = pool.properties
      const current = totals(pool)
      const state = `${allocationState} ${current.dedicated} ${current.lowPriority}`
      if (state !== told) {
        tell(this.#context, {
          kind: 'node-count-changed',
          pool: pool.name,
          allocationState,
          current,
          target,
          number: this.#resizes,
          maxResizes: this.#settings.maxResizes,
        })
      }
      told = state
      return allocationState === 'Steady' ? pool : undefined
    })
  }

  async #get(): Promise<Pool> {
    const pool = await this.#context.batch.getPool(this.#plan.id)
    if (pool) return pool
    throw new PoolError({
      title: 'Pool deleted',
      message: `pool ${this.#plan.request.id} was deleted during the run`,
      hint: 'Someone deleted it. Run again to create it.',
    })
  }

  #request({ dedicated, lowPriority }: NodeTotals): ResizeRequest {
    return {
      targetDedicatedNodes: dedicated,
      targetLowPriorityNodes: lowPriority,
      resizeTimeout: this.#plan.request.resizeTimeout,
      nodeDeallocationOption: this.#settings.nodeDeallocationOption,
    }
  }

  #tellStarted(from: NodeTotals, request: ResizeRequest): void {
    const { maxResizes } = this.#settings
    tell(this.#context, { kind: 'resize-started', pool: this.#plan.request.id, number: this.#resizes, maxResizes, from, request })
  }

  #end(pool: Pool): PoolOutcome {
    return { pool, resizes: this.#resizes }
  }
}

export function totals({ properties }: Pool): NodeTotals {
  return { dedicated: properties.currentDedicatedNodes, lowPriority: properties.currentLowPriorityNodes }
}

function startOf({ properties }: Pool): number {
  return Date.parse(properties.resizeOperationStatus?.startTime ?? '') || 0
}

function shortfall(
  pool: Pool,
  target: NodeTotals,
  current: NodeTotals,
  why: 'fatal' | 'max-resizes' | 'no-progress',
  error: ResizeError | undefined,
  resizes: number,
): PoolError {
  const words = error ? `${error.code}: ${error.innermostMessage ?? error.message}` : 'Batch gave no error'
  const reason = { fatal: '', 'max-resizes': ` after ${resizes} resizes`, 'no-progress': ' and the last resizes brought no node' }[why]
  const { resizeTimeout } = pool.properties.resizeOperationStatus ?? {}
  return new PoolError({
    title: error?.code ?? 'Pool short of its target',
    message: `pool ${pool.name} has ${current.dedicated} of ${target.dedicated} dedicated and ${current.lowPriority} of ${target.lowPriority} Spot nodes${reason}: ${words}`,
    hint: error?.fix ?? `Raise \`max-resizes\` or \`resize-timeout\` (now ${resizeTimeout ?? showDuration(0)}).`,
    ...(error && { link: error.link, code: error.innermostCode || error.code }),
  })
}
