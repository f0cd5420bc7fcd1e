import { type Explanation, explain } from '../errors/explanation.ts'
import { ForeignChangeError } from '../errors/run-errors.ts'
import { type Pool, type PoolEnvelope, type PoolIdentity, type PoolProperties, settableIn } from '../model/batch.ts'
import { emit, type StepContext } from '../run/context.ts'
import { servedName } from './family.ts'
import { lastStateOf, MARKS, markIn, withMark } from './marks.ts'
import type { PoolOutcome } from './outcome.ts'
import { withdraw } from './retire.ts'
import { PoolRollout, type ResizeStart } from './rollout.ts'
import { startOf, targetOf } from './size.ts'

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
    const { existing } = plan
    const isMarked = existing && markIn(existing.properties.metadata, MARKS.before) !== undefined
    if (!existing || (!isMarked && plan.action !== 'reimage' && plan.action !== 'replace'))
      return await kept(`Nothing to roll back: the image of pool ${name} was not changed by this run.`)
    warn(`Rolling back pool ${name} to its previous image.`)
    return await restore(rollout, existing, error)
  } catch (failure) {
    if (context.signal.aborted) throw failure
    return kept(`The rollback of pool ${name} failed: ${explain(failure).message}`)
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
  const properties = before(existing, plan.action === 'reimage' || plan.action === 'replace' ? plan.properties : {})
  const previous: Pool = { ...existing, properties: { ...existing.properties, ...properties } }
  const target = targetOf(previous)
  const { autoScale } = properties.scaleSettings ?? {}
  const envelope = envelopeOf(existing, plan.request.identity)
  const request = { ...plan.request, ...envelope, target, autoScale: autoScale !== undefined }
  const work = { account, settings: { ...settings, canaryNodes: 0 }, isTested: true }
  const plain = { id: plan.id, request }
  if (rollout.isGone) {
    const properties = whole(previous)
    const again = new PoolRollout({ ...work, plan: { ...plain, action: 'create', properties } }, context)
    await again.create(properties)
    return arrive(again, 'own-resize', error)
  }
  const drained = await rollout.resizer.drain()
  const patched = await rollout.resizer.editor.patch(properties, undefined, envelope)
  await rollout.resizer.editor.mark(MARKS.before)
  const back = new PoolRollout({ ...work, plan: { ...plain, existing: previous, action: 'resize' } }, context)
  return arrive(back, startOf(patched) > startOf(drained) ? 'own-resize' : 'new-resize', error)
}

async function arrive(back: PoolRollout, from: ResizeStart, error: Explanation): Promise<PoolOutcome> {
  const pool = await back.follow(from)
  const verdict = await back.gate(pool, back.plan.request.target)
  return { pool: await back.resizer.editor.get(), verdict, error, isRolledBack: true }
}

/** What this run, or an interrupted one, changed, as it was. Passwords are never given back by Batch, so accounts stay as they are. */
function before(existing: Pool, changed: PoolProperties): PoolProperties {
  const { properties } = existing
  const { vmSize, scaleSettings, pool: _pool, ...configuration } = lastStateOf(existing)
  const restored = Object.keys(changed).filter((name) => name !== 'userAccounts' && properties[name] !== undefined)
  return {
    ...Object.fromEntries(restored.map((name) => [name, properties[name]])),
    ...(vmSize && { vmSize }),
    deploymentConfiguration: {
      ...properties.deploymentConfiguration,
      virtualMachineConfiguration: { ...properties.deploymentConfiguration?.virtualMachineConfiguration, ...configuration },
    },
    scaleSettings,
  }
}

/** What Azure adds to an identity is not given back to it; one that this run gave to a pool without any is taken away. */
function envelopeOf({ identity, tags }: Pool, given: PoolIdentity | undefined): PoolEnvelope {
  const ids = Object.keys(identity?.userAssignedIdentities ?? {})
  const previous: PoolIdentity | undefined =
    ids.length > 0
      ? { type: 'UserAssigned', userAssignedIdentities: Object.fromEntries(ids.map((id) => [id, {}])) }
      : given && { type: 'None' }
  return { ...(previous && { identity: previous }), ...(tags && { tags }) }
}

const whole = ({ properties }: Pool): PoolProperties => ({
  ...settableIn(properties),
  ...(properties.metadata && { metadata: withMark(properties.metadata, MARKS.before) }),
})
