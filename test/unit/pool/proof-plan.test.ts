/** Which pools get a proof pool, of what kind and body, shared by whom, and where there is no room for it. */
import { describe, expect, test } from 'vitest'
import type { PoolRequest, PoolSettings } from '../../../src/config/config.ts'
import type { ArmId } from '../../../src/model/arm-id.ts'
import type { BatchAccount, Pool, PoolProperties } from '../../../src/model/batch.ts'
import { MARKS } from '../../../src/pool/marks.ts'
import type { PoolPlan } from '../../../src/pool/pool-plan.ts'
import { describeProof, NO_PROOFS, type ProofQuestion, planProofs } from '../../../src/pool/proof-plan.ts'
import { wantedOf } from '../../../src/pool/wanted.ts'

const ACCOUNT = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Batch/batchAccounts/a'
const IMAGE = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/f/images/golden/versions/2.0.0'
const NOW = new Date('2026-11-23T10:00:00Z')
const RUN = '4711 2026-11-23T09:58:00.000Z'
const idOf = (name: string) => `${ACCOUNT}/pools/${name}` as ArmId
const NETWORK = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network'

function pool(name: string, properties: Partial<Pool['properties']> = {}, more: Partial<Pool> = {}): Pool {
  return {
    id: idOf(name),
    name,
    etag: 'e',
    properties: {
      vmSize: 'STANDARD_D4S_V5',
      provisioningState: 'Succeeded',
      allocationState: 'Steady',
      allocationStateTransitionTime: '2026-11-23T03:00:00Z',
      currentDedicatedNodes: 10,
      currentLowPriorityNodes: 0,
      ...properties,
    },
    ...more,
  }
}

const wanted = (properties: PoolProperties = {}): PoolProperties => ({
  vmSize: 'Standard_D4s_v5',
  deploymentConfiguration: { virtualMachineConfiguration: { imageReference: { id: IMAGE }, nodeAgentSkuId: 'batch.node.ubuntu 24.04' } },
  scaleSettings: { fixedScale: { targetDedicatedNodes: 10, targetLowPriorityNodes: 0 } },
  ...properties,
})

interface Wish {
  readonly name?: string
  readonly action?: 'reimage' | 'replace'
  readonly properties?: PoolProperties
  readonly request?: Partial<PoolRequest>
  readonly existing?: Pool
}

function plan({ name = 'render', action = 'reimage', properties = {}, request = {}, existing = pool(name) }: Wish = {}): PoolPlan {
  const asked = {
    id: idOf(name),
    existing,
    request: {
      id: name,
      properties: {},
      target: { dedicated: 10, lowPriority: 0 },
      autoScale: false,
      sizeSource: 'requested' as const,
      resizeTimeout: 'PT30M' as const,
      ...request,
    },
  }
  const { whole, removed, unreadable } = wantedOf(asked.request as PoolRequest, wanted(properties), existing)
  const written = { ...asked, ...whole, removed, marks: {} } as const
  return action === 'replace'
    ? { ...written, action, ...(unreadable.length > 0 && { lost: unreadable }) }
    : { ...written, action, whole, unrepeatable: unreadable }
}

const created: PoolPlan = {
  id: idOf('new'),
  action: 'create',
  properties: wanted(),
  envelope: {},
  marks: {},
  removed: [],
  request: {
    id: 'new',
    properties: { vmSize: 'Standard_D4s_v5' },
    target: { dedicated: 20, lowPriority: 0 },
    autoScale: false,
    sizeSource: 'requested',
    resizeTimeout: 'PT30M',
  },
}

const account: BatchAccount = {
  id: ACCOUNT,
  name: 'a',
  location: 'westeurope',
  accountEndpoint: 'a.westeurope.batch.azure.com',
  poolAllocationMode: 'BatchService',
  dedicatedCoreQuota: 500,
  lowPriorityCoreQuota: 500,
  poolQuota: 100,
}

