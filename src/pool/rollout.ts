import type { PoolSettings } from '../config/config.ts'
import { AzureError } from '../errors/azure-error.ts'
import type { Explanation } from '../errors/explanation.ts'
import { PoolError } from '../errors/run-errors.ts'
import type { ArmId } from '../model/arm-id.ts'
import type { BatchAccount, Pool, PoolEnvelope, PoolProperties } from '../model/batch.ts'
import { countIn, type NodeTotals } from '../model/nodes.ts'
import { emit, type StepContext, waitFor } from '../run/context.ts'
import { isSubset } from './drift.ts'
import { type Verdict, verify } from './health-gate.ts'
import { lastStateOf, MARKS, markIn, writeMark } from './marks.ts'
import { moveJobs } from './move-jobs.ts'
import { isBeingDeleted } from './plan-pool.ts'
import type { PoolPlan } from './pool-plan.ts'
import { PoolResizer } from './resizer.ts'
import { startOf, totals } from './size.ts'

/** The gate said no. */
export class GateError extends Error {
  readonly verdict: Verdict
  readonly explanation: Explanation

  constructor(verdict: Verdict, explanation: Explanation) {
    super(explanation.message)
    this.verdict = verdict
    this.explanation = explanation
  }
}

/** How the pool gets its nodes after the first writes. */
export type ResizeStart = 'own-resize' | 'new-resize' | 'no-resize'

const GONE_DELAY_MS = 10_000

/** One pool's way onto its image and to its size, in the parts that a run is told in. */
export class PoolRollout {
  readonly plan: PoolPlan
  readonly account: BatchAccount
  readonly settings: PoolSettings
  readonly context: StepContext
  readonly resizer: PoolResizer
  readonly #imageId: string | undefined
  #left: string | undefined
  #isRetiring = false
  #isGone = false

  constructor(plan: PoolPlan, imageId: string | undefined, account: BatchAccount, settings: PoolSettings, context: StepContext) {
    this.plan = plan
    this.account = account
    this.settings = settings
    this.context = context
    this.#imageId = imageId
    this.resizer = this.resizerOf({ id: plan.id, name: plan.request.id })
  }

  resizerOf({ id, name }: { readonly id: string; readonly name: string }): PoolResizer {
    const { resizeTimeout } = this.plan.request
    return new PoolResizer({ id: id as ArmId, name, resizeTimeout }, this.account, this.settings, this.context)
  }

  /** What is half done, should the run end now. */
  get unfinishedWork(): string | undefined {
    return this.#left
  }

  /** The jobs are on the way to the new pool: it must not be taken away any more. */
  get isRetiring(): boolean {
    return this.#isRetiring
  }

  /** Deleted by this run, and not made anew. */
  get isGone(): boolean {
    return this.#isGone
  }

  /** The writes up to the first resize. */
  async begin(): Promise<ResizeStart> {
    const { plan } = this
    switch (plan.action) {
      case 'none':
        return 'no-resize'
      case 'resize':
        this.resizer.tellForeignSize(await this.resizer.waitUntilIdle(), plan.existing)
        return 'new-resize'
      case 'update':
        this.resizer.tellForeignSize(await this.resizer.waitUntilIdle(), plan.existing)
        await this.resizer.editor.patch(plan.properties, plan.existing.properties, tagsOf(plan.request, plan.existing))
        return plan.resize ? 'new-resize' : 'no-resize'
      case 'reimage':
        return this.#reimage(plan.existing, plan.properties)
      case 'replace':
        await this.delete(plan.existing)
        this.#isGone = true
        this.#left = `Pool ${plan.request.id} was deleted and is not made anew yet; run again to finish.`
        await this.create(plan.properties)
        this.#isGone = false
        this.#left = undefined
        return 'own-resize'
      case 'create':
        await this.#untilGone()
        await this.create(plan.properties)
        return 'own-resize'
      case 'blue-green':
        return this.#beginGreen(plan.old, plan.green, plan.properties, plan.isOutdated)
    }
  }

