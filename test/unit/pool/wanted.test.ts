/**
 * One rule for all strategies: what a spec leaves out goes where this action had set it; what people added stays. Each row is one thing that
 * a spec may have, as the pool has it, and as Azure takes it away.
 */
import { describe, expect, test } from 'vitest'
import type { PoolRequest } from '../../../src/config/config.ts'
import type { ArmId } from '../../../src/model/arm-id.ts'
import type { Pool, PoolProperties, VirtualMachineConfiguration } from '../../../src/model/batch.ts'
import { withMarks } from '../../../src/pool/marks.ts'
import { notedOn } from '../../../src/pool/noted.ts'
import { planPool } from '../../../src/pool/plan-pool.ts'
import type { PoolPlan, PoolQuestion } from '../../../src/pool/pool-plan.ts'
import { compareSecrets } from '../../../src/pool/secret-fingerprints.ts'
import { ACCOUNT, asked, NEW, OLD, pool, question } from '../../fixtures/pools.ts'

interface Set {
  readonly properties?: PoolProperties
  readonly more?: Partial<PoolRequest>
}

/** The pool as a run left it that had this in its spec; `isNoted: false`: as people left it. */
function poolWith(
  { properties = {}, more = {} }: Set,
  { isNoted, image = NEW }: { readonly isNoted: boolean; readonly image?: string },
): Pool {
  const standing = pool(image, {}, 'render')
  const configuration = {
    ...standing.properties.deploymentConfiguration?.virtualMachineConfiguration,
    ...properties.deploymentConfiguration?.virtualMachineConfiguration,
  }
  const marks = isNoted
    ? notedOn({ poolName: 'render', request: asked(properties, more), secrets: compareSecrets(properties, undefined, 'salt') })
    : {}
  return {
    ...standing,
    ...(more.identity && { identity: more.identity }),
    ...(more.tags && { tags: more.tags }),
    properties: {
      ...standing.properties,
      ...properties,
      deploymentConfiguration: { virtualMachineConfiguration: configuration },
      metadata: withMarks(properties.metadata, marks),
    },
  }
}

