/** Which pools get a proof pool, shared by whom, and under which name. */
import { describe, expect, test } from 'vitest'
import type { PoolSettings } from '../../../src/config/config.ts'
import type { Pool } from '../../../src/model/batch.ts'
import { MARKS } from '../../../src/pool/marks.ts'
import type { PoolPlan } from '../../../src/pool/pool-plan.ts'
import { created, idOf, only, plan, pool, proofsOf, settings, type Wish } from '../../fixtures/proofs.ts'

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
