import { describe, expect, test } from 'vitest'
import type { BatchAccount, Pool } from '../../../src/model/batch.ts'
import { type CoreUse, coreQuotas, quotaRemedy } from '../../../src/pool/core-quotas.ts'

const sizes = [
  { name: 'Standard_D4s_v5', familyName: 'standardDSv5Family', capabilities: { vCPUs: '4' } },
  { name: 'Standard_F8s_v2', familyName: 'standardFSv2Family', capabilities: { vCPUs: '8' } },
]
const account: BatchAccount = {
  id: 'a',
  name: 'a',
  location: 'westeurope',
  accountEndpoint: 'a.batch.azure.com',
  poolAllocationMode: 'BatchService',
  poolQuota: 100,
  dedicatedCoreQuota: 500,
  lowPriorityCoreQuota: 100,
}
const pool = (vmSize: string, dedicated: number, lowPriority = 0): Pool =>
  ({
    id: vmSize,
    name: vmSize,
    etag: '',
    properties: { vmSize, currentDedicatedNodes: dedicated, currentLowPriorityNodes: lowPriority },
  }) as never

const POOLS = [pool('STANDARD_D4S_V5', 3, 2), pool('Standard_F8s_v2', 5)]
const quotas = (changes: Partial<BatchAccount>, target: { dedicated: number; lowPriority: number }, vmSize = 'STANDARD_D4S_V5') =>
  coreQuotas({ account: { ...account, ...changes }, vmSizes: sizes, use: { staying: POOLS, leaving: [] }, vmSize, target })

describe('core quotas', () => {
  test('count cores of all pools, by kind, whatever the case of their sizes', () => {
    expect(quotas({}, { dedicated: 10, lowPriority: 5 })).toMatchObject([
      { name: 'dedicated cores', quota: 500, used: 52, needed: 40 },
      { name: 'Spot cores', quota: 100, used: 8, needed: 20 },
    ])
  })

  test('of a family bind where the account enforces them', () => {
    const dedicatedCoreQuotaPerVMFamily = [{ name: 'StandardDSv5Family', coreQuota: 60 }]
    const target = { dedicated: 10, lowPriority: 0 }
    const family = { name: 'dedicated cores of standardDSv5Family', quota: 60, used: 12, needed: 40 }
    expect(quotas({ dedicatedCoreQuotaPerVMFamily, dedicatedCoreQuotaPerVMFamilyEnforced: true }, target)).toContainEqual(
      expect.objectContaining(family),
    )
    expect(quotas({ dedicatedCoreQuotaPerVMFamily, dedicatedCoreQuotaPerVMFamilyEnforced: false }, target)).not.toContainEqual(
      expect.objectContaining(family),
    )
  })

  test('of a family that is not listed are none', () => {
    const enforced = { dedicatedCoreQuotaPerVMFamily: [], dedicatedCoreQuotaPerVMFamilyEnforced: true }
    expect(quotas(enforced, { dedicated: 1, lowPriority: 0 })).toContainEqual(expect.objectContaining({ quota: 0, needed: 4 }))
  })

  test('are not mentioned where nothing is requested, or nothing is known', () => {
    expect(quotas({}, { dedicated: 0, lowPriority: 0 })).toEqual([])
    const { dedicatedCoreQuota: _dedicated, lowPriorityCoreQuota: _lowPriority, ...silent } = account
    expect(
      coreQuotas({
        account: silent,
        vmSizes: sizes,
        use: { staying: [], leaving: [] },
        vmSize: 'Standard_D4s_v5',
        target: { dedicated: 9, lowPriority: 9 },
      }),
    ).toEqual([])
  })

  test('of a size that Batch does not offer need nothing known', () => {
    expect(quotas({}, { dedicated: 1, lowPriority: 0 }, 'Standard_Unknown')).toMatchObject([
      { name: 'dedicated cores', quota: 500, used: 52, needed: 0 },
    ])
  })
})