const plan = (existing: Pool, changes: Partial<PoolQuestion> = {}) => planPool(question({ existing, siblings: [existing], ...changes }))
const written = (planned: PoolPlan) => ('properties' in planned ? { ...planned.properties, ...planned.envelope } : {})
const SUBNET = { subnetId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/s' }
const IDENTITY = { type: 'UserAssigned', userAssignedIdentities: { '/i': {} } } as const
const vm = (more: VirtualMachineConfiguration): PoolProperties => ({ deploymentConfiguration: { virtualMachineConfiguration: more } })

/** What was set, the action that removes it in place, and what is sent for it. */
const ROWS: readonly [string, Set, string, object][] = [
  ['a start task', { properties: { startTask: { commandLine: 'x' } } }, 'update', { startTask: {} }],
  ['metadata', { properties: { metadata: [{ name: 'team', value: 'vfx' }] } }, 'update', { metadata: [] }],
  ['application packages', { properties: { applicationPackages: [{ id: '/a' }] } }, 'update', { applicationPackages: [] }],
  ['tags', { more: { tags: { team: 'vfx' } } }, 'update', { tags: {} }],
  ['task slots', { properties: { taskSlotsPerNode: 4 } }, 'reimage', { taskSlotsPerNode: 1 }],
  ['inter-node communication', { properties: { interNodeCommunication: 'Enabled' } }, 'reimage', { interNodeCommunication: 'Disabled' }],
  [
    'the scheduling policy',
    { properties: { taskSchedulingPolicy: { nodeFillType: 'Pack' } } },
    'reimage',
    { taskSchedulingPolicy: { nodeFillType: 'Spread' } },
  ],
  ['data disks', { properties: vm({ dataDisks: [{ lun: 0, diskSizeGB: 64 }] }) }, 'reimage', {}],
  ['containers', { properties: vm({ containerConfiguration: { type: 'DockerCompatible' } }) }, 'reimage', {}],
  ['extensions', { properties: vm({ extensions: [{ name: 'e', type: 'KeyVaultForLinux' }] }) }, 'reimage', {}],
  ['a subnet', { properties: { networkConfiguration: SUBNET } }, 'reimage', {}],
  ['mounts', { properties: { mountConfiguration: [{ nfsMountConfiguration: { source: 's', relativeMountPath: 'm' } }] } }, 'reimage', {}],
  ['user accounts', { properties: { userAccounts: [{ name: 'u', password: 'secret-1' }] } }, 'reimage', {}],
  ['a display name', { properties: { displayName: 'Render' } }, 'reimage', {}],
  ['an upgrade policy', { properties: { upgradePolicy: { mode: 'manual' } } }, 'reimage', {}],
  ['an identity', { more: { identity: IDENTITY } }, 'reimage', { identity: { type: 'None' } }],
]

describe.each(ROWS)('%s that the spec no longer has', (_, set, action, sent) => {
  const gone = (planned: PoolPlan) => {
    const { deploymentConfiguration, ...others } = written(planned) as PoolProperties
    const names = Object.keys({ ...set.properties, ...set.more }).filter((name) => !(name in sent))
    for (const name of names.filter((one) => one !== 'deploymentConfiguration')) expect(others).not.toHaveProperty(name)
    const { virtualMachineConfiguration: ofSpec = {} } = set.properties?.deploymentConfiguration ?? {}
    for (const name of Object.keys(ofSpec)) expect(deploymentConfiguration?.virtualMachineConfiguration).not.toHaveProperty(name)
  }

  test('goes in place', () => {
    const planned = plan(poolWith(set, { isNoted: true }))
    expect(planned.action).toBe(action)
    expect(written(planned)).toMatchObject(sent)
    gone(planned)
  })

  test.each(['replace', 'blue-green'] as const)('goes with strategy %s', (strategy) => {
    const planned = plan(poolWith(set, { isNoted: true, image: OLD }), { strategy })
    expect(planned.action).toBe(strategy)
    const { metadata: _metadata, ...others } = written(planned) as PoolProperties
    for (const [name, value] of Object.entries(others)) if (name in sent) expect(value).toEqual((sent as PoolProperties)[name])
    gone(planned)
  })

  test('stays where people had added it', () => {
    expect(plan(poolWith(set, { isNoted: false })).action).toBe('none')
    const moved = plan(poolWith(set, { isNoted: false, image: OLD }), { strategy: 'replace' })
    const secret = set.properties?.userAccounts !== undefined
    expect(moved.lost).toEqual(secret ? ['userAccounts'] : undefined)
    if (!secret)
      expect({ ...written(moved) }).toMatchObject({
        ...set.properties,
        ...set.more,
        ...vm({ ...set.properties?.deploymentConfiguration?.virtualMachineConfiguration }),
      })
  })

  test('is not touched where the spec still has it', () => {
    const { properties = {}, more = {} } = set
    expect(plan(poolWith(set, { isNoted: true }), { request: asked(properties, more) }).action).toBe('none')
  })
})

test.each<[string, PoolProperties, string]>([
  ['startTask: {}', { startTask: {} }, 'update'],
  ['applicationPackages: []', { applicationPackages: [] }, 'update'],
  ['networkConfiguration: {}', { networkConfiguration: {} }, 'reimage'],
])('%s in a spec removes, whoever had set it', (_, properties, action) => {
  const set = { startTask: { commandLine: 'x' }, applicationPackages: [{ id: '/a' }], networkConfiguration: SUBNET }
  const name = Object.keys(properties)[0] ?? ''
  const existing = poolWith({ properties: { [name]: set[name as keyof typeof set] } }, { isNoted: false })
  expect(plan(existing, { request: asked(properties) }).action).toBe(action)
  expect(plan(poolWith({}, { isNoted: false }), { request: asked(properties) }).action).toBe('none')
})

test('metadata and tags that people added stand beside those of the spec, in every write', () => {
  const before = poolWith({ properties: { metadata: [{ name: 'mine', value: '1' }] }, more: { tags: { mine: '1' } } }, { isNoted: true })
  const existing: Pool = {
    ...before,
    tags: { mine: '1', theirs: '2' },
    properties: { ...before.properties, metadata: [...(before.properties.metadata ?? []), { name: 'theirs', value: '2' }] },
  }
  const request = asked({ metadata: [{ name: 'new', value: '3' }] }, { tags: { new: '3' } })
  expect(written(plan(existing, { request }))).toMatchObject({
    metadata: [
      { name: 'new', value: '3' },
      { name: 'theirs', value: '2' },
    ],
    tags: { new: '3', theirs: '2' },
  })
})

test('what no PATCH removes goes by PUT of the whole pool, under the same rule', () => {
  const before = poolWith({ properties: { networkConfiguration: SUBNET } }, { isNoted: true })
  const existing = { ...before, properties: { ...before.properties, displayName: 'added by people' } }
  const planned = plan(existing)
  expect(planned).toMatchObject({ action: 'reimage', isWhole: true, removed: ['networkConfiguration'] })
  expect(written(planned)).toMatchObject({ displayName: 'added by people', vmSize: 'Standard_D4s_v5' })
})

test('where a PUT would lose what people added with secrets, it stays, and the plan says so', () => {
  const before = poolWith({ properties: { networkConfiguration: SUBNET } }, { isNoted: true })
  const existing = { ...before, properties: { ...before.properties, userAccounts: [{ name: 'theirs' }] } }
  expect(plan(existing)).toMatchObject({ action: 'none', stuck: ['networkConfiguration'] })
})

test('with `resize-only` it is withheld, and remembered for the next run', () => {
  const properties = { networkConfiguration: SUBNET, startTask: { commandLine: 'x' } }
  const planned = plan(poolWith({ properties }, { isNoted: true }), { strategy: 'resize-only' })
  expect(planned).toMatchObject({ action: 'update', withheld: ['networkConfiguration'], properties: { startTask: {} } })
  const marks = 'marks' in planned ? planned.marks : {}
  const next = poolWith({ properties: { networkConfiguration: SUBNET } }, { isNoted: false })
  const noted = { ...next, properties: { ...next.properties, metadata: withMarks([], marks) } }
  expect(plan(noted)).toMatchObject({ action: 'reimage', removed: ['networkConfiguration'] })
})

test('the mark of a clone is not believed', () => {
  const original = poolWith({ properties: { startTask: { commandLine: 'x' } } }, { isNoted: true })
  const clone = { ...original, id: `${ACCOUNT}/pools/clone` as ArmId, name: 'clone' }
  expect(plan(clone, { id: clone.id, request: asked({}, { id: 'clone' }), name: 'clone' }).action).toBe('none')
})
