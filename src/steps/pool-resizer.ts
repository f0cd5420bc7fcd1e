import { isDeepStrictEqual } from 'node:util'
import type { ArmId } from '../arm-id.ts'
import type { PoolSettings } from '../config.ts'
import { AzureError, DataPlaneUnreachableError, PoolError } from '../errors.ts'
import type { NodeTotals } from '../events.ts'
import { isSubset } from '../plan-pool.ts'
import type { BatchAccount, BatchDataPlane, Pool, PoolEnvelope, PoolProperties, ResizeRequest } from '../ports.ts'
import { cameNearer, classifyResizeError, decideNext, errorsOfThisRun, type ResizeError } from '../resize.ts'
import { type StepContext, tell, waitFor } from './context.ts'
import { diagnose } from './diagnose.ts'

/** Nodes take minutes; asked every 5 s at first, every 15 s later. */
const poolDelayMs = (waitedMs: number): number => Math.min(15_000, Math.max(5_000, waitedMs / 10))
/** https://learn.microsoft.com/rest/api/batchservice/pool/remove-nodes */
const MOST_NODES_REMOVED_AT_ONCE = 100
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
  readonly #pool: ResizedPool
  readonly #account: BatchAccount
  readonly #settings: PoolSettings
  readonly #context: StepContext
  #number = 0

  constructor(pool: ResizedPool, account: BatchAccount, settings: PoolSettings, context: StepContext) {
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

  async get(): Promise<Pool> {
    const pool = await this.#context.batch.getPool(this.#pool.id)
    if (pool) return pool
    throw new PoolError({
      title: 'Pool deleted',
      message: `pool ${this.#pool.name} was deleted during the run`,
      hint: 'Someone deleted it. Run again to create it.',
    })
  }

  /** The pool as soon as it is steady. */
  async steady(target?: NodeTotals): Promise<Pool> {
    let told = ''
    return waitFor(this.#context, `pool ${this.#pool.name} to be steady`, poolDelayMs, async () => {
      const pool = await this.get()
      const { allocationState } = pool.properties
      const current = totals(pool)
      const state = `${allocationState} ${current.dedicated} ${current.lowPriority}`
      if (state !== told && target) {
        const { maxResizes } = this.#settings
        tell(this.#context, {
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
      return allocationState === 'Steady' ? pool : undefined
    })
  }

  /** The pool when nobody resizes it any more; says so if somebody does. */
  async free(): Promise<Pool> {
    const pool = await this.get()
    if (pool.properties.allocationState === 'Steady') return pool
    const { targetDedicatedNodes, targetLowPriorityNodes, startTime } = pool.properties.resizeOperationStatus ?? {}
    tell(this.#context, {
      kind: 'resize-foreign',
      pool: pool.name,
      target: { dedicated: targetDedicatedNodes ?? 0, lowPriority: targetLowPriorityNodes ?? 0 },
      ...(startTime && { startedAt: startTime }),
    })
    return this.steady()
  }

  /** Sends one resize to `target`, without waiting for its end. */
  async resize(target: NodeTotals): Promise<number> {
    const request = this.#request(target)
    const from = totals(await this.free())
    const startedAtMs = await this.#send(request)
    this.#tellStarted(from, request)
    return startedAtMs
  }

  /** Resizes to `target` and follows until it is there. @throws PoolError where the policy says stop. */
  async grow(target: NodeTotals): Promise<Pool> {
    const from = totals(await this.free())
    return this.#reach(target, from, await this.resize(target))
  }

  /** Follows the resize that creating or changing the pool began by itself. */
  async follow(target: NodeTotals): Promise<Pool> {
    const startedAtMs = await this.#startOfLastResize()
    this.#tellStarted(NO_NODES, this.#request(target))
    return this.#reach(target, NO_NODES, startedAtMs)
  }

  /** To 0 nodes; long tasks may outlast one resize, so it is asked again until the run's own time is over. */
  async drain(): Promise<void> {
    const { batch, clock, signal } = this.#context
    let pool = await this.free()
    if (pool.properties.scaleSettings?.autoScale) {
      await batch.disableAutoScale(this.#pool.id)
      pool = await this.steady()
    }
    while (nodesIn(pool) > 0) {
      const detail = `draining ${nodesIn(pool)} nodes`
      tell(this.#context, { kind: 'resource', change: 'updating', type: 'pool', id: this.#pool.id, detail })
      const sinceMs = await this.#send(this.#request(NO_NODES))
      pool = await this.steady(NO_NODES)
      const errors = errorsOfThisRun(pool, sinceMs).map(classifyResizeError)
      const fatal = errors.find((error) => error.class === 'fatal')
      if (fatal) throw await this.#shortfall(pool, NO_NODES, 'fatal', fatal)
      if (nodesIn(pool) > 0) await clock.sleep(30_000, signal)
    }
  }

  /** Takes unusable nodes out and asks for others. */
  async replaceNodes(nodeIds: readonly string[], target: NodeTotals): Promise<Pool> {
    const { nodeDeallocationOption } = this.#settings
    const { resizeTimeout } = this.#pool
    for (let index = 0; index < nodeIds.length; index += MOST_NODES_REMOVED_AT_ONCE) {
      const chunk = nodeIds.slice(index, index + MOST_NODES_REMOVED_AT_ONCE)
      await this.free()
      tell(this.#context, {
        kind: 'notice',
        level: 'warning',
        text: `Pool ${this.#pool.name}: ${chunk.length} unusable nodes are removed and asked for again (${chunk.slice(0, 5).join(', ')}${chunk.length > 5 ? ' …' : ''}).`,
      })
      await this.plane.removeNodes(this.#pool.name, chunk, { resizeTimeout, nodeDeallocationOption })
      await this.steady(target)
    }
    return this.grow(target)
  }

  /**
   * PATCH under the ETag. What it overwrites must be as it was when the run decided; a lost answer makes the next try fail with 412,
   * so that what counts is whether the pool now says what was asked.
   */
  async patch(properties: PoolProperties, decidedOn?: PoolProperties, envelope?: PoolEnvelope): Promise<void> {
    const { etag, properties: now } = await this.get()
    const overwritten = Object.keys(properties).filter((name) => name !== 'scaleSettings')
    const foreign = decidedOn ? overwritten.filter((name) => !isDeepStrictEqual(now[name], decidedOn[name])) : []
    if (foreign.length > 0) throw this.#changedByOthers(foreign)
    try {
      await this.#context.batch.updatePool(this.#pool.id, properties, etag, envelope)
    } catch (error) {
      if (!(error instanceof AzureError && error.status === 412)) throw error
      if (!isSubset(properties, (await this.get()).properties)) throw this.#changedByOthers(Object.keys(properties))
    }
    const detail = Object.keys(properties).join(', ')
    tell(this.#context, { kind: 'resource', change: 'updated', type: 'pool', id: this.#pool.id, detail })
  }

  #changedByOthers(names: readonly string[]): PoolError {
    return new PoolError({
      title: 'Pool changed by someone else',
      message: `pool ${this.#pool.name} was changed during the run (${names.join(', ')}); nothing of it was overwritten`,
      hint: 'Run again: it starts from the pool as it is then. Let only one workflow or template own the pool.',
      link: 'https://docs.github.com/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency',
    })
  }

  /** Follows the resize that began at `startedAtMs` and asks again until the target is there or the policy says stop. */
  async #reach(target: NodeTotals, from: NodeTotals, startedAtMs: number): Promise<Pool> {
    const { clock, random, signal } = this.#context
    const { maxResizes } = this.#settings
    let sinceMs = startedAtMs
    let before = from
    let roundsWithoutGain = 0
    for (;;) {
      const pool = await this.steady(target)
      const current = totals(pool)
      const errors = errorsOfThisRun(pool, sinceMs).map(classifyResizeError)
      const gained = { dedicated: current.dedicated - before.dedicated, lowPriority: current.lowPriority - before.lowPriority }
      tell(this.#context, { kind: 'resize-ended', pool: pool.name, number: this.#number, gained, current, errors })
      if (!errors.some((error) => error.class === 'fatal')) this.#refuseForeignTarget(pool, target)
      roundsWithoutGain = cameNearer({ target, before, current }) ? 0 : roundsWithoutGain + 1
      const outcome = { target, before, current, errors, number: this.#number, maxResizes, roundsWithoutGain }
      const move = decideNext(outcome, random())
      if (move.kind === 'done') return pool
      if (move.kind === 'fail') throw await this.#shortfall(pool, target, move.why, move.error)
      const [error] = errors
      if (error && (await diagnose(error, pool, target, this.#account, this.#context))?.isFinal)
        throw await this.#shortfall(pool, target, 'fatal', error)
      tell(this.#context, { kind: 'resize-backoff', pool: pool.name, waitMs: move.afterMs, reason: errors[0]?.code ?? 'short of target' })
      await clock.sleep(move.afterMs, signal)
      before = current
      sinceMs = await this.resize(target)
    }
  }

  /** A person's resize is not undone behind their back. */
  #refuseForeignTarget({ name, properties }: Pool, target: NodeTotals): void {
    const { targetDedicatedNodes = target.dedicated, targetLowPriorityNodes = target.lowPriority } =
      properties.scaleSettings?.fixedScale ?? {}
    if (targetDedicatedNodes === target.dedicated && targetLowPriorityNodes === target.lowPriority) return
    throw new PoolError({
      title: 'Pool resized by someone else',
      message: `pool ${name} was resized to ${targetDedicatedNodes} dedicated and ${targetLowPriorityNodes} Spot nodes during the run, which asked for ${target.dedicated} and ${target.lowPriority}`,
      hint: 'That resize was left alone. Run again when it is settled who sizes the pool.',
    })
  }

  /**
   * Sends a resize; gives when it began by Azure's clock. An answer that was lost shows as `PoolBeingResized` on the next try. Without
   * the data plane a PATCH does it, believed only if the start moved.
   */
  async #send(request: ResizeRequest): Promise<number> {
    const before = startOf(await this.get())
    try {
      await this.plane.resize(this.#pool.name, request)
    } catch (error) {
      if (error instanceof DataPlaneUnreachableError) await this.#sendByPatch(request, before)
      else if (error instanceof AzureError && error.status === 409) {
        const status = (await this.get()).properties.resizeOperationStatus
        const isOurs = status?.targetDedicatedNodes === request.targetDedicatedNodes && startAt(status?.startTime) > before
        if (!isOurs) {
          await this.free()
          return this.#send(request)
        }
      } else throw error
    }
    return this.#startOfLastResize(before)
  }

  async #sendByPatch(request: ResizeRequest, before: number): Promise<void> {
    const { etag } = await this.get()
    const after = await this.#context.batch.updatePool(this.#pool.id, { scaleSettings: { fixedScale: { ...request } } }, etag)
    if (startOf(after) !== before) return
    throw new PoolError({
      title: 'Resize not started',
      message: `pool ${after.name}: the target was set, but Azure began no resize, and the data plane cannot be reached to ask for one`,
      hint: 'Run on a machine that reaches the data plane of the account.',
    })
  }

  /** A resize shows in the pool a moment after it was accepted. */
  #startOfLastResize(previousMs = 0): Promise<number> {
    return waitFor(
      this.#context,
      `the resize of pool ${this.#pool.name} to begin`,
      () => 1_000,
      async () => {
        const startedAtMs = startOf(await this.get())
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
    tell(this.#context, { kind: 'resize-started', pool: this.#pool.name, number: this.#number, maxResizes, from, request })
  }

  async #shortfall(
    pool: Pool,
    target: NodeTotals,
    why: 'fatal' | 'max-resizes' | 'no-progress',
    error: ResizeError | undefined,
  ): Promise<PoolError> {
    const current = totals(pool)
    const words = error ? `${error.innermostCode || error.code}: ${error.innermostMessage ?? error.message}` : 'Batch gave no error'
    const reason = { fatal: '', 'max-resizes': ` after ${this.#number} resizes`, 'no-progress': ' and the last resizes brought no node' }[
      why
    ]
    const found = error && (await diagnose(error, pool, target, this.#account, this.#context))
    return new PoolError({
      title: error?.code ?? 'Pool short of its target',
      message: `pool ${pool.name} has ${current.dedicated} of ${target.dedicated} dedicated and ${current.lowPriority} of ${target.lowPriority} Spot nodes${reason}: ${words}${found ? `\n${found.words}` : ''}`,
      hint: error?.fix ?? `Raise \`max-resizes\` or \`resize-timeout\` (now ${this.#pool.resizeTimeout}).`,
      ...(error && { link: error.link, code: error.innermostCode || error.code }),
    })
  }
}

export function totals({ properties }: Pool): NodeTotals {
  return { dedicated: properties.currentDedicatedNodes, lowPriority: properties.currentLowPriorityNodes }
}

function nodesIn(pool: Pool): number {
  const { dedicated, lowPriority } = totals(pool)
  return dedicated + lowPriority
}

const startAt = (time: string | undefined): number => Date.parse(time ?? '') || 0

function startOf({ properties }: Pool): number {
  return startAt(properties.resizeOperationStatus?.startTime)
}
