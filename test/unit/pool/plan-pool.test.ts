/** One pool as asked for against the pool that is there: what is to become of it. */
import { describe, expect, test } from 'vitest'
import type { PoolRequest, PoolSettings } from '../../../src/config/config.ts'
import type { ArmId } from '../../../src/model/arm-id.ts'
import type { Pool } from '../../../src/model/batch.ts'
import { MARKS } from '../../../src/pool/marks.ts'
import { planPool, requestsOn } from '../../../src/pool/plan-pool.ts'
import type { PoolQuestion } from '../../../src/pool/pool-plan.ts'
import { ACCOUNT, asked, NEW, OLD, pool, question } from '../../fixtures/pools.ts'

const STRATEGIES: readonly PoolSettings['strategy'][] = ['in-place', 'blue-green', 'replace', 'resize-only', 'fail']
type Actions = Readonly<Record<PoolSettings['strategy'], string>>
const all = (action: string): Actions => ({
  'in-place': action,
  'blue-green': action,
  replace: action,
  'resize-only': action,
  fail: action,
})
const startTask = { commandLine: '/bin/new' }

describe.each<[string, Partial<PoolQuestion>, Actions]>([
  ['no pool yet', { existing: undefined }, all('create')],
  ['a pool as asked for', {}, all('none')],
  ['another size', { request: asked({}, { target: { dedicated: 20, lowPriority: 0 } }) }, all('resize')],
  ['nodes missing', { existing: pool(NEW, { currentDedicatedNodes: 9 }) }, all('resize')],
  ['Spot nodes asked for', { request: asked({}, { target: { dedicated: 10, lowPriority: 1 } }) }, all('resize')],
  [
    'Spot nodes preempted',
    {
      request: asked({}, { target: { dedicated: 10, lowPriority: 5 } }),
      existing: pool(NEW, { scaleSettings: { fixedScale: { targetDedicatedNodes: 10, targetLowPriorityNodes: 5 } } }),
    },
    all('none'),
  ],
  ['only another resize timeout', { request: asked({}, { resizeTimeout: 'PT2H' }) }, all('none')],
  ['another start task', { request: asked({ startTask }) }, all('update')],
  ['other metadata', { request: asked({ metadata: [{ name: 'team', value: 'render' }] }) }, all('update')],
  ['a formula', { request: asked({ scaleSettings: { autoScale: { formula: '$x=1;' } } }, { autoScale: true }) }, all('update')],
  [
    'a formula that exists already',
    {
      request: asked({ scaleSettings: { autoScale: { formula: '$x=1;' } } }, { autoScale: true }),
      existing: pool(NEW, { scaleSettings: { autoScale: { formula: '$x=1;', evaluationInterval: 'PT15M' } } }),
    },
    all('none'),
  ],
  [
    'another VM size',
    { request: asked({ vmSize: 'Standard_D8s_v5' }) },
    { 'in-place': 'reimage', 'blue-green': 'reimage', replace: 'replace', 'resize-only': 'none', fail: 'reimage' },
  ],
  [
    'another image',
    { existing: pool(OLD) },
    { 'in-place': 'reimage', 'blue-green': 'blue-green', replace: 'replace', 'resize-only': 'none', fail: 'reimage' },
  ],
  [
    'another image and size',
    { existing: pool(OLD), request: asked({}, { target: { dedicated: 20, lowPriority: 0 } }) },
    { 'in-place': 'reimage', 'blue-green': 'blue-green', replace: 'replace', 'resize-only': 'resize', fail: 'reimage' },
  ],
])('%s', (name, changes, expected) => {
  test.each(STRATEGIES)('with strategy %s', (strategy) => {
    const seen = { ...question(changes), strategy }
    // A green pool on this very version is what serves: its other properties change in place.
    const isGreen = name === 'another VM size' && strategy === 'blue-green'
    const green = isGreen ? { id: `${ACCOUNT}/pools/render-2026-1124-0` as ArmId, existing: pool(NEW, {}, 'render-2026-1124-0') } : {}
    expect(planPool({ ...seen, ...green }).action).toBe(expected[strategy])
  })
})

test('an update may resize too', () => {
  const request = asked({ startTask }, { target: { dedicated: 20, lowPriority: 0 } })
  expect(planPool(question({ request }))).toMatchObject({ action: 'update', resize: true, properties: { startTask } })
})

describe('of the pool that serves under a name', () => {
  const successor = [{ name: MARKS.successorOf, value: 'render' }]
  test.each<[string, PoolSettings['strategy'], readonly Pool[], string, number]>([
    ['nothing is there', 'in-place', [], 'render', 0],
    ['the pool itself', 'in-place', [pool(NEW)], 'render', 10],
    ['its successor', 'in-place', [pool(NEW, { metadata: successor }, 'render-1-1-0')], 'render-1-1-0', 10],
    [
      'the older of two',
      'blue-green',
      [pool(NEW, { creationTime: '2026-03-01' }), pool(NEW, { metadata: successor }, 'render-1-1-0')],
      'render-1-1-0',
      10,
    ],
  ])('rules see the pool that serves, at its size where none is asked for: %s', (_, strategy, pools, name, dedicated) => {
    const request: PoolRequest = { ...asked(), target: { dedicated: 0, lowPriority: 0 }, sizeSource: 'existing' }
    const settings = { account: ACCOUNT, strategy, requests: [request] } as unknown as PoolSettings
    expect(requestsOn(settings, pools)).toMatchObject([{ id: name, target: { dedicated, lowPriority: 0 } }])
  })
})