const settings = (changes: Partial<PoolSettings> = {}): PoolSettings => ({
  account: ACCOUNT as ArmId,
  requests: [],
  strategy: 'in-place',
  canaryNodes: 'auto',
  showCost: false,
  onFailure: 'rollback',
  nodeDeallocationOption: 'TaskCompletion',
  maxResizes: 5,
  wait: 'nodes',
  minHealthyPercentage: 100,
  minHealthySpotPercentage: 100,
  nodeStartTimeoutMs: 1_800_000,
  onCancel: 'leave',
  ...changes,
})

function proofsOf(plans: readonly PoolPlan[], changes: Partial<ProofQuestion> = {}) {
  const pools = plans.flatMap(({ existing }) => (existing ? [existing] : []))
  const [planned = NO_PROOFS] = planProofs([questionOf(plans, pools, changes)])
  return planned
}

const questionOf = (plans: readonly PoolPlan[], pools: readonly Pool[], changes: Partial<ProofQuestion>): ProofQuestion => ({
  plans,
  settings: settings(),
  account,
  pools,
  vmSizes: [{ name: 'Standard_D4s_v5', familyName: 'standardDSv5Family', capabilities: { vCPUs: '4' } }],
  isManagedImage: false,
  runToken: RUN,
  now: NOW,
  ...changes,
})

const only = (...asked: Parameters<typeof proofsOf>) => {
  const { proofs } = proofsOf(...asked)
  expect(proofs).toHaveLength(1)
  return proofs[0] as (typeof proofs)[number]
}

describe('who gets one', () => {
  test.each<[string, PoolPlan, Partial<PoolSettings>, readonly string[]]>([
    ['in place', plan(), {}, ['render-proof']],
    ['replaced', plan({ action: 'replace' }), { strategy: 'replace' }, ['render-proof']],
    [
      'at 0 nodes',
      plan({ existing: pool('render', { currentDedicatedNodes: 0 }), request: { target: { dedicated: 0, lowPriority: 0 } } }),
      {},
      ['render-proof'],
    ],
    ['canary-nodes: 0', plan(), { canaryNodes: 0 }, []],
    ['a new pool', created, {}, []],
    ['on its image already', { id: idOf('render'), action: 'none', existing: pool('render'), request: created.request }, {}, []],
    ['grown on its image', { id: idOf('render'), action: 'resize', existing: pool('render'), request: created.request }, {}, []],
    ['refused, with strategy: fail', plan(), { strategy: 'fail' }, []],
  ])('%s', (_, asked, changes, names) => {
    expect(proofsOf([asked], { settings: settings(changes) }).proofs.map(({ name }) => name)).toEqual(names)
  })

  test('a number of canary nodes is the number of its nodes, and a demand', () => {
    expect(only([plan()], { settings: settings({ canaryNodes: 3 }) })).toMatchObject({
      target: { dedicated: 3, lowPriority: 0 },
      isOptional: false,
    })
  })
})

describe('of which kind its nodes are', () => {
  const spot = { dedicated: 0, lowPriority: 1 }
  const dedicated = { dedicated: 1, lowPriority: 0 }
  const formula = (text: string): Wish => ({
    properties: { scaleSettings: { autoScale: { formula: text } } },
    request: { autoScale: true, target: { dedicated: 0, lowPriority: 0 } },
  })
  const standing = (currentDedicatedNodes: number, currentLowPriorityNodes: number) => ({
    existing: pool('render', { currentDedicatedNodes, currentLowPriorityNodes }),
  })
  test.each<[string, Wish, object]>([
    ['dedicated nodes', {}, dedicated],
    ['Spot nodes only', { request: { target: { dedicated: 0, lowPriority: 5 } } }, spot],
    ['both', { request: { target: { dedicated: 1, lowPriority: 5 } } }, dedicated],
    ['none', { request: { target: { dedicated: 0, lowPriority: 0 } } }, dedicated],
    ['a formula that has given Spot nodes', { ...formula('$TargetLowPriorityNodes = 5;'), ...standing(0, 5) }, spot],
    ['a formula that has given both', { ...formula('…'), ...standing(1, 5) }, dedicated],
    ['a formula that says 0 now, of Spot nodes', { ...formula('$TargetLowPriorityNodes = 0;'), ...standing(0, 0) }, spot],
    [
      'a formula that says 0 now, of both',
      { ...formula('$TargetDedicated = 0; $TargetLowPriorityNodes = 0;'), ...standing(0, 0) },
      dedicated,
    ],
  ])('a pool of %s', (_, wish, target) => {
    expect(only([plan(wish)]).target).toEqual(target)
  })
})

