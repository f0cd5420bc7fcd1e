import type { PoolSettings } from '../config/config.ts'
import { PoolError } from '../errors/run-errors.ts'
import type { ArmId } from '../model/arm-id.ts'
import { type BatchAccount, type Pool, settableIn } from '../model/batch.ts'
import { type NodeTotals, totalOf } from '../model/nodes.ts'
import type { StepContext } from '../run/context.ts'
import { servedName } from './family.ts'
import { refuseForeignTarget } from './foreign-size.ts'
import { evaluatedSinceMs } from './formula.ts'
import type { Verdict } from './health-gate.ts'
import { lastStateOf, MARKS, markIn, withMarks, writeMark } from './marks.ts'
import { passGate } from './pass-gate.ts'
import { createPool, deletePool } from './pool-lifecycle.ts'
import type { PoolPlan, PoolWork, PoolWrite } from './pool-plan.ts'
import { replacedPool } from './replaced-pool.ts'
import { PoolResizer } from './resizer.ts'
import { type Retirement, retire, withdraw } from './retire.ts'
import { canaryOf, sizedTo, startOf, totals } from './size.ts'
import { SmokeGate } from './smoke-gate.ts'
import { removeSmokeJob } from './smoke-test.ts'

/** For so long a pool that nobody changes counts as it was read. */
const FRESH_MS = 10_000

/** How the pool gets its nodes after the first writes. */
export type ResizeStart = 'own-resize' | 'new-resize' | 'no-resize'

/** One pool on its way onto its image and to its size, in the parts that a run reports. */
export class PoolRollout {
  readonly work: PoolWork
  readonly context: StepContext
  readonly resizer: PoolResizer
  #unfinishedWork: string | undefined
  #isRetiring = false
  readonly #smokeGate: SmokeGate
  /** The pool as the last change of its formula left it. */
  #changed: Pool | undefined
  /** The pool as it was read right before this run changed it. */
  #before: Pool | undefined

  constructor(work: PoolWork, context: StepContext) {
    this.work = work
    this.context = context
    this.#smokeGate = new SmokeGate(work, context)
    this.resizer = this.resizerOf({ id: work.plan.id, name: work.plan.request.id })
  }

  get plan(): PoolPlan {
    return this.work.plan
  }

  get account(): BatchAccount {
    return this.work.account
  }

  get settings(): PoolSettings {
    return this.work.settings
  }

  resizerOf({ id, name }: { readonly id: string; readonly name: string }): PoolResizer {
    const { resizeTimeout } = this.plan.request
    return new PoolResizer({ id: id as ArmId, name, resizeTimeout }, this.work, this.context)
  }

  retirementOf(pool: Pool, heir: string): Retirement {
    return { pool, heir, resizer: this.resizerOf(pool), option: this.settings.nodeDeallocationOption }
  }

  /** The pool as it was before this run changed it: what others did to it since the run was planned is not lost to a rollback. */
  get existing(): Pool | undefined {
    return this.#before ?? this.plan.existing
  }

  /** What is half done, should the run end now. */
  get unfinishedWork(): string | undefined {
    return this.#unfinishedWork
  }

  /** The jobs are on the way to the new pool: it must not be taken away any more. */
  get isRetiring(): boolean {
    return this.#isRetiring
  }

  /** The writes up to the first resize; `beforeGrowth` is waited for once the nodes of the pool are gone. */
  async begin(beforeGrowth: () => Promise<void> = async () => {}): Promise<ResizeStart> {
    const { plan } = this
    switch (plan.action) {
      case 'none':
        return 'no-resize'
      case 'resize':
        this.resizer.reportForeignSize(await this.resizer.waitUntilIdle(), plan.existing)
        return 'new-resize'
      case 'update':
        this.resizer.reportForeignSize(await this.resizer.waitUntilIdle(), plan.existing)
        await this.#update(plan)
        return plan.resize ? 'new-resize' : 'no-resize'
      case 'reimage':
        return this.#reimage(plan, beforeGrowth)
      case 'replace':
        return this.#replace(plan, beforeGrowth)
      case 'create':
        await this.create(plan)
        return 'own-resize'
      case 'blue-green':
        return this.#beginGreen(plan)
    }
  }