describe('in user subscription mode', () => {
  const inSubscription: BatchAccount = { ...account, poolAllocationMode: 'UserSubscription' }
  const usages = [
    { name: 'cores', currentValue: 200, limit: 350 },
    { name: 'StandardDSv5Family', currentValue: 90, limit: 100 },
    { name: 'standardFSv2Family', currentValue: 40, limit: 100 },
    { name: 'lowPriorityCores', currentValue: 30, limit: 50 },
  ]
  const resizing = { ...pool('Standard_D4s_v5', 3), properties: { ...pool('Standard_D4s_v5', 3).properties, allocationState: 'Resizing' } }
  const dedicated = { dedicated: 10, lowPriority: 0 }

  test.each<[string, Partial<CoreUse>, { dedicated: number; lowPriority: number }, readonly string[]]>([
    ['what Azure counts is in use, pools or not', { staying: POOLS }, dedicated, ['cores 40+200/350', 'family 40+90/100']],
    ['pools whose nodes go first give them back', { leaving: POOLS }, dedicated, ['cores 40+148/350', 'family 40+78/100']],
    [
      'those a resize under way brings are not counted twice',
      { staying: [resizing as Pool] },
      dedicated,
      ['cores 40+200/350', 'family 40+90/100'],
    ],
    ['Spot has one quota, whatever the family', { leaving: POOLS }, { dedicated: 0, lowPriority: 5 }, ['Spot 20+22/50']],
    ['a family that is not told binds nothing', { usages: usages.slice(0, 1) }, dedicated, ['cores 40+200/350']],
    [
      'a stale count never falls below none',
      { usages: [{ name: 'cores', currentValue: 8, limit: 350 }], leaving: POOLS },
      dedicated,
      ['cores 40+0/350'],
    ],
    ['nothing, where the caller may not read it', { usages: [] }, dedicated, []],
  ])('%s', (_, use, target, expected) => {
    const found = coreQuotas({
      account: inSubscription,
      vmSizes: sizes,
      use: { staying: [], leaving: [], usages, ...use },
      vmSize: 'STANDARD_D4S_V5',
      target,
    })
    const short = (name: string) =>
      name
        .replace('dedicated cores of standardDSv5Family in the subscription', 'family')
        .replace('dedicated cores in the subscription', 'cores')
        .replace('Spot cores in the subscription', 'Spot')
    expect(found.map(({ name, quota, used, needed }) => `${short(name)} ${needed}+${used}/${quota}`)).toEqual(expected)
  })

  test('quotas of the account do not count', () => {
    expect(
      coreQuotas({
        account: inSubscription,
        vmSizes: sizes,
        use: { staying: [], leaving: [] },
        vmSize: 'STANDARD_D4S_V5',
        target: dedicated,
      }),
    ).toEqual([])
  })
})

describe('what would help', () => {
  const target = { dedicated: 900, lowPriority: 0 }
  const remedy = (quota: number, used: readonly Pool[] = [], vmSize = 'Standard_D4s_v5') => {
    const [found] = coreQuotas({
      account: { ...account, dedicatedCoreQuota: quota },
      vmSizes: sizes,
      use: { staying: used, leaving: [] },
      vmSize,
      target,
    })
    return found && quotaRemedy(found, 'for Batch account `a`')
  }

  test.each<[string, string | undefined, number, readonly Pool[], string?]>([
    [
      'so many cores, or a target that fits',
      'Request 1,952 more dedicated cores for Batch account `a`, or set `target-dedicated-nodes` to at most 412.',
      1_648,
      [],
    ],
    [
      'with what others use',
      'Request 1,964 more dedicated cores for Batch account `a`, or set `target-dedicated-nodes` to at most 409.',
      1_648,
      [pool('Standard_D4s_v5', 3)],
    ],
    ['another size where no node fits', 'Request 3,598 more dedicated cores for Batch account `a`, or use another VM size.', 2, []],
    ['nothing, where the figures show no shortage', undefined, 5_000, []],
    ['nothing, where the cores of the size are not known', undefined, 1, [pool('Standard_D4s_v5', 3)], 'Standard_Unknown'],
  ])('%s', (_, expected, quota, used, vmSize) => {
    expect(remedy(quota, used, vmSize)).toBe(expected)
  })

  test('Spot has an input of its own', () => {
    const found = coreQuotas({
      account,
      vmSizes: sizes,
      use: { staying: [], leaving: [] },
      vmSize: 'Standard_D4s_v5',
      target: { dedicated: 0, lowPriority: 50 },
    })
    expect(found.map((quota) => quotaRemedy(quota, 'here'))).toEqual([
      'Request 100 more Spot cores here, or set `target-low-priority-nodes` to at most 25.',
    ])
  })
})
