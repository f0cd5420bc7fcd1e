/** Whether the quotas have room for a proof pool. */
import { describe, expect, test } from 'vitest'
import type { BatchAccount, Pool } from '../../../src/model/batch.ts'
import type { PoolPlan } from '../../../src/pool/pool-plan.ts'
import { type ProofQuestion, planProofs } from '../../../src/pool/proof-plan.ts'
import { ACCOUNT, account, created, only, plan, pool, proofsOf, questionOf, settings } from '../../fixtures/proofs.ts'

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
