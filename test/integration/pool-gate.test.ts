/** The health gate: which nodes must be healthy, and how their states are read. */
import { describe, expect, test } from 'vitest'
import { GROUP_ID, loadScenario, REGION, type Scenario } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { FIRST, scenario, verdictOf } from '../fixtures/pool-gate-runs.ts'
import { again, annotations, azureOf, requestsTo, resizes, run, testConformance } from '../fixtures/whole-runs.ts'

describe('how many must be healthy', () => {
  const failing = [{ index: 3, state: 'startTaskFailed' as const, stderr: 'cannot mount', stdout: 'mounting /dev/sdc', exitCode: 32 }]

  test('a failed start task is reported with the ends of stderr and stdout', async () => {
    const ran = await run('happy', {}, { nodes: failing })
    expect(ran.exitCode).toBe(1)
    expect(ran.outputs.result).toBe('failed')
    expect(annotations(ran)).toHaveLength(1)
    for (const text of ['cannot mount', 'mounting /dev/sdc', 'stderr.txt', 'stdout.txt', 'tvmps_render_3'])
      expect(ran.summary).toContain(text)
    expect(JSON.parse(ran.outputs['node-states'] ?? '')).toEqual({ idle: 9, startTaskFailed: 1 })
  })

  test.each([
    ['90', 0],
    ['91', 1],
    ['0', 0],
  ])('min-healthy-percentage %s of 10 with one broken: exit code %i', async (percentage, exitCode) => {
    const ran = await run('happy', { 'min-healthy-percentage': percentage }, { nodes: failing })
    expect(ran.exitCode).toBe(exitCode)
  })

  test.each([
    ['80', 0, 'succeeded'],
    ['90', 1, 'failed'],
  ])('8 of 10 nodes allocated for min-healthy-percentage %s: exit code %i', async (percentage, exitCode, result) => {
    const inputs = { 'min-healthy-percentage': percentage, 'max-resizes': '2' }
    const error = { code: 'AllocationTimedout', message: 'Desired number of dedicated nodes could not be allocated' }
    const ran = await run('happy', inputs, {
      resizes: [
        { gain: 8, error },
        { gain: 0, error },
      ],
    })
    expect(ran.exitCode).toBe(exitCode)
    expect(ran.outputs).toMatchObject({ result, 'current-dedicated-nodes': '8', 'target-dedicated-nodes': '10', 'resize-attempts': '2' })
    if (exitCode === 0) {
      expect(ran.log).toMatch(/has 8 of 10 dedicated nodes after 2 resizes.*AllocationTimedout.*enough for `min-healthy-percentage` 80/)
      expect(verdictOf(ran)).toContain('8 of 10 nodes')
    }
  })

  test('a target of 0 is reached with 0, and does not claim more', async () => {
    const ran = await run('happy', { 'target-dedicated-nodes': '0' })
    expect(annotations(ran)).toEqual([])
    expect(verdictOf(ran)).toContain('with 0 nodes, as requested')
  })

  test('a formula that gives no nodes: green, and reported', async () => {
    const spec = `id: render
vmSize: Standard_D4s_v5
scaleSettings:
  autoScale: { formula: "$TargetDedicatedNodes = 0;", evaluationInterval: PT5M }`
    const ran = await run('happy', { 'pool-spec': spec, 'pool-id': '', 'vm-size': '', 'target-dedicated-nodes': '' })
    expect(annotations(ran)).toEqual([])
    expect(verdictOf(ran)).toMatch(/0 of 0 nodes .*sized by formula/)
  })

  test.each([
    ['create', false],
    ['in-place', true],
  ])('a formula that cannot be evaluated gives no nodes: red in its innermost words (%s)', async (_, isThere) => {
    const azure = await azureOf({ ...scenario, formula: { failsWith: '$Unknown' } })
    const inputs = { ...FIRST, 'pool-id': '', 'vm-size': '', 'target-dedicated-nodes': '' }
    const spec = 'id: render\nvmSize: Standard_D4s_v5\nscaleSettings: { autoScale: { formula: "'
    const good = `${spec}$TargetDedicatedNodes = 6;" } }`
    const bad = `${spec}$TargetDedicatedNodes = $Unknown;" } }`
    if (isThere) expect(annotations(await again(azure, { ...inputs, 'pool-spec': good }))).toEqual([])
    const ran = await again(azure, { ...inputs, 'image-version': isThere ? '1.0.0' : '1.1.0', 'pool-spec': bad })
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)[0]).toMatch(/formula.*Line 1, Col 1: \$Unknown is not defined/)
  })

  const AUTO = {
    'pool-spec': `id: render
vmSize: Standard_D4s_v5
scaleSettings:
  autoScale: { formula: "$TargetDedicatedNodes = 6;", evaluationInterval: PT30M }`,
    'pool-id': '',
    'vm-size': '',
    'target-dedicated-nodes': '',
  }
  const { account } = loadScenario('happy')
  const timedOut = { code: 'AllocationTimedout', message: 'Desired number of dedicated nodes could not be allocated' }
  test.each<[string, Partial<Scenario>, number, RegExp]>([
    ['a quota in the way', { account: { ...account, dedicatedCoreQuota: 20 } }, 1, /has \d of 6 dedicated nodes: AccountCoreQuotaReached/],
    ['nothing came', { resizes: [{ gain: 0, error: timedOut }] }, 1, /has 0 of 6 dedicated nodes: AllocationTimedout/],
    [
      'some came',
      { resizes: [{ gain: 4, error: timedOut }] },
      0,
      /has 4 of 6 dedicated nodes: AllocationTimedout.*The formula of the pool requests the missing nodes again/s,
    ],
  ])('a formula that asks for 6 nodes, %s: told, and red where asking again cannot help', async (_, changes, exitCode, told) => {
    const ran = await run('happy', AUTO, changes)
    expect(ran.exitCode).toBe(exitCode)
    expect(ran.log).toMatch(told)
    expect(requestsTo(ran.azure, 'POST', /disableAutoScale|resize/i)).toEqual([])
  })

  test('Spot nodes that a quota rules out: red for the quota, not for a lack of Spot capacity', async () => {
    const spot = AUTO['pool-spec'].replace('$TargetDedicatedNodes = 6', '$TargetLowPriorityNodes = 6')
    const ran = await run('happy', { ...AUTO, 'pool-spec': spot }, { account: { ...account, lowPriorityCoreQuota: 8 } })
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)[0]).toMatch(/has \d of 6 Spot nodes: AccountLowPriorityCoreQuotaReached/)
  })

  test('an error of a resize before the formula is not believed while the new one has not begun', async () => {
    const azure = await azureOf({ ...scenario, formula: { resizeAfterSeconds: 60 } })
    const empty = { ...FIRST, ...AUTO, 'pool-spec': AUTO['pool-spec'].replace('= 6', '= 0') }
    expect(annotations(await again(azure, empty))).toEqual([])
    azure.pools.get('render').properties.resizeOperationStatus = {
      startTime: new Date(azure.clock.now().getTime() - 3_600_000).toISOString(),
      errors: [{ code: 'AccountCoreQuotaReached', message: 'of old' }],
    }
    const ran = await again(azure, { ...FIRST, ...AUTO })
    expect(annotations(ran)).toEqual([])
    expect(ran.outputs).toMatchObject({ 'current-dedicated-nodes': '6' })
  })

  test.each([
    ['100', 1],
    ['80', 0],
  ])('unusable nodes of a pool that sizes itself are told and left, its formula stays on (%s %%)', async (percentage, exitCode) => {
    const inputs = { ...AUTO, 'min-healthy-percentage': percentage }
    const ran = await run('happy', inputs, { nodes: [{ index: 2, state: 'unusable' }] })
    expect(ran.exitCode).toBe(exitCode)
    if (exitCode) expect(ran.log).toContain('Pool render keeps its unusable nodes (1), because its formula sizes it')
    expect(ran.outputs).toMatchObject({ 'current-dedicated-nodes': '6' })
    expect(requestsTo(ran.azure, 'POST', /disableAutoScale|removenodes|resize/i)).toEqual([])
    expect(ran.azure.pools.get('render').properties.scaleSettings.autoScale.formula).toContain('= 6')
  })

  const SUBNET = `${GROUP_ID}/providers/Microsoft.Network/virtualNetworks/farm/subnets/nodes`
  const IN_SUBNET = { 'pool-spec': `startTask: { commandLine: /opt/mount-data-disks }\nnetworkConfiguration: { subnetId: ${SUBNET} }` }
  const withSubnet = ({ world }: EmbeddedAzure): unknown =>
    world.put({
      id: SUBNET,
      name: 'nodes',
      type: 'Microsoft.Network/virtualNetworks/subnets',
      location: REGION,
      properties: { provisioningState: 'Succeeded' },
    })
  const IN_ORDER = {
    network: /cannot reach Batch: allow outbound access on port 443 to the service tag BatchNodeManagement.*is probably not generalized/,
    image: /mostly come from an image that is not generalized.*look for what blocks the way inside the image/,
  }

  test.each<[string, Record<string, string>, RegExp, RegExp]>([
    ['in a subnet of yours, by the network first', IN_SUBNET, IN_ORDER.network, /network security group/],
    ['in none, by an image that the run took on trust first', {}, IN_ORDER.image, /not generalized/],
  ])('unusable nodes without an error are explained: %s', async (_, inputs, told, inSummary) => {
    const nodes = Array.from({ length: 40 }, (_, index) => ({ index, state: 'unusable' as const }))
    const ran = await run('happy', inputs, { nodes }, withSubnet)
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)[0]).toMatch(told)
    expect(ran.summary).toMatch(inSummary)
  })

  test('more than 100 unusable nodes leave in several calls', async () => {
    const nodes = Array.from({ length: 150 }, (_, index) => ({ index: index + 10, state: 'unusable' as const }))
    const changes: Partial<Scenario> = { nodes }
    const ran = await run('happy', { 'target-dedicated-nodes': '300' }, changes)
    expect(annotations(ran)).toEqual([])
    expect(ran.outputs).toMatchObject({ result: 'succeeded', 'current-dedicated-nodes': '300' })
    const removed = requestsTo(ran.azure, 'POST', /removenodes/).map(
      ({ liveRequest }) => (liveRequest.body as { nodeList: string[] }).nodeList.length,
    )
    expect(removed).toEqual([100, 50])
    expect(resizes(ran.azure)).toHaveLength(1)
  })

  test('nodes that never start: red after node-start-timeout, counted from allocation', async () => {
    const ran = await run('happy', { 'node-start-timeout': '10m' }, { nodes: [{ index: 0, state: 'starting' }] })
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)[0]).toMatch(/9 of 10 required dedicated nodes are healthy/)
    expect(annotations(ran)[0]).toMatch(/node-start-timeout/)
  })
})

