import type { ArmId } from '../arm-id.ts'
import type { PoolSettings } from '../config.ts'
import { AzureError, type Explanation, explain } from '../errors.ts'
import type { NodeTotals, PhaseName } from '../events.ts'
import type { PoolPlan } from '../plan.ts'
import { isSubset } from '../plan-pool.ts'
import type { BatchAccount, Pool, PoolEnvelope, PoolProperties } from '../ports.ts'
import { type StepContext, tell } from './context.ts'
import { moveJobs } from './jobs.ts'
import { PoolResizer, totals } from './pool-resizer.ts'
import { type Verdict, verify } from './verify.ts'

/** What became of one pool. */
export interface Arrival {
  /** Absent where there is none (any more). */
  readonly pool?: Pool
  readonly verdict?: Verdict
  readonly error?: Explanation
  /** The pool is back on its previous image, or the old pool still serves. */
  readonly isRolledBack: boolean
}

/** Runs a part of the way as a phase of its own, where there is only one pool to tell of. */
export type Stage = <T>(phase: PhaseName, body: () => Promise<T>) => Promise<T>

/** One pool onto its image, to its size, through the health gate. Its failure is its own; only the end of the run is thrown. */
export async function bringUp(
  plan: PoolPlan,
  imageId: string | undefined,
  account: BatchAccount,
  settings: PoolSettings,
  context: StepContext,
  stage: Stage,
): Promise<Arrival> {
  const way = new PoolWay(plan, imageId, account, settings, context)
  try {
    const from = await stage('pool', () => way.begin())
    const pool = await stage('follow', () => way.follow(from))
    const verdict = await stage('verify', () => way.gate(pool, plan.request.target))
    if (verdict.error) throw new GateError(verdict, verdict.error.explanation)
    if (plan.action === 'blue-green') await stage('pool', () => way.retire(plan.old))
    return { pool: await way.pool(), verdict, isRolledBack: false }
  } catch (error) {
    if (context.signal.aborted) throw error
    const verdict = error instanceof GateError ? error.verdict : undefined
    const explanation = error instanceof GateError ? error.explanation : explain(error)
    if (settings.onFailure === 'rollback') return stage('pool', () => way.rollBack(explanation))
    const pool = await way.pool().catch(() => undefined)
    return { ...(pool && { pool }), ...(verdict && { verdict }), error: explanation, isRolledBack: false }
  }
}

class GateError extends Error {
  readonly verdict: Verdict
  readonly explanation: Explanation

  constructor(verdict: Verdict, explanation: Explanation) {
    super(explanation.message)
    this.verdict = verdict
    this.explanation = explanation
  }
}

/** How the pool gets its nodes after the first writes. */
type From = 'own-resize' | 'new-resize' | 'as-it-is'

class PoolWay {
  readonly #plan: PoolPlan
  readonly #imageId: string | undefined
  readonly #account: BatchAccount
  readonly #settings: PoolSettings
  readonly #context: StepContext
  readonly #resizer: PoolResizer

  constructor(plan: PoolPlan, imageId: string | undefined, account: BatchAccount, settings: PoolSettings, context: StepContext) {
    this.#plan = plan
    this.#imageId = imageId
    this.#account = account
    this.#settings = settings
    this.#context = context
    const { resizeTimeout, id: name } = plan.request
    this.#resizer = new PoolResizer({ id: plan.id, name, resizeTimeout }, account, settings, context)
  }

  pool(): Promise<Pool> {
    return this.#resizer.get()
  }