describe('its body', () => {
  test('is the wanted spec at its own size, with the marks of pool and run', () => {
    const startTask = { commandLine: '/bin/start' }
    const proof = only([plan({ properties: { startTask, metadata: [{ name: 'team', value: 'vfx' }] } })])
    expect(proof.properties).toEqual({
      ...wanted({ startTask }),
      scaleSettings: { fixedScale: { targetDedicatedNodes: 1, targetLowPriorityNodes: 0 } },
      metadata: [
        { name: 'team', value: 'vfx' },
        { name: MARKS.proofOf, value: 'render' },
        { name: MARKS.proofRun, value: RUN },
      ],
    })
    expect(proof.leftOut).toEqual([])
  })

  test('keeps what people added to the pool, whose it will be', () => {
    const networkConfiguration = { subnetId: `${NETWORK}/virtualNetworks/n/subnets/s` }
    const identity = { type: 'UserAssigned' as const, userAssignedIdentities: { '/i': { principalId: 'p' } } }
    const existing = pool('render', { networkConfiguration, resizeOperationStatus: {} }, { identity, tags: { team: 'vfx' } })
    for (const action of ['reimage', 'replace'] as const) {
      const proof = only([plan({ existing, action })])
      expect(proof.properties.networkConfiguration).toEqual(networkConfiguration)
      expect(proof.properties).not.toHaveProperty('resizeOperationStatus')
      expect(proof.envelope).toEqual({
        identity: { type: 'UserAssigned', userAssignedIdentities: { '/i': {} } },
        tags: { team: 'vfx' },
      })
    }
  })

  test('has no mark of the pool that it proves', () => {
    const metadata = [
      { name: MARKS.before, value: '{}' },
      { name: MARKS.successorOf, value: 'render' },
    ]
    const names = only([plan({ existing: pool('render', { metadata }) })]).properties.metadata?.map(({ name }) => name)
    expect(names).toEqual([MARKS.proofOf, MARKS.proofRun])
  })

  test.each<[string, Wish, object, string]>([
    [
      'public addresses given by id',
      {
        properties: {
          networkConfiguration: {
            subnetId: 's',
            publicIPAddressConfiguration: { provision: 'UserManaged', ipAddressIds: [`${NETWORK}/publicIPAddresses/a`] },
          },
        },
      },
      { networkConfiguration: { subnetId: 's' } },
      'public IP addresses',
    ],
    ['a display name', { properties: { displayName: 'Render' } }, { displayName: undefined }, 'display name'],
    [
      'user accounts that only Azure knows',
      { existing: pool('render', { userAccounts: [{ name: 'u' }] }) },
      { userAccounts: undefined },
      'user accounts',
    ],
    [
      'mounts whose key only Azure knows',
      { existing: pool('render', { mountConfiguration: [{ azureBlobFileSystemConfiguration: { accountName: 'a' } }] }) },
      { mountConfiguration: undefined },
      'mounts',
    ],
  ])('leaves out %s, and reports it', (_, wish, members, words) => {
    const proof = only([plan(wish)])
    for (const [name, value] of Object.entries(members)) expect(proof.properties[name]).toEqual(value)
    expect(describeProof(proof)).toContain(words)
  })

  test('has public addresses that Batch gives it, and mounts by identity', () => {
    const networkConfiguration = { publicIPAddressConfiguration: { provision: 'NoPublicIPAddresses' } }
    const mountConfiguration = [{ azureBlobFileSystemConfiguration: { accountName: 'a', identityReference: { resourceId: '/i' } } }]
    const proof = only([plan({ properties: { networkConfiguration }, existing: pool('render', { mountConfiguration }) })])
    expect(proof.properties).toMatchObject({ networkConfiguration, mountConfiguration })
    expect(proof.leftOut).toEqual([])
  })
})