  /** Drain to 0, patch. The pool remembers its last healthy state until the new one has passed the gate. */
  async #reimage(existing: Pool, properties: PoolProperties): Promise<ResizeStart> {
    const { id: name, autoScale } = this.plan.request
    // Nobody's nodes are drained for an image that will not be put there.
    const now = await this.resizer.waitUntilIdle()
    this.resizer.editor.refuseForeignChange(properties, now.properties, existing.properties)
    this.resizer.tellForeignSize(now, existing)
    const canary = this.#first === this.plan.request.target ? {} : { canaryNodes: this.#first.dedicated }
    await this.resizer.editor.mark(MARKS.before, writeMark({ ...lastStateOf(existing), ...canary }))
    const formula = existing.properties.scaleSettings?.autoScale ? ', and its autoscale is off' : ''
    this.#left = `Pool ${name} is drained for its new image and still on the old one${formula}; run again to finish.`
    const drained = await this.resizer.drain()
    const envelope = envelopeOf(this.plan.request, existing)
    const patched = await this.resizer.editor.patch(this.#sized(properties, this.#first), existing.properties, envelope)
    this.#left = undefined
    if (autoScale) return 'no-resize'
    // A PATCH that repeats the pool's target may begin no resize.
    return startOf(patched) > startOf(drained) ? 'own-resize' : 'new-resize'
  }

