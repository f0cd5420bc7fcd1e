/** Green only with the nodes: what lags, leaves, is preempted, is not visible yet, or was never evaluated. */
import { describe, expect, test } from 'vitest'
import { loadScenario, type NodeFate, type Scenario } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { again, annotations, azureOf, type Ran, requestsTo, resizes, run, testConformance } from '../fixtures/whole-runs.ts'

const scenario = loadScenario('happy')
const FIRST = { ...scenario.inputs, 'image-version': '1.0.0' }
const SECOND = { ...scenario.inputs, 'image-version': '1.1.0' }
const fates = (count: number, fate: Omit<NodeFate, 'index'>): readonly NodeFate[] =>
  Array.from({ length: count }, (_, index) => ({ index, ...fate }))
const verdictOf = ({ summary }: Ran): string => summary.split('\n').find((line) => /^\S+ \*\*/.test(line)) ?? ''

describe('counts that lag by half an hour', () => {
  const bad = fates(40, { state: 'startTaskFailed', onImage: '/1.1.0' })

  test.each<[string, Record<string, string>, number]>([
    ['in place', { strategy: 'in-place', 'canary-nodes': '0', 'on-failure': 'keep' }, 10],
    ['replace', { strategy: 'replace', 'canary-nodes': '0', 'on-failure': 'keep' }, 10],
    ['in a proof pool', { strategy: 'in-place', 'canary-nodes': '2' }, 2],
  ])('%s: the nodes of the previous image are not healthy ones of the new', async (_, inputs, required) => {
    const azure = await azureOf({ ...scenario, nodeCountsLagMinutes: 30, nodes: bad })
    expect(annotations(await again(azure, FIRST))).toEqual([])
    const ran = await again(azure, { ...SECOND, ...inputs })
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)[0]).toMatch(new RegExp(`Start task failed.*0 of ${required} required dedicated nodes are healthy`))
    // A proof pool took the failure: the pool itself has all its nodes, on its former image.
    expect(azure.pools.all().map(({ name }) => name)).toEqual(['render'])
    expect(azure.pools.get('render').nodes).toHaveLength(10)
  })

  test('after a shrink nobody says that 25 of 10 nodes are healthy', async () => {
    const azure = await azureOf({ ...scenario, nodeCountsLagMinutes: 30 })
    await again(azure, { ...FIRST, 'target-dedicated-nodes': '25' })
    const ran = await again(azure, FIRST)
    expect(annotations(ran)).toEqual([])
    expect(verdictOf(ran)).toContain('10 of 10 nodes')
    expect(ran.summary).toContain('| Healthy nodes | **10 of 10** |')
    expect(ran.log + ran.summary).not.toMatch(/\b25(?: of |\/)10\*{0,2} (?:\||(?:nodes (?:of pool \S+ )?(?:are )?)?healthy)/)
    expect(JSON.parse(ran.outputs['node-states'] ?? '')).toEqual({ idle: 10 })
  })
})

describe('Spot nodes are judged by themselves', () => {
  const SPOT = { 'target-dedicated-nodes': '0', 'target-low-priority-nodes': '10', 'node-start-timeout': '10m' }
  const nodes = fates(9, { state: 'preempted' })
  test.each<[string, Record<string, string>, number, RegExp]>([
    ['9 of 10 preempted', {}, 1, /1 of 10 required Spot nodes are healthy; 9 of 10 Spot nodes are preempted/],
    ['as few as asked for', { 'min-healthy-spot-percentage': '10' }, 0, /1 of 10 nodes/],
    ['the other percentage is for both', { 'min-healthy-percentage': '10' }, 0, /1 of 10 nodes/],
    [
      'dedicated ones do not stand in for them',
      { 'target-dedicated-nodes': '10', 'min-healthy-percentage': '50' },
      1,
      /1 of 5 required Spot nodes/,
    ],
  ])('%s', async (_, inputs, exitCode, told) => {
    const preempted = 'target-dedicated-nodes' in inputs ? nodes.map((node) => ({ ...node, index: node.index + 10 })) : nodes
    const ran = await run('happy', { ...SPOT, ...inputs }, { nodes: preempted })
    expect(ran.exitCode).toBe(exitCode)
    expect(exitCode ? annotations(ran)[0] : verdictOf(ran)).toMatch(told)
  })
})

