import { type Explanation, explainInLine } from '../errors/explanation.ts'
import { ForeignChangeError } from '../errors/run-errors.ts'
import type { Pool } from '../model/batch.ts'
import { emit, type StepContext } from '../run/context.ts'
import { saysAll } from './drift.ts'
import type { PoolChange } from './editor.ts'
import { servedName } from './family.ts'
import { MARKS, markIn } from './marks.ts'
import type { PoolOutcome } from './outcome.ts'
import { changedByOthers } from './pool-lifecycle.ts'
import type { PoolPlan } from './pool-plan.ts'
import { previousPool, previousState } from './previous-pool.ts'
import { isGone } from './replaced-pool.ts'
import { withdraw } from './retire.ts'
import { PoolRollout, type ResizeStart } from './rollout.ts'
import { startOf } from './size.ts'

/** Back to the previous image and size; the run stays red. What somebody else changed meanwhile is left alone. */
export async function rollBack(
  { rollout, error, cause }: { readonly rollout: PoolRollout; readonly error: Explanation; readonly cause: unknown },
  context: StepContext,
): Promise<PoolOutcome> {
  const { plan } = rollout
  const { id: name } = plan.request
  const warn = (text: string) => emit(context, { kind: 'notice', level: 'warning', text })
  const kept = async (text: string): Promise<PoolOutcome> => {
    warn(text)
    const pool = await rollout.resizer.editor.get().catch(() => undefined)
    return { ...(pool && { pool }), error, isRolledBack: false }
  }
  if (cause instanceof ForeignChangeError) return kept(`No rollback of pool ${name}: someone else changes it.`)
  try {
    if (plan.action === 'blue-green') {
      if (rollout.isRetiring)
        return await kept(`No rollback: pool ${name} passed the gate and takes over the jobs of pool ${plan.old.name}.`)
      warn(`Rolling back: pool ${plan.old.name} keeps its jobs.`)
      await removeOwnGreen(rollout, plan.old)
      return { pool: plan.old, error, isRolledBack: true }
    }
    const { existing } = rollout
    const isMarked = existing && markIn(existing.properties.metadata, MARKS.before) !== undefined
    if (!existing || (!isMarked && plan.action !== 'reimage' && plan.action !== 'replace'))
      return await kept(`Nothing to roll back: the image of pool ${name} was not changed by this run.`)
    warn(`Rolling back pool ${name} to its previous image.`)
    return await restore(rollout, existing, error)
  } catch (failure) {
    if (context.signal.aborted) throw failure
    return kept(`The rollback of pool ${name} failed: ${explainInLine(failure)}`)
  }
}

/** A pool that was never made, or was made by others, needs no removal. */
async function removeOwnGreen(rollout: PoolRollout, old: Pool): Promise<void> {
  const green = await rollout.context.batch.getPool(rollout.plan.id)
  if (!green || servedName(green) === undefined) return
  await withdraw(rollout.retirementOf(green, old.name), rollout.context)
}

/** The pool as it was when it was last healthy, through the same gate. */
async function restore(rollout: PoolRollout, existing: Pool, error: Explanation): Promise<PoolOutcome> {
  const { plan, account, settings, context } = rollout
  const change = previousState(existing, plan)
  const { properties, envelope, target } = previousPool(existing, plan)
  const autoScale = change.properties.scaleSettings?.autoScale !== undefined
  const request = { ...plan.request, ...change.envelope, target, autoScale }
  const work = { account, settings: { ...settings, canaryNodes: 0 }, isTested: true }
  const plain = { id: plan.id, request }
  if (await isGone(plan, context)) {
    const write = { properties, envelope, marks: {}, removed: [] }
    const again = new PoolRollout({ ...work, plan: { ...plain, action: 'create', ...write } }, context)
    await again.create(write)
    return arrive(again, 'own-resize', error)
  }
  const owed = owedChange(change, plan, await rollout.resizer.editor.get())
  // The nodes of a pool that has its image still, or again, are not drained for it.
  const drained = await (owed.isOfSize ? rollout.resizer.waitUntilIdle() : rollout.drain())
  const patched = await rollout.resizer.editor.patch(owed)
  await rollout.resizer.editor.mark(MARKS.before)
  const back = new PoolRollout(
    {
      ...work,
      plan: { ...plain, existing: { ...existing, properties: { ...existing.properties, ...change.properties } }, action: 'resize' },
    },
    context,
  )
  return arrive(back, startOf(patched) > startOf(drained) ? 'own-resize' : 'new-resize', error)
}

/**
 * What a rollback must write to the pool as it is `now`. What this run sent and is not there any more, somebody else has changed: that is
 * left alone. @throws ForeignChangeError where it is the image or the size of the nodes
 */
function owedChange(change: PoolChange, plan: PoolPlan, now: Pool): PoolChange & { readonly isOfSize: boolean } {
  const { scaleSettings, metadata, ...before } = change.properties
  if (saysAll(before, now.properties)) return { properties: { ...(scaleSettings && { scaleSettings }) }, isOfSize: true }
  const sent = 'properties' in plan ? plan.properties : {}
  const isForeign = (name: string) => sent[name] !== undefined && !saysAll({ [name]: sent[name] }, now.properties)
  const foreign = Object.keys(before).filter(isForeign)
  if (foreign.some((name) => name === 'deploymentConfiguration' || name === 'vmSize'))
    throw changedByOthers(now.name, `while this run worked on it (${foreign.join(', ')})`)
  const properties = Object.fromEntries(Object.entries(change.properties).filter(([name]) => !foreign.includes(name)))
  return { ...change, properties, isOfSize: false }
}

async function arrive(back: PoolRollout, from: ResizeStart, error: Explanation): Promise<PoolOutcome> {
  const pool = await back.follow(from)
  const verdict = await back.gate(pool, back.plan.request.target)
  return { pool: await back.resizer.editor.get(), verdict, error, isRolledBack: true }
}