describe('who shares one', () => {
  const autoScale = { scaleSettings: { autoScale: { formula: '$TargetDedicatedNodes = 2;' } } }
  test.each<[string, Wish, readonly (readonly string[])[]]>([
    ['pools that differ in id and size', { request: { target: { dedicated: 3, lowPriority: 1 } } }, [['one', 'two']]],
    ['one with a formula', { properties: autoScale, request: { autoScale: true } }, [['one', 'two']]],
    ['another kind of node', { request: { target: { dedicated: 0, lowPriority: 3 } } }, [['one'], ['two']]],
    ['another start task', { properties: { startTask: { commandLine: 'other' } } }, [['one'], ['two']]],
    ['another identity', { request: { identity: { type: 'UserAssigned', userAssignedIdentities: { '/i': {} } } } }, [['one'], ['two']]],
    ['a subnet that only the pool has', { existing: pool('two', { networkConfiguration: { subnetId: 's' } }) }, [['one'], ['two']]],
    ['an image of its own', { properties: { deploymentConfiguration: {} } }, [['one'], ['two']]],
  ])('%s', (_, wish, groups) => {
    const { proofs } = proofsOf([plan({ name: 'one' }), plan({ name: 'two', ...wish })])
    expect(proofs.map(({ proves }) => proves)).toEqual(groups)
    expect(proofs.map(({ name }) => name)).toEqual(groups.map(([first]) => `${first}-proof`))
  })
})

describe('room for it', () => {
  test.each<[string, Partial<BatchAccount>, readonly PoolPlan[], RegExp | undefined]>([
    ['cores to spare', { dedicatedCoreQuota: 44 }, [plan()], undefined],
    ['one core too few', { dedicatedCoreQuota: 43 }, [plan()], /43 dedicated cores: 40 are in use, 4 more are needed/],
    ['cores that a new pool is to get', { dedicatedCoreQuota: 123 }, [plan(), created], /123 dedicated cores/],
    ['the same with room', { dedicatedCoreQuota: 124 }, [plan(), created], undefined],
    ['a family quota', { dedicatedCoreQuotaPerVMFamilyEnforced: true }, [plan()], /0 dedicated cores of standardDSv5Family/],
    ['no pool to spare', { poolQuota: 1 }, [plan()], /quota of 1 pools/],
    ['a pool that a new one takes', { poolQuota: 2 }, [plan(), created], /quota of 2 pools/],
    ['the same with room for a pool', { poolQuota: 3 }, [plan(), created], undefined],
  ])('%s', (_, changes, plans, shortage) => {
    const found = proofsOf(plans, { account: { ...account, ...changes } })
    expect(found.proofs).toHaveLength(shortage ? 0 : 1)
    expect(found.unproven.map(({ proves }) => proves)).toEqual(shortage ? [['render']] : [])
    if (shortage) expect(found.unproven[0]).toMatchObject({ shortage: expect.stringMatching(shortage), isDemanded: false })
  })

  test('a demand that does not fit is one still', () => {
    const { unproven } = proofsOf([plan()], { settings: settings({ canaryNodes: 2 }), account: { ...account, dedicatedCoreQuota: 44 } })
    expect(unproven).toMatchObject([{ isDemanded: true }])
  })

  test('in user subscription mode the quotas of the subscription count; where nobody may read them, Azure has the word', () => {
    const { dedicatedCoreQuota: _, ...unlimited } = account
    const own: BatchAccount = { ...unlimited, poolAllocationMode: 'UserSubscription' }
    const usages = [{ name: 'cores', limit: 43, currentValue: 40 }]
    expect(proofsOf([plan()], { account: own, usages }).proofs).toEqual([])
    expect(only([plan()], { account: own })).toMatchObject({ isOptional: true })
    expect(proofsOf([plan()], { account: own }).isCrowded).toBe(true)
  })

  test.each<[string, Partial<ProofQuestion>, PoolPlan, boolean]>([
    ['is gone beside what follows where both fit', {}, plan(), false],
    [
      'goes first where they do not',
      { account: { ...account, dedicatedCoreQuota: 44 } },
      plan({ request: { target: { dedicated: 11, lowPriority: 0 } } }),
      true,
    ],
    ['goes first from a managed image', { isManagedImage: true }, plan(), true],
  ])('%s', (_, changes, asked, goesFirst) => {
    const { proofs, isCrowded } = proofsOf([asked], changes)
    expect(proofs.map((proof) => proof.goesFirst || isCrowded)).toEqual([goesFirst])
  })
})

