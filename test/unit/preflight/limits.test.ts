import { describe, expect, test } from 'vitest'
import type { BatchAccount, Pool } from '../../../src/model/batch.ts'
import type { Observed } from '../../../src/observe/observed.ts'
import { coreQuotas } from '../../../src/pool/core-quotas.ts'
import { checkAll } from '../../../src/preflight/rules.ts'
import { factsOf, poolOf } from '../../fixtures/rule-examples.ts'

const base = factsOf().observed
const account = base.account as BatchAccount
const SIZES: Observed['vmSizes'] = [
  { name: 'Standard_D4s_v5', familyName: 'standardDSv5Family', capabilities: { vCPUs: '4' } },
  { name: 'Standard_E8s_v5', familyName: 'standardESv5Family', capabilities: { vCPUs: '8' } },
]
const found = (id: string, inputs: Readonly<Record<string, string>>, changes: Partial<Observed> = {}) =>
  checkAll([factsOf(inputs, { vmSizes: SIZES, ...changes })]).filter((finding) => finding.id === id)
const seen = (...question: Parameters<typeof found>): readonly string[] => found(...question).map((finding) => finding.seen)

describe('core quotas', () => {
  const families = {
    dedicatedCoreQuotaPerVMFamilyEnforced: true,
    dedicatedCoreQuotaPerVMFamily: [{ name: 'STANDARDDSV5FAMILY', coreQuota: 40 }],
  }
  test.each<[string, Partial<BatchAccount>, readonly Pool[], readonly [number, number], readonly string[]]>([
    ['the total', {}, [], [10, 0], ['dedicated cores 40+0/500']],
    ['what other pools use', {}, [poolOf('other', 5)], [10, 0], ['dedicated cores 40+20/500']],
    [
      'what their resizes still bring',
      {},
      [poolOf('other', 5, { allocationState: 'Resizing', resizeOperationStatus: { targetDedicatedNodes: 50 } })],
      [1, 0],
      ['dedicated cores 4+200/500'],
    ],
    [
      'other families count in the total only',
      families,
      [poolOf('other', 5, { vmSize: 'STANDARD_E8S_V5' })],
      [10, 0],
      ['dedicated cores 40+40/500', 'dedicated cores of standardDSv5Family 40+0/40'],
    ],
    [
      'a family that is not enforced does not count',
      { ...families, dedicatedCoreQuotaPerVMFamilyEnforced: false },
      [],
      [10, 0],
      ['dedicated cores 40+0/500'],
    ],
    [
      'a family without an entry has no core',
      { dedicatedCoreQuotaPerVMFamilyEnforced: true },
      [],
      [1, 0],
      ['dedicated cores 4+0/500', 'dedicated cores of standardDSv5Family 4+0/0'],
    ],
    ['Spot apart', { lowPriorityCoreQuota: 100 }, [poolOf('other', 5, { currentLowPriorityNodes: 3 })], [0, 20], ['Spot cores 80+12/100']],
    [
      'a size that Batch does not know uses nothing that is known',
      {},
      [poolOf('other', 5, { vmSize: 'STANDARD_X' })],
      [1, 0],
      ['dedicated cores 4+0/500'],
    ],
  ])('%s', (_, changes, pools, [dedicated, lowPriority], expected) => {
    const found = coreQuotas({
      account: { ...account, ...changes },
      vmSizes: SIZES,
      use: { staying: pools, leaving: [] },
      vmSize: 'standard_d4s_v5',
      target: {
        dedicated,
        lowPriority,
      },
    })
    expect(found.map(({ name, quota, used, needed }) => `${name} ${needed}+${used}/${quota}`)).toEqual(expected)
  })

  test('none where the account does not tell', () => {
    const { dedicatedCoreQuota: _quota, ...without } = account
    expect(
      coreQuotas({
        account: without,
        vmSizes: SIZES,
        use: { staying: [], leaving: [] },
        vmSize: 'Standard_D4s_v5',
        target: { dedicated: 10, lowPriority: 10 },
      }),
    ).toEqual([])
  })

  const inSubscription = {
    account: { ...account, poolAllocationMode: 'UserSubscription' as const },
    pools: [poolOf('render', 50)],
    usages: [{ name: 'cores', currentValue: 250, limit: 500 }],
  }

  test.each([
    ['in place: only growth counts', 'in-place', '100', []],
    [
      'in place, and beyond',
      'in-place',
      '120',
      ['480 dedicated cores in the subscription are needed; the quota is 500, of which 50 are in use elsewhere'],
    ],
    [
      'blue-green',
      'blue-green',
      '100',
      ['400 dedicated cores in the subscription are needed; the quota is 500, of which 250 are in use elsewhere'],
    ],
  ])('of the subscription, %s', (_, strategy, target, expected) => {
    const inputs = { strategy, 'target-dedicated-nodes': target }
    expect(seen('core-quota', inputs, inSubscription)).toEqual(expected)
    expect(seen('subscription-quota', inputs, inSubscription)).toEqual([])
  })

  test('of a subscription that may not be read: only what is requested is reported', () => {
    const { usages: _usages, ...unread } = inSubscription
    expect(seen('core-quota', { 'target-dedicated-nodes': '10' }, unread)).toEqual([])
    expect(seen('subscription-quota', { 'target-dedicated-nodes': '10' }, unread)).toEqual([
      'account renderbatch allocates in its own subscription, whose quotas this run may not read; 40 cores are requested',
    ])
  })

  test.each([
    ['in place: the pool gives back what it has', 'in-place', []],
    [
      'blue-green: both pools at once',
      'blue-green',
      ['400 dedicated cores are needed; the quota is 500, of which 400 are in use elsewhere'],
    ],
    ['replaced: the old one is gone before', 'replace', []],
  ])('%s', (_, strategy, expected) => {
    expect(seen('core-quota', { strategy, 'target-dedicated-nodes': '100' }, { pools: [poolOf('render', 100)] })).toEqual(expected)
  })

  test.each([
    [
      'a new pool',
      'in-place',
      [],
      'Request 300 more dedicated cores, set `target-dedicated-nodes` to 125 at most, lower `min-healthy-percentage`, or use a smaller VM size.',
    ],
    [
      'blue-green, beside 25 nodes',
      'blue-green',
      [poolOf('render', 25)],
      'Request 400 more dedicated cores, set `target-dedicated-nodes` to 100 at most, lower `min-healthy-percentage`, or use a smaller VM size or `strategy: in-place`, which needs fewer cores.',
    ],
    [
      'blue-green, beside as many as the quota allows',
      'blue-green',
      [poolOf('render', 125)],
      'Request 800 more dedicated cores, request fewer nodes, lower `min-healthy-percentage`, or use a smaller VM size or `strategy: in-place`, which needs fewer cores.',
    ],
  ])('how many cores are missing, and how many nodes would fit: %s', (_, strategy, pools, fix) => {
    expect(found('core-quota', { strategy, 'target-dedicated-nodes': '200' }, { pools })).toMatchObject([{ fix }])
  })

  test('several pools of a run are added up', () => {
    const spec = ['one', 'two'].map((id) => `- { id: ${id}, startTask: { commandLine: mount } }`).join('\n')
    expect(seen('core-quota', { 'pool-id': '', 'pool-spec': spec, 'target-dedicated-nodes': '80' })).toEqual([
      '640 dedicated cores are needed; the quota is 500',
    ])
  })
})

