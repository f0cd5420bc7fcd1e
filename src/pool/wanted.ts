/**
 * Pure: one pool as it is to be. A spec's members count; what it leaves out goes where this action had set it (`own-names.ts`); what people
 * added stays. The same for every strategy.
 */
import type { PoolRequest } from '../config/config.ts'
import { type Pool, type PoolEnvelope, type PoolIdentity, type PoolProperties, settableIn } from '../model/batch.ts'
import { type Metadata, withoutMarks } from './marks.ts'
import { isNothing, isUnset, type Members, membersOf, withMembers } from './members.ts'
import { IDENTITY, metadataName, ownNamesOf, tagName } from './own-names.ts'
import { isUnreadable } from './unreadable.ts'

/** A pool as one could be made. */
export interface WholePool {
  readonly properties: PoolProperties
  readonly envelope: PoolEnvelope
}

export interface WantedPool {
  readonly whole: WholePool
  /** Names of what the pool has and is not to have. */
  readonly removed: readonly string[]
  /** Members that people added and no request can repeat, because Azure does not return their secrets; `whole` is without them. */
  readonly unreadable: readonly string[]
}

/** @param properties the spec, with image, node agent, security type and size filled in */
export function wantedOf(request: PoolRequest, properties: PoolProperties, existing?: Pool): WantedPool {
  const own: ReadonlySet<string> = existing ? ownNamesOf(existing) : new Set()
  const members = wantedMembers(membersOf(properties), membersOf(settableIn(existing?.properties ?? {})), own)
  const metadata = wantedItems(properties.metadata, withoutMarks(existing?.properties.metadata), (name) => own.has(metadataName(name)))
  const tags = wantedItems(entriesOf(request.tags), entriesOf(existing?.tags), (name) => own.has(tagName(name)))
  const identity = wantedIdentity(request, existing, own)
  const { metadata: _metadata, ...unmarked } = properties
  return {
    whole: {
      properties: withMembers({ ...unmarked, ...(metadata.items.length > 0 && { metadata: metadata.items }) }, members.wanted),
      envelope: {
        ...(identity.wanted && { identity: identity.wanted }),
        ...((tags.items.length > 0 || tags.removed.length > 0) && {
          tags: Object.fromEntries(tags.items.map(({ name, value }) => [name, value])),
        }),
      },
    },
    removed: [...members.removed, ...metadata.removed.map(metadataName), ...tags.removed.map(tagName), ...identity.removed],
    unreadable: members.unreadable,
  }
}

function wantedMembers(asked: Members, actual: Members, own: ReadonlySet<string>) {
  const present = Object.entries(actual).filter(([name, value]) => !isUnset(name, value))
  const isLeftOut = (name: string) => (name in asked ? isNothing(asked[name]) : own.has(name))
  const kept = present.filter(([name]) => !(name in asked || own.has(name)))
  const [unreadable, readable] = [true, false].map((is) => kept.filter(([name, value]) => isUnreadable(name, value) === is))
  return {
    wanted: Object.fromEntries([...(readable ?? []), ...Object.entries(asked).filter(([, value]) => !isNothing(value))]),
    removed: present.flatMap(([name]) => (isLeftOut(name) ? [name] : [])),
    unreadable: (unreadable ?? []).map(([name]) => name),
  }
}

const entriesOf = (tags: PoolEnvelope['tags'] = {}): Metadata => Object.entries(tags).map(([name, value]) => ({ name, value }))

/** Metadata and tags are one's own item by item. */
function wantedItems(asked: Metadata = [], actual: Metadata = [], isOwn: (name: string) => boolean) {
  const others = actual.filter(({ name }) => !asked.some((item) => item.name.toLowerCase() === name.toLowerCase()))
  return {
    items: [...asked, ...others.filter(({ name }) => !isOwn(name))],
    removed: others.filter(({ name }) => isOwn(name)).map(({ name }) => name),
  }
}

const idsOf = (identity: PoolIdentity | undefined): readonly string[] => Object.keys(identity?.userAssignedIdentities ?? {})

/** Azure changes the case of ids. */
const isIn = (ids: readonly string[], id: string): boolean => ids.some((one) => one.toLowerCase() === id.toLowerCase())

/** Identities that a spec gave are its own as a whole. */
function wantedIdentity(
  { identity }: PoolEnvelope,
  existing: PoolEnvelope | undefined,
  own: ReadonlySet<string>,
): { readonly wanted?: PoolIdentity; readonly removed: readonly string[] } {
  const asked = idsOf(identity)
  const others = idsOf(existing?.identity).filter((id) => !isIn(asked, id))
  const isRemoved = others.length > 0 && own.has(IDENTITY)
  const ids = isRemoved ? asked : [...asked, ...others]
  const given: PoolIdentity = { type: 'UserAssigned', userAssignedIdentities: Object.fromEntries(ids.map((id) => [id, {}])) }
  const wanted: PoolIdentity | undefined = ids.length > 0 ? given : isRemoved ? { type: 'None' } : identity
  return { ...(wanted && { wanted }), removed: isRemoved ? [IDENTITY] : [] }
}

/** Whether the pool has all requested identities. */
export const hasIdentities = ({ identity }: PoolEnvelope, existing: PoolEnvelope): boolean =>
  idsOf(identity).every((id) => isIn(idsOf(existing.identity), id))
