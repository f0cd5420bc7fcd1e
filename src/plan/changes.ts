/** Pure: a plan in words, one line per change. */
import type { FleetSettings } from '../config/config.ts'
import type { ImagePlan, VersionUpdate } from '../image/image-plan.ts'
import { type ArmId, isWithin, labelAmong, nameOf } from '../model/arm-id.ts'
import { nodesOf } from '../model/nodes.ts'
import type { PoolPlan } from '../pool/pool-plan.ts'
import { describeProof, type ProofPlans } from '../pool/proof-plan.ts'

const IMAGE_VERBS = { absent: 'create', failed: 'rebuild', creating: 'adopt', succeeded: 'adopt' } as const

const INCLUDED_LATER = 'it is included in latest once all pools are healthy on it'

export function startChanges(vm: ArmId | undefined): readonly PlannedChange[] {
  const reason = 'an interrupted run stopped it; it is started again'
  return vm ? [{ verb: 'update', type: 'virtual machine', id: vm, name: nameOf(vm), reason }] : []
}

export function imageChanges(image: ImagePlan): readonly PlannedChange[] {
  const updates = image.kind === 'reuse' && image.update ? updatesOf(image.update) : []
  if (image.kind === 'reuse') {
    const reasons = [...updates, ...(image.isExcludedFromLatest ? [INCLUDED_LATER] : [])]
    return reasons.map((reason) => ({ verb: 'update', type: 'image version', id: image.id, name: image.version, reason }))
  }
  if (image.kind !== 'build') return []
  const change = (verb: PlannedChange['verb'], type: string, id: string, reason: string): PlannedChange => ({
    verb,
    type,
    id,
    name: nameOf(id),
    reason,
  })
  return [
    ...image.snapshots.map(({ id, disk, exists }) =>
      change(exists ? 'adopt' : 'create', 'snapshot', id, disk === 'os' ? 'OS disk' : `data disk at LUN ${disk}`),
    ),
    ...(image.gallery && !image.gallery.exists ? [change('create', 'gallery', image.gallery.id, 'it does not exist')] : []),
    ...(image.definition?.create ? [change('create', 'image definition', image.definition.id, 'it does not exist')] : []),
    ...(image.poolImages
      ? image.poolImages
          .filter(({ state }) => state !== 'succeeded')
          .map(({ id, state, pool }) =>
            change(IMAGE_VERBS[state], 'managed image', id, pool ? `of pool ${pool}: ${image.reason}` : image.reason),
          )
      : [change(IMAGE_VERBS[image.existing?.state ?? 'absent'], 'image version', image.id, image.reason)]),
    ...(image.isExcludedFromLatest ? [change('update', 'image version', image.id, INCLUDED_LATER)] : []),
  ]
}

export function proofChanges({ proofs, leftovers }: ProofPlans): readonly PlannedChange[] {
  const change = (verb: PlannedChange['verb'], { id, name }: { id: string; name: string }, reason: string): PlannedChange => ({
    verb,
    type: 'pool',
    id,
    name,
    reason,
  })
  return [
    ...leftovers.map((pool) => change('delete', pool, 'a proof pool that an earlier run has left')),
    ...proofs.map((proof) => change('create', proof, describeProof(proof))),
  ]
}

function updatesOf({ retriedRegions = [], endOfLifeDate }: VersionUpdate): readonly string[] {
  return [
    ...(retriedRegions.length > 0 ? [`its replica in ${retriedRegions.join(', ')} failed; replication is tried again`] : []),
    ...(endOfLifeDate ? [`its life ends on ${endOfLifeDate.slice(0, 10)}`] : []),
  ]
}

export function poolChanges(plan: PoolPlan): readonly PlannedChange[] {
  const { id, request, action } = plan
  const size = request.autoScale ? 'size by its formula' : nodesOf(request.target)
  const change = (verb: PlannedChange['verb'], reason: string): PlannedChange => ({ verb, type: 'pool', name: request.id, id, reason })
  switch (action) {
    case 'none':
      return []
    case 'create':
      return [change('create', size)]
    case 'resize':
      return [change('resize', size)]
    case 'update':
      return [change('update', updatedIn(plan)), ...(plan.resize ? [change('resize', size)] : [])]
    case 'reimage':
      return [change('reimage', `drain to 0, change the image${withoutRemoved(plan)}, grow to ${size}`)]
    case 'blue-green':
      return [
        ...(plan.isOutdated ? [change('delete', 'it does not match what is requested now')] : []),
        change(plan.green && !plan.isOutdated ? 'adopt' : 'create', size),
        ...[plan.old, ...plan.abandonedSuccessors].map(({ name, id }) => ({
          verb: 'delete' as const,
          type: 'pool',
          name,
          id,
          reason: 'its jobs go to the new pool',
        })),
      ]
    case 'replace':
      return [change('delete', 'strategy: replace'), change('create', `${size}${withoutRemoved(plan)}`)]
  }
}

/** Where pools are in several accounts, each has the account before its name. */
export function inFleet(fleet: FleetSettings | undefined, changes: readonly PlannedChange[]): readonly PlannedChange[] {
  const accounts = fleet?.accounts ?? []
  if (accounts.length < 2) return changes
  return changes.map((change) => {
    const account = accounts.find((one) => isWithin(one, change.id))
    return account ? { ...change, name: `${labelAmong(accounts, account)}/${change.name}` } : change
  })
}

type PoolUpdate = PoolPlan & { readonly action: 'update' }

const updatedIn = (plan: PoolUpdate): string =>
  `${[...Object.keys(plan.properties), ...(plan.envelope.tags ? ['tags'] : [])].join(', ')}${withoutRemoved(plan)}`

/** What the spec no longer has. */
const withoutRemoved = ({ removed = [] }: { readonly removed?: readonly string[] }): string =>
  removed.length > 0 ? `, remove ${removed.join(', ')}` : ''

/** One line of a plan, e.g. `create` `image version` `golden/2026.1123.0` `from 3 snapshots`. */
export interface PlannedChange {
  readonly verb: 'create' | 'adopt' | 'update' | 'resize' | 'reimage' | 'delete' | 'rebuild'
  readonly type: string
  readonly name: string
  readonly id: string
  readonly reason: string
}