describe('limits', () => {
  const spec = (text: string) => ({ 'pool-spec': `startTask: { commandLine: mount }\n${text}` })
  const addresses = (count: number) =>
    spec(
      `networkConfiguration: { publicIPAddressConfiguration: { provision: UserManaged, ipAddressIds: [${Array(count).fill('/subscriptions/s/ip')}] } }`,
    )
  const nat = (...pools: readonly string[]) =>
    spec(`networkConfiguration: { endpointConfiguration: { inboundNatPools: [${pools.map((pool) => `{ protocol: TCP, ${pool} }`)}] } }`)
  const range = (name: string, port: number, start: number, end: number) =>
    `name: ${name}, backendPort: ${port}, frontendPortRangeStart: ${start}, frontendPortRangeEnd: ${end}`
  const rules = Array(26).fill("{ priority: 150, access: Allow, sourceAddressPrefix: '*' }")

  test.each<[string, string, Readonly<Record<string, string>>, readonly string[]]>([
    [
      'an address for each 100 nodes',
      'public-ip-pool-size',
      { ...addresses(2), 'target-dedicated-nodes': '200', 'target-low-priority-nodes': '200' },
      [],
    ],
    [
      'one node too many',
      'public-ip-pool-size',
      { ...addresses(2), 'target-dedicated-nodes': '201' },
      ['pool render brings 2 public IP addresses; 201 dedicated nodes need 3'],
    ],
    [
      'Spot nodes too many',
      'public-ip-pool-size',
      { ...addresses(1), 'target-low-priority-nodes': '101' },
      ['pool render brings 1 public IP addresses; 10 dedicated and 101 Spot nodes need 2'],
    ],
    [
      'five NAT pools',
      'inbound-nat-pools',
      nat(...[1, 2, 3, 4, 5].map((index) => range(`p${index}`, index, index * 100, index * 100 + 99))),
      [],
    ],
    [
      'six',
      'inbound-nat-pools',
      nat(...[1, 2, 3, 4, 5, 6].map((index) => range(`p${index}`, index, index * 100, index * 100 + 99))),
      ['pool render: 6 inbound NAT pools; 5 is the most'],
    ],
    [
      '26 rules',
      'inbound-nat-pools',
      nat(`${range('a', 80, 1, 99)}, networkSecurityGroupRules: [${rules}]`),
      ['pool render: 26 network security group rules; 25 is the most'],
    ],
    [
      'a reserved port on nodes',
      'inbound-nat-pools',
      nat(range('a', 3389, 1, 99)),
      ['pool render: NAT pool a: port 3389 is reserved on nodes'],
    ],
    [
      'reserved ports outside',
      'inbound-nat-pools',
      nat(range('a', 80, 49_000, 50_000)),
      ['pool render: NAT pool a: some of the ports 49000 to 50000 are reserved (50000 to 55000)'],
    ],
    [
      'a range that is none',
      'inbound-nat-pools',
      nat(range('a', 80, 99, 1)),
      ['pool render: NAT pool a: the ports 99 to 1 are not a range'],
    ],
    [
      'ranges in common',
      'inbound-nat-pools',
      nat(range('a', 80, 1, 100), range('b', 81, 100, 200)),
      ['pool render: NAT pools a and b have ports in common'],
    ],
    [
      'one name and one port twice',
      'inbound-nat-pools',
      nat(range('a', 80, 1, 99), range('A', 80, 100, 200)),
      ['pool render: two NAT pools are named A', 'pool render: NAT pools a and A have the same port on nodes'],
    ],
    ['as many slots as 4 times the cores', 'task-slots', spec('taskSlotsPerNode: 16'), []],
    [
      'one more',
      'task-slots',
      spec('taskSlotsPerNode: 17'),
      ['pool render has 17 task slots per node; Standard_D4s_v5 has 4 cores, so that 16 is the most'],
    ],
    [
      '100 nodes with inter-node communication',
      'inter-node-pool-size',
      { ...spec('interNodeCommunication: Enabled'), 'target-dedicated-nodes': '100' },
      [],
    ],
    [
      'one more of either kind',
      'inter-node-pool-size',
      { ...spec('interNodeCommunication: Enabled'), 'target-dedicated-nodes': '100', 'target-low-priority-nodes': '1' },
      ['pool render has inter-node communication and 101 nodes; 100 is the most'],
    ],
    ['1,000 nodes in 15 minutes', 'resize-timeout', { 'target-dedicated-nodes': '1000', 'resize-timeout': '15m' }, []],
    [
      '1,001 nodes in 15 minutes',
      'resize-timeout',
      { 'target-dedicated-nodes': '1001', 'resize-timeout': '15m' },
      ['pool render: PT15M for 1001 nodes; 30 min is recommended'],
    ],
    [
      'a formula is not judged',
      'resize-timeout',
      { ...spec('scaleSettings: { autoScale: { formula: "$TargetDedicatedNodes = 5000" } }'), 'target-dedicated-nodes': '' },
      [],
    ],
    [
      'a formula uses no quota that is known',
      'core-quota',
      { ...spec('scaleSettings: { autoScale: { formula: "$TargetDedicatedNodes = 5000" } }'), 'target-dedicated-nodes': '' },
      [],
    ],
    [
      'encryption on a custom Linux image',
      'disk-encryption-configuration',
      spec('deploymentConfiguration: { virtualMachineConfiguration: { diskEncryptionConfiguration: { targets: [OsDisk] } } }'),
      ['pool render has diskEncryptionConfiguration; Batch does not support it for Linux pools from a custom image'],
    ],
  ])('%s', (_, rule, inputs, expected) => {
    expect(seen(rule, inputs)).toEqual(expected)
  })

  test('80 nodes with inter-node communication in user subscription mode', () => {
    const inputs = { ...spec('interNodeCommunication: Enabled'), 'target-dedicated-nodes': '81' }
    expect(seen('inter-node-pool-size', inputs, { account: { ...account, poolAllocationMode: 'UserSubscription' } })).toEqual([
      'pool render has inter-node communication and 81 nodes; 80 is the most',
    ])
  })

  test.each([
    ['a new pool within the quota', 'pool-quota', 'in-place', 2, []],
    ['a new pool beyond it', 'pool-quota', 'in-place', 1, ['account renderbatch has 1 pools, its quota is 1, and 1 would be added']],
    ['room for a second pool', 'pool-quota-blue-green', 'blue-green', 2, []],
    ['none', 'pool-quota-blue-green', 'blue-green', 1, ['account renderbatch has 1 pools and a quota of 1; blue-green adds 1 for a while']],
    ['in place needs none', 'pool-quota-blue-green', 'in-place', 1, []],
  ])('%s', (_, rule, strategy, poolQuota, expected) => {
    const pools = [poolOf(rule === 'pool-quota' ? 'other' : 'render', 1)]
    expect(seen(rule, { strategy }, { account: { ...account, poolQuota }, pools })).toEqual(expected)
  })
})
