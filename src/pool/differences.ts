/** Pure: how an existing pool differs from the pool as it should be. */
import { isDeepStrictEqual } from 'node:util'
import type { PoolRequest } from '../config/config.ts'
import type { Pool, PoolProperties } from '../model/batch.ts'
import { isSubset } from './drift.ts'
import { type Metadata, withoutMarks } from './marks.ts'
import { isNothing, membersOf, propertyOf, REMOVALS } from './members.ts'
import { IDENTITY } from './own-names.ts'
import { compareSecrets, type SecretComparison } from './secret-fingerprints.ts'
import { hasIdentities, type WantedPool, wantedOf } from './wanted.ts'

export interface Differences {
  readonly wanted: WantedPool
  readonly secrets: SecretComparison
  /** Names of properties that differ, including `identity`, but not the image, a fixed size or tags. */
  readonly properties: readonly string[]
  readonly tags: boolean
  /** Names of what should be removed but cannot be: only PUT removes it, and PUT would lose what people added with secrets. */
  readonly stuck: readonly string[]
}

export interface Compared {
  readonly request: PoolRequest
  /** The spec, with image, node agent, security type and size filled in. */
  readonly properties: PoolProperties
  readonly existing: Pool
  readonly salt: string
  /** The existing pool is changed; otherwise another one takes its place. */
  readonly isChanged: boolean
}

export function differencesOf({ request, properties, existing, salt, isChanged }: Compared): Differences {
  const all = wantedOf(request, properties, existing)
  const secrets = compareSecrets(properties, existing, salt)
  const stuck = isChanged && all.unreadable.length > 0 ? all.removed.filter(needsPut) : []
  const wanted = { ...all, removed: all.removed.filter((name) => !stuck.includes(name)) }
  const actual = membersOf(existing.properties)
  const asked = Object.entries(membersOf(properties)).filter(([, value]) => !isNothing(value))
  const members = [
    ...asked.flatMap(([name, value]) => (isSubset(value, actual[name], name) ? [] : [name])),
    ...wanted.removed.filter((name) => !isItem(name)),
    ...secrets.changed,
  ]
  const found = [
    ...members.map(propertyOf),
    ...(isMachineAsAsked(request, existing) ? [] : ['deploymentConfiguration']),
    ...(isSameItems(wanted.whole.properties.metadata, existing.properties.metadata) ? [] : ['metadata']),
    ...(!request.autoScale || isSubset(request.properties.scaleSettings, existing.properties.scaleSettings) ? [] : ['scaleSettings']),
    ...(hasIdentities(request, existing) ? [] : [IDENTITY]),
  ]
  const { tags } = wanted.whole.envelope
  return { wanted, secrets, properties: [...new Set(found)], tags: !isDeepStrictEqual(tags ?? {}, existing.tags ?? {}), stuck }
}

/** Properties that follow from the image are compared only where they are requested. */
function isMachineAsAsked({ properties, nodeAgentSkuId }: PoolRequest, existing: Pool): boolean {
  const { securityProfile } = properties.deploymentConfiguration?.virtualMachineConfiguration ?? {}
  const asked = { ...(securityProfile && { securityProfile }), ...(nodeAgentSkuId && { nodeAgentSkuId }) }
  return isSubset(asked, existing.properties.deploymentConfiguration?.virtualMachineConfiguration ?? {})
}

const isSameItems = (wanted: Metadata | undefined, actual: Metadata | undefined): boolean =>
  isSubset(wanted ?? [], withoutMarks(actual), 'metadata')

/** The body of a PATCH of the named properties. Those that the wanted pool does not have are removed. */
export function patchOf(names: readonly string[], { properties }: WantedPool['whole']): PoolProperties {
  return Object.fromEntries(names.filter((name) => name !== IDENTITY).map((name) => [name, properties[name] ?? REMOVALS[name] ?? []]))
}

/** Whether a name is that of an item of metadata, or of a tag. */
export const isItem = (name: string): boolean => /^(?:metadata|tags)\./.test(name)

/** Whether no PATCH can remove it. */
export const needsPut = (name: string): boolean => !isItem(name) && propertyOf(name) !== 'deploymentConfiguration' && !(name in REMOVALS)
