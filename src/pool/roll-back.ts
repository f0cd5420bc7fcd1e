import { type Explanation, explain } from '../errors/explanation.ts'
import { ForeignChangeError } from '../errors/run-errors.ts'
import type { Pool, PoolEnvelope, PoolIdentity, PoolProperties } from '../model/batch.ts'
import { emit, type StepContext } from '../run/context.ts'
import { lastStateOf, MARKS, markIn, withMark } from './marks.ts'
import type { PoolOutcome } from './outcome.ts'
import { GateError, PoolRollout, type ResizeStart } from './rollout.ts'
import { startOf, targetOf } from './size.ts'

/** Set by Batch; a pool is not made with them. */
const READ_ONLY: ReadonlySet<string> = new Set([
  'provisioningState',
  'provisioningStateTransitionTime',
  'creationTime',
  'lastModified',
  'allocationState',
  'allocationStateTransitionTime',
  'currentDedicatedNodes',
  'currentLowPriorityNodes',
  'resizeOperationStatus',
  'autoScaleRun',
])

/** Back to the image and size of before; the run stays red. What somebody else changed meanwhile is left alone. */
export async function rollBack(
  { rollout: way, error, cause }: { readonly rollout: PoolRollout; readonly error: Explanation; readonly cause: unknown },
  context: StepContext,
): Promise<PoolOutcome> {
  const { plan } = way
  const { id: name } = plan.request
  const warn = (text: string) => emit(context, { kind: 'notice', level: 'warning', text })
  const kept = async (text: string): Promise<PoolOutcome> => {
    warn(text)
    const pool = await way.resizer.editor.get().catch(() => undefined)
    return { ...(pool && { pool }), error, isRolledBack: false }
  }
  if (cause instanceof ForeignChangeError) return kept(`No rollback of pool ${name}: someone else changes it.`)
  try {
    if (plan.action === 'blue-green') {
      if (way.isRetiring) return await kept(`No rollback: pool ${name} passed the gate and takes over the jobs of pool ${plan.old.name}.`)
      warn(`Rolling back: pool ${plan.old.name} keeps its jobs.`)
      await removeGreen(way, plan.old)
      return { pool: plan.old, error, isRolledBack: true }
    }
    const { existing } = plan
    const isMarked = existing && markIn(existing.properties.metadata, MARKS.before) !== undefined
    if (!existing || (!isMarked && plan.action !== 'reimage' && plan.action !== 'replace'))
      return await kept(`Nothing to roll back: the image of pool ${name} was not changed by this run.`)
    warn(`Rolling back pool ${name} to its previous image.`)
    return await restore(way, existing, error)
  } catch (failure) {
    if (context.signal.aborted) throw failure
    const why = failure instanceof GateError ? failure.explanation : explain(failure)
    return kept(`The rollback of pool ${name} failed: ${why.message}`)
  }
}

/** A pool that was never made, or was made by others, needs no removal. */
async function removeGreen(way: PoolRollout, old: Pool): Promise<void> {
  const green = await way.context.batch.getPool(way.plan.id)
  if (!green || markIn(green.properties.metadata, MARKS.successorOf) === undefined) return
  await way.removeGreen(green, old)
}

/** The pool as it was when it was last healthy, through the same gate. */
async function restore(way: PoolRollout, existing: Pool, error: Explanation): Promise<PoolOutcome> {
  const { plan, account, settings, context } = way
  const properties = before(existing, plan.action === 'reimage' ? plan.properties : {})
  const previous: Pool = { ...existing, properties: { ...existing.properties, ...properties } }
  const target = targetOf(previous)
  const { autoScale } = properties.scaleSettings ?? {}
  const envelope = envelopeOf(existing, plan.request.identity)
  const request = { ...plan.request, ...envelope, target, autoScale: autoScale !== undefined }
  const calm = { ...settings, canaryNodes: 0 }
  const plain = { id: plan.id, request }
  if (way.isGone) {
    const properties = whole(previous)
    const anew = new PoolRollout({ ...plain, action: 'create', properties }, undefined, account, calm, context)
    await anew.create(properties)
    return arrive(anew, 'own-resize', error)
  }
  const drained = await way.resizer.drain()
  const patched = await way.resizer.editor.patch(properties, undefined, envelope)
  await way.resizer.editor.mark(MARKS.before)
  const back = new PoolRollout({ ...plain, existing: previous, action: 'resize' }, undefined, account, calm, context)
  return arrive(back, startOf(patched) > startOf(drained) ? 'own-resize' : 'new-resize', error)
}

async function arrive(back: PoolRollout, from: ResizeStart, error: Explanation): Promise<PoolOutcome> {
  const pool = await back.follow(from)
  const verdict = await back.gate(pool, back.plan.request.target)
  return { pool: await back.resizer.editor.get(), verdict, error, isRolledBack: true }
}

/** What this run, or a dead one, changed, as it was. Passwords are never given back by Batch, so accounts stay as they are. */
function before(existing: Pool, changed: PoolProperties): PoolProperties {
  const { properties } = existing
  const { vmSize, scaleSettings, canaryNodes: _, ...configuration } = lastStateOf(existing)
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
  ...Object.fromEntries(Object.entries(properties).filter(([name]) => !READ_ONLY.has(name))),
  ...(properties.metadata && { metadata: withMark(properties.metadata, MARKS.before) }),
})