  /** The writes up to the first resize. */
  async begin(): Promise<From> {
    const plan = this.#plan
    switch (plan.action) {
      case 'none':
        return 'as-it-is'
      case 'resize':
        return 'new-resize'
      case 'update':
        await this.#resizer.free()
        await this.#resizer.patch(plan.properties, plan.existing.properties, tagsOf(plan.request, plan.existing))
        return plan.resize ? 'new-resize' : 'as-it-is'
      case 'reimage':
        await this.#resizer.drain()
        await this.#resizer.patch(
          this.#sized(plan.properties, this.#first),
          plan.existing.properties,
          envelopeOf(plan.request, plan.existing),
        )
        return plan.request.autoScale ? 'as-it-is' : 'own-resize'
      case 'replace':
        await this.#delete(plan.existing)
        await this.#create(plan.properties)
        return 'own-resize'
      case 'create':
        await this.#create(plan.properties)
        return 'own-resize'
      case 'blue-green':
        if (plan.green) return 'new-resize'
        await this.#create(plan.properties)
        return 'own-resize'
    }
  }

  async follow(from: From): Promise<Pool> {
    const { target, autoScale } = this.#plan.request
    if (this.#settings.wait === 'none') {
      if (from === 'new-resize') await this.#resizer.resize(target)
      return this.#resizer.get()
    }
    if (from === 'as-it-is' || autoScale) return this.#resizer.steady()
    if (from === 'new-resize') return this.#resizer.grow(target)
    const first = this.#first
    const pool = await this.#resizer.follow(first)
    if (first === target) return pool
    const verdict = await this.gate(pool, first)
    if (verdict.error) throw new GateError(verdict, verdict.error.explanation)
    return this.#resizer.grow(target)
  }

  /** The health gate; unusable nodes are replaced as long as that helps and the cap on resizes allows. */
  async gate(pool: Pool, target: NodeTotals): Promise<Verdict> {
    const look = (seen: Pool) => verify(this.#plan, seen, target, this.#imageId, this.#account, this.#settings, this.#context)
    let verdict = await look(pool)
    let healthyBefore = -1
    while (verdict.error && verdict.unusable > 0 && this.#resizer.mayResize && verdict.health.healthy > healthyBefore) {
      healthyBefore = verdict.health.healthy
      const nodes = await this.#resizer.plane.listNodes(this.#plan.request.id, ['unusable'], verdict.unusable)
      const ids = nodes.map(({ id }) => id)
      verdict = await look(await this.#resizer.replaceNodes(ids, target))
    }
    return verdict
  }

  /** Blue-green's end: the old pool gives its jobs to the new one, finishes its tasks and goes. */
  async retire(old: Pool): Promise<void> {
    await moveJobs(old.name, this.#plan.request.id, this.#resizer.plane, this.#settings.nodeDeallocationOption, this.#context)
    const { resizeTimeout } = this.#plan.request
    await new PoolResizer({ id: old.id as ArmId, name: old.name, resizeTimeout }, this.#account, this.#settings, this.#context).drain()
    await this.#delete(old)
  }

  /** Back to the image and size of before; the run stays red. */
  async rollBack(error: Explanation): Promise<Arrival> {
    const plan = this.#plan
    const kept = async (text: string): Promise<Arrival> => {
      tell(this.#context, { kind: 'notice', level: 'warning', text })
      const pool = await this.pool().catch(() => undefined)
      return { ...(pool && { pool }), error, isRolledBack: false }
    }
    try {
      switch (plan.action) {
        case 'blue-green': {
          tell(this.#context, { kind: 'notice', level: 'warning', text: `Rolling back: pool ${plan.old.name} keeps its jobs.` })
          const green = await this.pool()
          await this.#delete(green)
          return { pool: plan.old, error, isRolledBack: true }
        }
        case 'reimage':
        case 'replace': {
          const { properties } = plan.existing
          tell(this.#context, { kind: 'notice', level: 'warning', text: `Rolling back pool ${plan.existing.name} to its previous image.` })
          await this.#resizer.drain()
          await this.#resizer.patch({
            deploymentConfiguration: properties.deploymentConfiguration ?? {},
            scaleSettings: properties.scaleSettings ?? {},
          })
          const before = new PoolWay(
            { id: plan.id, request: { ...plan.request, target: targetOf(plan.existing) }, existing: plan.existing, action: 'none' },
            undefined,
            this.#account,
            { ...this.#settings, canaryNodes: 0 },
            this.#context,
          )
          const pool = await before.follow(properties.scaleSettings?.autoScale ? 'as-it-is' : 'own-resize')
          const verdict = await before.gate(pool, targetOf(plan.existing))
          return { pool: await this.pool(), verdict, error, isRolledBack: verdict.error === undefined }
        }
        case 'none':
        case 'resize':
        case 'update':
        case 'create':
          return await kept(`Nothing to roll back: the image of pool ${plan.request.id} was not changed by this run.`)
      }
    } catch (failure) {
      if (this.#context.signal.aborted) throw failure
      return kept(`The rollback of pool ${plan.request.id} failed: ${explain(failure).message}`)
    }
  }

  /** The canary's size, or all. */
  get #first(): NodeTotals {
    const { target } = this.#plan.request
    const { canaryNodes } = this.#settings
    return canaryNodes > 0 && canaryNodes < target.dedicated ? { dedicated: canaryNodes, lowPriority: 0 } : target
  }

  #sized(properties: PoolProperties, { dedicated, lowPriority }: NodeTotals): PoolProperties {
    const { fixedScale } = properties.scaleSettings ?? {}
    if (!fixedScale) return properties
    return {
      ...properties,
      scaleSettings: { fixedScale: { ...fixedScale, targetDedicatedNodes: dedicated, targetLowPriorityNodes: lowPriority } },
    }
  }

  async #create(properties: PoolProperties): Promise<void> {
    const { ledger } = this.#context
    const { id } = this.#plan
    ledger.record({ id, kind: 'pool' })
    tell(this.#context, { kind: 'resource', change: 'creating', type: 'pool', id })
    try {
      await this.#context.batch.createPool(id, this.#sized(properties, this.#first), envelopeOf(this.#plan.request))
    } catch (error) {
      if (!(await this.#isThere(properties, error))) throw error
    }
    ledger.settle(id)
    tell(this.#context, { kind: 'resource', change: 'created', type: 'pool', id })
  }

  /** An answer that was lost makes the next try fail, because the pool exists by then. */
  async #isThere(properties: PoolProperties, error: unknown): Promise<boolean> {
    if (!(error instanceof AzureError) || (error.status !== 412 && error.status !== 409)) return false
    const pool = await this.#context.batch.getPool(this.#plan.id)
    return pool !== undefined && isSubset(properties.deploymentConfiguration, pool.properties.deploymentConfiguration)
  }

  async #delete({ id }: Pool): Promise<void> {
    tell(this.#context, { kind: 'resource', change: 'deleting', type: 'pool', id })
    await this.#context.batch.deletePool(id as ArmId, this.#context.signal)
    tell(this.#context, { kind: 'resource', change: 'deleted', type: 'pool', id })
  }
}

function envelopeOf({ identity, tags }: PoolEnvelope, existing?: PoolEnvelope): PoolEnvelope {
  return { ...(identity && { identity }), ...tagsOf({ ...(tags && { tags }) }, existing) }
}

/** Tags of others stay. */
function tagsOf({ tags }: PoolEnvelope, existing?: PoolEnvelope): PoolEnvelope {
  return tags ? { tags: { ...existing?.tags, ...tags } } : {}
}

function targetOf(pool: Pool): NodeTotals {
  const { fixedScale } = pool.properties.scaleSettings ?? {}
  return fixedScale
    ? { dedicated: fixedScale.targetDedicatedNodes ?? 0, lowPriority: fixedScale.targetLowPriorityNodes ?? 0 }
    : totals(pool)
}