describe('counts that Batch gives', () => {
  const STATES = ['idle', 'running', 'creating', 'starting', 'waitingForStartTask', 'startTaskFailed', 'rebooting', 'reimaging', 'unusable']
  const MORE_STATES = ['unknown', 'offline', 'leavingPool', 'preempted', 'upgradingOS', 'total']
  const NONE = Object.fromEntries([...STATES, ...MORE_STATES].map((state) => [state, 0]))
  /** The first `times` answers are of these Spot nodes, and of no dedicated ones. */
  async function azureCounting(lowPriority: Readonly<Record<string, number>>, times: number): Promise<EmbeddedAzure> {
    const azure = await azureOf(scenario)
    let seen = 0
    const body = { value: [{ poolId: 'render', dedicated: NONE, lowPriority: { ...NONE, ...lowPriority } }] }
    azure.intervene = ({ url }) => (/\/nodecounts/.test(url) && ++seen <= times ? { kind: 'answer', status: 200, body } : undefined)
    return azure
  }

  test('may lag behind the pool: looked at again before the run is red', async () => {
    const ran = await again(await azureCounting({}, 2), FIRST)
    expect(annotations(ran)).toEqual([])
    expect(verdictOf(ran)).toContain('10 of 10 nodes')
  })

  test('that never have the nodes of the pool are not believed: the list of nodes decides', async () => {
    const ran = await again(await azureCounting({}, Number.POSITIVE_INFINITY), FIRST)
    expect(annotations(ran)).toEqual([])
    expect(verdictOf(ran)).toContain('10 of 10 nodes')
  })
})

testConformance()