describe('a pool that is not visible for half a minute after its PUT', () => {
  test.each([
    ['create', FIRST],
    ['blue-green', { ...SECOND, strategy: 'blue-green' }],
    ['replace', { ...SECOND, strategy: 'replace' }],
    [
      'by formula',
      { ...FIRST, 'target-dedicated-nodes': '', 'pool-spec': 'scaleSettings: { autoScale: { formula: "$TargetDedicatedNodes = 6;" } }' },
    ],
  ])('%s: waited for, deleted by nobody', async (_, inputs) => {
    const azure = await azureOf({ ...scenario, unseenSeconds: 30 })
    if (inputs['image-version'] === '1.1.0') await again(azure, FIRST)
    const ran = await again(azure, inputs)
    expect(annotations(ran)).toEqual([])
    expect(verdictOf(ran)).toMatch(/(?:10 of 10|6 of 6) nodes/)
  })
})

describe('while nodes are looked at', () => {
  /** Takes nodes away at the first list of nodes, as Azure does with machines that fail. */
  function losing(azure: EmbeddedAzure, count: number): void {
    let isDone = false
    azure.intervene = ({ method, url }) => {
      if (isDone || method !== 'GET' || !/\/nodecounts/.test(url)) return undefined
      isDone = true
      const pool = azure.pools.get('render')
      pool.nodes = pool.nodes.slice(count)
      pool.properties.currentDedicatedNodes = pool.nodes.length
      return undefined
    }
  }

  test.each<[string, Record<string, string>, number, number]>([
    ['some leave: they are asked for again', {}, 0, 1],
    ['some leave, and no resize is left', { 'max-resizes': '1' }, 1, 0],
  ])('%s', async (_, inputs, exitCode, asked) => {
    const azure = await azureOf(scenario)
    losing(azure, 3)
    const ran = await again(azure, { ...FIRST, ...inputs })
    expect(ran.exitCode).toBe(exitCode)
    expect(resizes(azure)).toHaveLength(asked)
    if (exitCode) expect(annotations(ran)[0]).toMatch(/7 of 10 required dedicated nodes are healthy/)
  })

  test('an unusable node leaves before it is removed: no failure', async () => {
    const azure = await azureOf({ ...scenario, nodes: [{ index: 2, state: 'unusable' }] })
    const body = { code: 'NodeNotFound', message: { lang: 'en-US', value: 'The specified node does not exist.' } }
    azure.intervene = ({ url }) => {
      if (!/\/removenodes/.test(url)) return undefined
      const pool = azure.pools.get('render')
      pool.nodes = pool.nodes.filter(({ index }) => index !== 2)
      pool.properties.currentDedicatedNodes = pool.nodes.length
      return { kind: 'answer', status: 404, body }
    }
    const ran = await again(azure, FIRST)
    expect(annotations(ran)).toEqual([])
    expect(verdictOf(ran)).toContain('10 of 10 nodes')
    expect(requestsTo(azure, 'POST', /removenodes/)).toHaveLength(1)
  })
})

describe('a formula is believed once it was evaluated', () => {
  const AUTO = (formula: string) => ({
    ...FIRST,
    'target-dedicated-nodes': '',
    'pool-spec': `scaleSettings: { autoScale: { formula: "${formula}", evaluationInterval: PT5M } }`,
  })
  test.each<[string, Partial<Scenario>, string, number, RegExp]>([
    ['ten minutes later', { formula: { delayMinutes: 8 } }, '$TargetDedicatedNodes = 6;', 0, /6 of 6 nodes/],
    ['never', { formula: { delayMinutes: 1_000 } }, '$TargetDedicatedNodes = 6;', 1, /has not evaluated its autoscale formula within/],
    [
      'never, but one that fails says so when asked',
      { formula: { delayMinutes: 1_000, failsWith: '$x' } },
      '$TargetDedicatedNodes = $x;',
      1,
      /\$x is not defined/,
    ],
    [
      'it names Spot nodes, all preempted',
      { nodes: fates(3, { state: 'preempted' }) },
      '$TargetDedicatedNodes = 0; $TargetLowPriorityNodes = 3;',
      1,
      /0 of 3 required Spot nodes/,
    ],
  ])('%s', async (_, changes, formula, exitCode, told) => {
    const azure = await azureOf({ ...scenario, ...changes })
    const ran = await again(azure, { ...AUTO(formula), 'node-start-timeout': '20m' })
    expect(ran.exitCode).toBe(exitCode)
    expect(exitCode ? annotations(ran)[0] : verdictOf(ran)).toMatch(told)
  })

  test('changed to one that fails: red, with the nodes of the previous one', async () => {
    const azure = await azureOf({ ...scenario, formula: { failsWith: '$x' } })
    expect(annotations(await again(azure, AUTO('$TargetDedicatedNodes = 6;')))).toEqual([])
    const ran = await again(azure, AUTO('$TargetDedicatedNodes = $x;'))
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)[0]).toContain('$x is not defined')
  })
})

testConformance()
