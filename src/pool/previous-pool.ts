/** Pure: a pool as it was before this run, or an interrupted one, began with it. */
import { type Pool, type PoolEnvelope, type PoolIdentity, type PoolProperties, settableIn } from '../model/batch.ts'
import type { NodeTotals } from '../model/nodes.ts'
import { isSubset } from './drift.ts'
import type { PoolChange } from './editor.ts'
import { lastStateOf, MARKS, markIn, withMark } from './marks.ts'
import { type Members, membersOf, propertyOf, REMOVALS, withMembers } from './members.ts'
import type { PoolPlan } from './pool-plan.ts'
import { targetOf } from './size.ts'
import { isUnreadable } from './unreadable.ts'
import type { WholePool } from './wanted.ts'

/**
 * What this run, or an interrupted one, changed, as it was, and what was noted then. Secrets are never given back by Batch: what has some
 * stays as this run has set it.
 */
export function previousState(existing: Pool, plan: PoolPlan): PoolChange & { readonly envelope: PoolEnvelope } {
  const { properties } = existing
  const { vmSize, scaleSettings, pool: _pool, nodes: _nodes, ...configuration } = lastStateOf(existing)
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

/** The same as a pool that can be made: what this run deleted to replace it. */
export function previousPool(existing: Pool, plan: PoolPlan): WholePool & { readonly target: NodeTotals } {
  const { properties: changed, envelope } = previousState(existing, plan)
  const before = { ...existing.properties, ...changed }
  const { metadata, ...whole } = withMembers(before, membersBefore(settableIn(before), plan))
  const kept = withMark(metadata, MARKS.before)
  return {
    properties: { ...whole, ...(kept.length > 0 && { metadata: kept }) },
    envelope,
    target: targetOf({ ...existing, properties: before }),
  }
}

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
