import { type Explanation, explainInLine } from '../errors/explanation.ts'
import { ForeignChangeError } from '../errors/run-errors.ts'
import { type Pool, type PoolEnvelope, type PoolIdentity, type PoolProperties, settableIn } from '../model/batch.ts'
import { emit, type StepContext } from '../run/context.ts'
import { isSubset } from './drift.ts'
import type { PoolChange } from './editor.ts'
import { servedName } from './family.ts'
import { lastStateOf, MARKS, markIn } from './marks.ts'
import { type Members, membersOf, propertyOf, REMOVALS, withMembers } from './members.ts'
import type { PoolOutcome } from './outcome.ts'
import type { PoolPlan } from './pool-plan.ts'
import { withdraw } from './retire.ts'
import { PoolRollout, type ResizeStart } from './rollout.ts'
import { startOf, targetOf } from './size.ts'
import { isUnreadable } from './unreadable.ts'

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
  const previous: Pool = { ...existing, properties: { ...existing.properties, ...change.properties } }
  const target = targetOf(previous)
  const autoScale = change.properties.scaleSettings?.autoScale !== undefined
  const request = { ...plan.request, ...change.envelope, target, autoScale }
  const work = { account, settings: { ...settings, canaryNodes: 0 }, isTested: true }
  const plain = { id: plan.id, request }
  if (rollout.isGone) {
    const write = { properties: wholeOf(previous, plan), envelope: change.envelope, marks: { [MARKS.before]: undefined }, removed: [] }
    const again = new PoolRollout({ ...work, plan: { ...plain, action: 'create', ...write } }, context)
    await again.create(write)
    return arrive(again, 'own-resize', error)
  }
  const drained = await rollout.resizer.drain()
  const patched = await rollout.resizer.editor.patch(change)
  await rollout.resizer.editor.mark(MARKS.before)
  const back = new PoolRollout({ ...work, plan: { ...plain, existing: previous, action: 'resize' } }, context)
  return arrive(back, startOf(patched) > startOf(drained) ? 'own-resize' : 'new-resize', error)
}

async function arrive(back: PoolRollout, from: ResizeStart, error: Explanation): Promise<PoolOutcome> {
  const pool = await back.follow(from)
  const verdict = await back.gate(pool, back.plan.request.target)
  return { pool: await back.resizer.editor.get(), verdict, error, isRolledBack: true }
}

/**
 * What this run, or an interrupted one, changed, as it was, and what was noted then. Secrets are never given back by Batch: what has some
 * stays as this run has set it.
 */
function previousState(existing: Pool, plan: PoolPlan): PoolChange & { readonly envelope: PoolEnvelope } {
  const { properties } = existing
  const { vmSize, scaleSettings, pool: _pool, ...configuration } = lastStateOf(existing)
  const { deploymentConfiguration } = withMembers(properties, membersBefore(properties, plan))
  const changed = 'properties' in plan ? [...Object.keys(plan.properties), ...plan.removed.map(propertyOf)] : []
  const restored = changed.filter((name) => !isUnreadable(name, properties[name]) && (properties[name] ?? REMOVALS[name]) !== undefined)
  return {
    properties: {
      ...Object.fromEntries(restored.map((name) => [name, properties[name] ?? REMOVALS[name]])),
      ...(vmSize && { vmSize }),
      deploymentConfiguration: {
        ...deploymentConfiguration,
        virtualMachineConfiguration: { ...deploymentConfiguration?.virtualMachineConfiguration, ...configuration },
      },
      scaleSettings,
    },
    envelope: envelopeOf(existing, plan.request.identity),
    marks: Object.fromEntries([MARKS.sets, MARKS.secrets].map((name) => [name, markIn(properties.metadata, name)])),
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

const wholeOf = ({ properties }: Pool, plan: PoolPlan): PoolProperties =>
  withMembers(properties, membersBefore(settableIn(properties), plan))

/** What nobody can read is as the run wanted it, or gone: a registry without its password is refused, or useless. */
function membersBefore(properties: PoolProperties, plan: PoolPlan): Members {
  const wanted = { ...membersOf(plan.request.properties), ...('properties' in plan && membersOf(plan.properties)) }
  const members = Object.entries(membersOf(properties)).flatMap(([name, value]) => {
    const known = isUnreadable(name, value) || isSameButForSecrets(name, wanted[name], value) ? wanted[name] : value
    return known === undefined ? [] : [[name, known] as const]
  })
  return Object.fromEntries(members)
}

/** Nothing shows whether an extension has protected settings: where the run has sent the same one, its body has them. */
const isSameButForSecrets = (name: string, wanted: unknown, value: unknown): boolean =>
  name === 'vm.extensions' && wanted !== undefined && isSubset(wanted, value, name)