  async #beginGreen(old: Pool, green: Pool | undefined, properties: PoolProperties, isOutdated = false): Promise<ResizeStart> {
    const { id: name } = this.plan.request
    if (green && markIn(green.properties.metadata, MARKS.successorOf) === undefined) {
      throw new PoolError({
        title: 'Pool name taken',
        message: `pool ${name}, as the new pool would be called, is there already and was not made by this action`,
        hint: 'Delete or rename that pool, or build another version of the image. Nothing was changed.',
      })
    }
    // Jobs move over the data plane: where it cannot be reached, nothing is begun.
    await this.resizer.plane.listJobs(old.name)
    this.#left = `Pool ${name} stands beside pool ${old.name}, which keeps its jobs; run again to finish.`
    if (green && !isOutdated) return 'new-resize'
    if (green) await this.removeGreen(green, old)
    await this.create(properties)
    return 'own-resize'
  }

  async follow(from: ResizeStart): Promise<Pool> {
    const { target, autoScale } = this.plan.request
    if (this.settings.wait === 'none') {
      if (from === 'new-resize') await this.resizer.resize(target)
      return this.resizer.editor.get()
    }
    if (autoScale && this.#isNew) return this.resizer.followFormula()
    if (from === 'no-resize' || autoScale) return this.resizer.waitUntilSteady()
    const first = this.#first
    if (from === 'new-resize' && (first === target || totals(await this.resizer.editor.get()).dedicated > first.dedicated))
      return this.resizer.grow(target)
    const pool = from === 'new-resize' ? await this.resizer.grow(first) : await this.resizer.follow(first)
    if (first === target) return pool
    await this.gate(pool, first)
    return this.resizer.grow(target)
  }

  /**
   * The health gate; unusable nodes are replaced as long as that helps and the cap on resizes allows. Where a formula sizes the pool they
   * are left: without them it would look healthy at a size that the formula has not asked for. @throws GateError
   */
  async gate(pool: Pool, target: NodeTotals): Promise<Verdict> {
    const { autoScale } = this.plan.request
    const look = async (seen: Pool): Promise<Verdict> => {
      const verdict = await verify(this.plan, seen, target, this.#imageId, this.account, this.settings, this.context)
      // Fewer nodes than asked for are no failure of the image where somebody resized the pool.
      if (verdict.error && !autoScale) this.resizer.refuseForeignTarget(await this.resizer.editor.get(), target)
      return verdict
    }
    let verdict = await look(pool)
    let healthyBefore = -1
    const unusable = () => countIn(verdict.counts, ['unusable'])
    if (verdict.error && unusable() > 0 && autoScale) {
      const text = `Pool ${this.plan.request.id}: ${unusable()} unusable nodes are left, for its formula sizes it; remove them, and it asks for others.`
      emit(this.context, { kind: 'notice', level: 'warning', text })
    }
    while (!autoScale && verdict.error && unusable() > 0 && this.resizer.mayResize && verdict.health.healthy > healthyBefore) {
      healthyBefore = verdict.health.healthy
      const nodes = await this.resizer.plane.listNodes(this.plan.request.id, ['unusable'], unusable())
      verdict = await look(
        await this.resizer.replaceNodes(
          nodes.map(({ id }) => id),
          target,
        ),
      )
    }
    if (verdict.error) throw new GateError(verdict, verdict.error.explanation)
    return verdict
  }

  /** An earlier run may have moved jobs to the new pool: they go back first. */
  async removeGreen(green: Pool, old: Pool): Promise<void> {
    await this.moveJobs(green.name, old.name)
    await this.delete(green)
  }

  /** Blue-green's end: old pools give their jobs to the new one, finish their tasks and go. */
  async retire(olds: readonly Pool[]): Promise<void> {
    this.#isRetiring = true
    for (const old of olds) {
      this.#left = `Pool ${this.plan.request.id} is ready, but pool ${old.name} is not retired yet; run again to move what jobs are left and delete it.`
      const now = await this.context.batch.getPool(old.id as ArmId)
      if (!now) continue
      await this.moveJobs(old.name, this.plan.request.id)
      // A run that asks for no size takes it from the old pool, as long as there is one.
      const resizer = this.resizerOf(old)
      await resizer.editor.mark(MARKS.before, writeMark(lastStateOf(now)))
      await resizer.drain()
      // Somebody may have submitted a job to the old pool while it was drained.
      await this.moveJobs(old.name, this.plan.request.id)
      await this.delete(old)
    }
    this.#left = undefined
  }

  moveJobs(from: string, to: string): Promise<void> {
    return moveJobs(from, to, this.resizer.plane, this.settings.nodeDeallocationOption, this.context)
  }

  /** The pool is healthy: what it was before is of no use any more. @throws ForeignChangeError where it was resized since the gate. */
  async clearPreviousState(pool: Pool): Promise<Pool> {
    if (markIn(pool.properties.metadata, MARKS.before) === undefined || this.settings.wait === 'none') return pool
    await this.resizer.editor.mark(MARKS.before)
    const now = await this.resizer.editor.get()
    if (!this.plan.request.autoScale) this.resizer.refuseForeignTarget(now, this.plan.request.target)
    return now
  }

  async create(properties: PoolProperties): Promise<void> {
    const { ledger } = this.context
    const { id } = this.plan
    ledger.record({ id, kind: 'pool' })
    emit(this.context, { kind: 'resource', change: 'creating', type: 'pool', id })
    try {
      await this.context.batch.createPool(id, this.#sized(properties, this.#first), envelopeOf(this.plan.request))
    } catch (error) {
      if (!(await this.#isThere(properties, error))) throw error
    }
    ledger.settle(id)
    emit(this.context, { kind: 'resource', change: 'created', type: 'pool', id })
  }

  async delete({ id }: Pick<Pool, 'id'>): Promise<void> {
    emit(this.context, { kind: 'resource', change: 'deleting', type: 'pool', id })
    await this.context.batch.deletePool(id as ArmId, this.context.signal)
    emit(this.context, { kind: 'resource', change: 'deleted', type: 'pool', id })
  }

  /** A pool of that name may still be on its way out, e.g. deleted by a run that died before it made the new one. */
  async #untilGone(): Promise<void> {
    await waitFor(
      this.context,
      () => `the earlier pool ${this.plan.request.id} to be gone`,
      () => GONE_DELAY_MS,
      async () => {
        const pool = await this.context.batch.getPool(this.plan.id)
        return pool && isBeingDeleted(pool) ? undefined : true
      },
    )
  }

  /** Whether the image is new to the pool: by this run, or by a dead one that had not finished. */
  get #isNew(): boolean {
    const { action, existing } = this.plan
    const isMarked = existing && markIn(existing.properties.metadata, MARKS.before) !== undefined
    return isMarked || ['create', 'reimage', 'replace', 'blue-green'].includes(action)
  }

  /** The canary's size where the image is new to the pool, or all. */
  get #first(): NodeTotals {
    const { target } = this.plan.request
    const { canaryNodes, wait } = this.settings
    return this.#isNew && wait !== 'none' && canaryNodes > 0 && canaryNodes < target.dedicated
      ? { dedicated: canaryNodes, lowPriority: 0 }
      : target
  }

  #sized(properties: PoolProperties, { dedicated, lowPriority }: NodeTotals): PoolProperties {
    const { fixedScale } = properties.scaleSettings ?? {}
    if (!fixedScale) return properties
    return {
      ...properties,
      scaleSettings: { fixedScale: { ...fixedScale, targetDedicatedNodes: dedicated, targetLowPriorityNodes: lowPriority } },
    }
  }

  /** An answer that was lost makes the next try fail, because the pool exists by then. */
  async #isThere(properties: PoolProperties, error: unknown): Promise<boolean> {
    if (!(error instanceof AzureError) || (error.status !== 412 && error.status !== 409)) return false
    const pool = await this.context.batch.getPool(this.plan.id)
    return pool !== undefined && isSubset(properties.deploymentConfiguration, pool.properties.deploymentConfiguration)
  }
}

function envelopeOf({ identity, tags }: PoolEnvelope, existing?: PoolEnvelope): PoolEnvelope {
  return { ...(identity && { identity }), ...tagsOf({ ...(tags && { tags }) }, existing) }
}

/** Tags of others stay. */
function tagsOf({ tags }: PoolEnvelope, existing?: PoolEnvelope): PoolEnvelope {
  return tags ? { tags: { ...existing?.tags, ...tags } } : {}
}