describe('room for it beside other accounts', () => {
  const { dedicatedCoreQuota: _, ...unlimited } = account
  const questionIn = (name: string, changes: Partial<ProofQuestion>, location = 'westeurope'): ProofQuestion => {
    const id = ACCOUNT.replace(/a$/, name)
    const own = (pools: Pool) => ({ ...pools, id: `${id}/pools/${pools.name}` })
    const asked = plan({
      existing: own(pool('render')),
      ...(name === 'wide' && { request: { target: { dedicated: 11, lowPriority: 0 } } }),
    })
    return questionOf([asked], asked.existing ? [asked.existing] : [], {
      account: { ...unlimited, id, name, location, poolAllocationMode: 'UserSubscription' },
      ...changes,
    })
  }
  const cores = (limit: number) => ({ usages: [{ name: 'cores', limit, currentValue: 80 }] })

  test('in user subscription mode they share the cores: what is left goes to the first', () => {
    const [one, two] = planProofs([questionIn('one', cores(84)), questionIn('two', cores(84))])
    expect(one?.proofs).toHaveLength(1)
    expect(two?.unproven).toMatchObject([{ shortage: expect.stringMatching(/84 dedicated cores .*80 are in use, 8 more are needed/) }])
  })

  test('where growth needs the cores of a proof, the pools of both wait for it', () => {
    const crowded = (limit: number) =>
      planProofs([questionIn('wide', cores(limit)), questionIn('two', cores(limit))]).map(({ proofs, isCrowded }) => [
        proofs.length,
        isCrowded,
      ])
    expect(crowded(88)).toEqual([
      [1, true],
      [1, true],
    ])
    expect(crowded(92)).toEqual([
      [1, false],
      [1, false],
    ])
  })

  test('in another region each has its own', () => {
    const planned = planProofs([questionIn('one', cores(84)), questionIn('two', cores(84), 'northeurope')])
    expect(planned.map(({ proofs }) => proofs.length)).toEqual([1, 1])
  })
})

describe('its name', () => {
  const proof = (name: string, of: string, more: Partial<Pool['properties']> = {}) =>
    pool(name, {
      creationTime: '2026-11-23T09:00:00Z',
      metadata: [
        { name: MARKS.proofOf, value: of },
        { name: MARKS.proofRun, value: 'dead' },
      ],
      ...more,
    })

  test.each<[string, Pool, boolean]>([
    ['a pool of somebody else', pool('render-proof'), true],
    ['one with the mark of another pool', proof('render-proof', 'other'), true],
    ['one that an earlier run has left', proof('render-proof', 'render'), false],
    ['one in another case', pool('RENDER-proof'), true],
  ])('%s', (_, other, isTaken) => {
    const asked = plan()
    const found = proofsOf([asked], { pools: [pool('render'), other] })
    expect(found.taken).toEqual(isTaken ? [{ name: 'render-proof', proves: ['render'] }] : [])
    expect(found.leftovers).toEqual(isTaken ? [] : [other])
  })

  test('becomes free where a proof pool of this action is still being deleted', () => {
    const deleting = proof('render-proof', 'render', { provisioningState: 'Deleting' })
    const found = proofsOf([plan()], { pools: [pool('render'), deleting] })
    expect({ taken: found.taken, leftovers: found.leftovers, planned: found.proofs.map(({ name }) => name) }).toEqual({
      taken: [],
      leftovers: [],
      planned: ['render-proof'],
    })
  })

  test('is not one of the requested pools', () => {
    expect(proofsOf([plan(), plan({ name: 'render-proof' })]).taken).toEqual([{ name: 'render-proof', proves: ['render', 'render-proof'] }])
  })
})
