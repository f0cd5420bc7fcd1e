/** The rules in a run over several accounts. */
import { describe, expect, test } from 'vitest'
import type { ArmId } from '../../../src/model/arm-id.ts'
import type { Facts } from '../../../src/preflight/facts.ts'
import { checkAll } from '../../../src/preflight/rules.ts'
import { factsOf, poolOf } from '../../fixtures/rule-examples.ts'

/** A run over the account of the examples and these. */
function fleet(home: Facts, ...others: readonly { readonly name: string; readonly facts: Facts }[]): readonly Facts[] {
  const named = others.map(({ name, facts }) => {
    const { pool } = facts.config
    const account = pool?.account.replace(/[^/]+$/, name) as ArmId
    const seen = facts.observed.account
    return {
      ...facts,
      config: { ...facts.config, ...(pool && { pool: { ...pool, account } }) },
      observed: { ...facts.observed, ...(seen && { account: { ...seen, id: account, name } }) },
    }
  })
  return [home, ...named]
}
const seenBy = (views: readonly Facts[], id: string): readonly string[] =>
  checkAll(views)
    .filter((finding) => finding.id === id)
    .map(({ seen }) => seen)

const BARE = { 'pool-spec': '' }

describe('several accounts', () => {
  test('what is wrong with the source is reported once', () => {
    const facts = factsOf({}, ['vm'])
    expect(seenBy(fleet(facts, { name: 'north', facts }), 'vm-exists')).toHaveLength(1)
  })

  test('what is wrong in each of them is reported once', () => {
    const facts = factsOf(BARE)
    expect(seenBy(fleet(facts, { name: 'north', facts }), 'data-disks-mounted')).toEqual(seenBy([facts], 'data-disks-mounted'))
  })

  test('what is wrong in one of them is reported with its name', () => {
    const short = factsOf({ 'vm-size': 'Standard_D2s_v99' })
    const found = seenBy(fleet(factsOf(), { name: 'north', facts: short }), 'vm-size')
    expect(found).toEqual([expect.stringMatching(/^account north: pool render: Batch does not offer Standard_D2s_v99/)])
  })

  test('a name that is in the words is not put before them again', () => {
    const facts = factsOf()
    const full = { ...facts, observed: { ...facts.observed, account: { ...facts.observed.account, poolQuota: 0 } as never } }
    expect(seenBy(fleet(facts, { name: 'north', facts: full }), 'pool-quota')).toEqual([
      expect.stringMatching(/^account north has 0 pools/),
    ])
  })

  test('neither the VM nor the account of one resource group is there: one cause, one finding', () => {
    const found = checkAll([factsOf({}, ['vm', 'account'])])
    expect(found.filter(({ severity }) => severity === 'error').map(({ id, seen }) => [id, seen])).toEqual([
      ['vm-exists', expect.stringMatching(/^neither virtual machine golden nor Batch account renderbatch was found in resource group /)],
    ])
  })

  test('accounts in user subscription mode count together against the quotas of their subscription and region', () => {
    const ofSubscription = (location: string): Facts => {
      const facts = factsOf({ 'target-dedicated-nodes': '30' }, { usages: [{ name: 'cores', currentValue: 100, limit: 300 }] })
      const account = { ...facts.observed.account, location, poolAllocationMode: 'UserSubscription' } as never
      return { ...facts, observed: { ...facts.observed, account } }
    }
    const [home, away] = [ofSubscription('westeurope'), ofSubscription('northeurope')]
    expect(seenBy([home], 'core-quota')).toEqual([])
    expect(seenBy(fleet(home, { name: 'north', facts: away }), 'core-quota')).toEqual([])
    expect(seenBy(fleet(home, { name: 'second', facts: home }, { name: 'north', facts: away }), 'core-quota')).toEqual([
      expect.stringMatching(
        /240 dedicated cores in the subscription are needed in accounts renderbatch and second together; the quota is 300, of which 100 are in use elsewhere$/,
      ),
    ])
  })

  test('nodes on managed images of the same disks count together', () => {
    const managed = { 'image-kind': 'managed', gallery: '', 'target-dedicated-nodes': '1300' }
    const [home, away] = [factsOf(managed), factsOf(managed, { pools: [poolOf('other', 1)] })]
    expect(seenBy([home], 'managed-image-pool-size')).toEqual([])
    expect(seenBy(fleet(home, { name: 'north', facts: away }), 'managed-image-pool-size')).toEqual([
      expect.stringContaining('2600 dedicated nodes'),
    ])
  })
})