  async #update(plan: PoolPlan & { readonly action: 'update' }): Promise<void> {
    const patched = await this.resizer.editor.patch(plan, plan.existing.properties)
    if (plan.properties.scaleSettings?.autoScale) this.#changed = patched
  }

  /** Drain to 0, patch. */
  async #reimage(plan: PoolPlan & { readonly action: 'reimage' }, beforeGrowth: () => Promise<void>): Promise<ResizeStart> {
    const { existing } = plan
    const { id: name, autoScale } = plan.request
    // Nobody's nodes are drained for an image that will not be put there.
    const refuseChanged = (now: Pool) => this.resizer.editor.refuseForeignChange(plan, now.properties, existing.properties)
    const now = await this.resizer.waitUntilIdle()
    refuseChanged(now)
    await this.#remember(now, existing)
    const formula = existing.properties.scaleSettings?.autoScale ? ', and its autoscale is off' : ''
    this.#unfinishedWork = `Pool ${name} was being drained for its new image and is still on the old one${formula}; run again to finish.`
    const drained = await this.drain(refuseChanged)
    await beforeGrowth()
    const patched = await this.resizer.editor.patch(plan, existing.properties)
    this.#unfinishedWork = undefined
    if (autoScale) {
      this.#changed = patched
      return 'no-resize'
    }
    // A PATCH that repeats the pool's target may begin no resize.
    return startOf(patched) > startOf(drained) ? 'own-resize' : 'new-resize'
  }

  async #replace(plan: PoolPlan & { readonly action: 'replace' }, beforeGrowth: () => Promise<void>): Promise<ResizeStart> {
    const { existing } = plan
    const { name } = existing
    const refuseChanged = (now: Pool) =>
      this.resizer.editor.refuseForeignChange({ properties: settableIn(existing.properties) }, now.properties, existing.properties)
    const now = await this.resizer.waitUntilIdle()
    refuseChanged(now)
    await this.#remember(now, existing)
    this.#unfinishedWork = `Pool ${name} was being drained to be replaced, and is not replaced yet; run again to finish.`
    await this.drain(refuseChanged)
    const owed = replacedPool({ ...plan, existing: now })
    this.context.ledger.record(owed)
    const remedy = owed.body ? 'the post step makes it again as it was, or run again to finish' : 'run again to make it'
    this.#unfinishedWork = `Pool ${name} is deleted, or being deleted, and is not made again yet: ${remedy}.`
    await deletePool({ pool: existing, plane: this.resizer.plane, refuseChanged }, this.context)
    await beforeGrowth()
    await this.create(plan)
    this.#unfinishedWork = undefined
    return 'own-resize'
  }

  /** Right before the first change. The pool remembers its last healthy state until the new one has passed the gate. */
  async #remember(now: Pool, decidedOn: Pool): Promise<void> {
    this.resizer.reportForeignSize(now, decidedOn)
    this.#before = now
    await this.resizer.editor.mark(MARKS.before, writeMark(lastStateOf(now)))
  }

  /** From here until the pool has got a size again, that is owed to it: by the end of the run, or by its post step. */
  drain(refuseChanged?: (now: Pool) => void): Promise<Pool> {
    this.context.ledger.record({ id: this.plan.id, kind: 'poolSize' })
    return this.resizer.drain(refuseChanged)
  }

  async #beginGreen(plan: PoolPlan & { readonly action: 'blue-green' }): Promise<ResizeStart> {
    const { old, green, isOutdated } = plan
    const { id: name } = plan.request
    if (green && servedName(green) === undefined) {
      throw new PoolError({
        title: 'Pool name taken',
        message: `pool ${name}, the name of the new pool, exists already and was not made by this action`,
        hint: 'Delete or rename that pool, or build another version of the image. Nothing was changed.',
      })
    }
    // Jobs move over the data plane: where it cannot be reached, nothing is begun.
    await this.resizer.plane.listJobs(old.name)
    this.#unfinishedWork = `Pool ${name} stands beside pool ${old.name}, which keeps its jobs; run again to finish.`
    if (green && !isOutdated) return 'new-resize'
    if (green) await withdraw(this.retirementOf(green, old.name), this.context)
    await this.create(plan)
    return 'own-resize'
  }

  /** @throws GateError */
  gate(pool: Pool, target: NodeTotals): Promise<Verdict> {
    return passGate({ work: this.work, resizer: this.resizer, pool, target }, this.context)
  }

  async follow(from: ResizeStart): Promise<Pool> {
    const { target, autoScale } = this.plan.request
    if (this.settings.wait === 'none') {
      if (from === 'new-resize') await this.resizer.resize(target)
      return this.resizer.editor.get()
    }
    if (autoScale) return this.resizer.followFormula(evaluatedSinceMs(this.#changed, this.plan.existing))
    if (from === 'no-resize') return this.#justRead(this.plan.existing) ?? this.resizer.waitUntilSteady()
    const first = this.#first
    if (from === 'new-resize' && (first === target || totalOf(totals(await this.resizer.editor.get())) > totalOf(first)))
      return this.resizer.grow(target)
    const pool = from === 'new-resize' ? await this.resizer.grow(first) : await this.resizer.follow(first)
    if (first === target) return pool
    await this.smokeTest(await this.gate(pool, first), totalOf(first))
    return this.resizer.grow(target)
  }

  /** The pool as it is at the end; as `seen` where this run changes nothing and has just read it. */
  async atEnd(seen: Pool): Promise<Pool> {
    return this.#justRead(seen) ?? this.resizer.editor.get()
  }

  /** A steady pool that nothing is done to, where what is known of it was read a moment ago. */
  #justRead(pool: Pool | undefined): Pool | undefined {
    const { plan, work, context } = this
    const ageMs = context.arm.now().getTime() - Date.parse(work.observedAt ?? '')
    const isFresh = plan.action === 'none' && ageMs < FRESH_MS && pool?.properties.allocationState === 'Steady'
    return isFresh ? pool : undefined
  }

  /** Runs the smoke test on at most `mostNodes` nodes, where it is due. @throws GateError */
  async smokeTest(verdict: Verdict, mostNodes: number): Promise<Verdict> {
    return this.#smokeGate.isDue
      ? this.#smokeGate.pass(await this.resizer.editor.get(), verdict, mostNodes)
      : this.#smokeGate.resultsIn(verdict)
  }

  /** Blue-green's end: old pools give their jobs to the new one, finish their tasks and go. */
  async retire(olds: readonly Pool[]): Promise<void> {
    this.#isRetiring = true
    for (const old of olds) {
      this.#unfinishedWork = `Pool ${this.plan.request.id} is ready, but pool ${old.name} is not retired yet; run again to move what jobs are left and delete it.`
      await retire(this.retirementOf(old, this.plan.request.id), this.context)
    }
    this.#unfinishedWork = undefined
  }

  /** The pool is healthy: what it was before is of no use any more. @throws ForeignChangeError where it was resized since the gate. */
  async clearPreviousState(pool: Pool): Promise<Pool> {
    const { smokeTest, wait } = this.settings
    const settled = this.#smokeGate.isOwed ? [MARKS.before] : [MARKS.before, MARKS.untested]
    const marks = settled.filter((name) => markIn(pool.properties.metadata, name) !== undefined)
    if (marks.length === 0 || wait === 'none') return pool
    for (const mark of marks) await this.resizer.editor.mark(mark)
    // A run that was interrupted in its smoke test may have left the job.
    if (marks.includes(MARKS.untested) && !smokeTest) await removeSmokeJob(pool.name, this.resizer.plane, this.context)
    const now = await this.resizer.editor.get()
    if (!this.plan.request.autoScale) refuseForeignTarget(now, this.plan.request.target)
    return now
  }

  async create({ properties, envelope, marks }: PoolWrite): Promise<void> {
    const { id, request } = this.plan
    const owed = this.#smokeGate.isOwed ? { [MARKS.untested]: 'true' } : {}
    const metadata = withMarks(properties.metadata, { ...marks, ...owed })
    this.resizer.editor.expectVisible()
    await createPool({ id, properties: sizedTo(this.#first, { ...properties, metadata }), envelope }, this.context)
    this.resizer.editor.expectVisible()
    if (request.autoScale) this.#changed = await this.resizer.editor.get()
  }

  /** Of blue-green, the canary in the new pool, before the old one is touched; else all. */
  get #first(): NodeTotals {
    const { target } = this.plan.request
    return this.plan.action === 'blue-green' ? canaryOf(target, this.settings.canaryNodes) : target
  }
}
