/** Pools of several Batch accounts and regions in one run. */
import { afterEach, describe, expect, test } from 'vitest'
import { loadScenario, type Scenario } from '../embedded-azure/scenarios/scenario.ts'
import { type EmbeddedAzure, startAzure } from '../embedded-azure/server.ts'
import { imageReference } from '../fixtures/image-safety-runs.ts'
import { again, annotations, azureOf, namesOf, type Ran, reportOf, requestsTo, testConformance, writes } from '../fixtures/whole-runs.ts'

const { replication: _replication, ...base } = loadScenario('fleet')
const scenario: Scenario = { ...base, replication: { northeurope: { minutes: 20 } } }
const inputs = scenario.inputs

/** Of the three accounts, in their order. */
const entries = (inputs['pool-spec'] ?? '').split(/^(?=- )/m)

const open: EmbeddedAzure[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((azure) => azure.close()))
})

/** Replication to the United Kingdom fails. No version that failed was recorded: this world is not held against recordings. */
async function failing(): Promise<EmbeddedAzure> {
  const azure = await startAzure(loadScenario('fleet'), 500)
  open.push(azure)
  return azure
}

const nodesIn = (azure: EmbeddedAzure): Readonly<Record<string, number>> =>
  Object.fromEntries(
    azure.accountPools.flatMap(({ account, pools }) => pools.all().map((pool) => [`${account}/${pool.name}`, pool.nodes.length])),
  )
const ALL = { 'renderbatch/render': 6, 'rendernorth/render': 4, 'renderuk/preview': 2 }
const poolsIn = ({ outputs }: Ran) =>
  JSON.parse(outputs.pools ?? '[]').map((pool: Record<string, unknown>) => [
    `${pool['batch-account']}/${pool['pool-id']}`,
    pool['pool-action'],
    pool['current-dedicated-nodes'],
  ])

describe('one version for three accounts', () => {
  test('each pool begins once its own region is complete', async () => {
    const azure = await azureOf(scenario)
    const ran = await again(azure, inputs)
    expect(annotations(ran)).toEqual([])
    expect(nodesIn(azure)).toEqual(ALL)
    expect(namesOf(azure, 'galleries/images/versions')).toHaveLength(1)
    expect(poolsIn(ran)).toEqual([
      ['renderbatch/render', 'created', 6],
      ['rendernorth/render', 'created', 4],
      ['renderuk/preview', 'created', 2],
    ])
    const [home, north] = azure.accountPools.map(({ pools }) => Date.parse(pools.find('render')?.properties.creationTime))
    const [version] = azure.world.all().filter(({ type }) => type === 'Microsoft.Compute/galleries/images/versions')
    const replica = version?.properties.replicas.northeurope
    expect(home).toBeLessThan(replica.startedAtMs + replica.lastsMs)
    expect(north).toBeGreaterThanOrEqual(replica.startedAtMs + replica.lastsMs)
  })

  test('log, report and summary say which account a pool is in', async () => {
    const ran = await again(await azureOf(scenario), inputs)
    expect(ran.log).toContain('renderbatch/render: 6/6 nodes')
    expect(ran.log).toContain('rendernorth/render: 4/4 nodes')
    const report = await reportOf(ran)
    const of = (account: string) => report.pools.find((pool: { account: string }) => pool.account === account)
    expect(of('renderbatch').attempts).toHaveLength(1)
    expect(of('rendernorth').attempts).toMatchObject([{ to: { dedicated: 4 } }])
    expect(ran.summary).toMatch(/^\| \[`render`\]\(\S+\)<br>in \[`renderbatch`\]/m)
  })

  test('a second run has nothing to do, and plans so', async () => {
    const azure = await azureOf(scenario)
    await again(azure, inputs)
    const before = writes(azure).length
    const planned = await again(azure, { ...inputs, mode: 'plan' })
    expect(planned.outputs).toMatchObject({ 'has-changes': 'false' })
    const second = await again(azure, { ...inputs, 'plan-id': planned.outputs['plan-id'] ?? '' })
    expect(annotations(second)).toEqual([])
    expect(second.outputs).toMatchObject({ result: 'unchanged' })
    expect(writes(azure)).toHaveLength(before)
  })

  test('an approved plan covers the pools of every account', async () => {
    const azure = await azureOf(scenario)
    const planned = await again(azure, { ...inputs, mode: 'plan' })
    const planId = planned.outputs['plan-id'] ?? ''
    expect(planned.summary.match(/<br>to be created \|/g)).toHaveLength(3)
    expect(planned.summary).not.toMatch(/<br>created \||gallery-region/)
    expect(planId).toMatch(/renderbatch\/render=.*rendernorth\/render=.*renderuk\/preview=/)
    const other = (inputs['pool-spec'] ?? '').replace('targetDedicatedNodes: 4', 'targetDedicatedNodes: 5')
    const ran = await again(azure, { ...inputs, 'pool-spec': other, 'plan-id': planId })
    expect(annotations(ran)[0]).toContain('rendernorth/render: the size changed since the approval')
    expect(writes(azure)).toEqual([])
  })

  test('the account of an entry is enough', async () => {
    const ran = await again(await azureOf(scenario), { ...inputs, 'batch-account': '', 'pool-spec': entries.slice(1).join('') })
    expect(annotations(ran)).toEqual([])
    expect(nodesIn(ran.azure)).toEqual({ 'rendernorth/render': 4, 'renderuk/preview': 2 })
  })
})

describe('a region in which replication fails', () => {
  test('fails the pools of its account, and no others; the next run tries it again', async () => {
    const azure = await failing()
    const first = await again(azure, inputs)
    expect(annotations(first)).toHaveLength(1)
    expect(annotations(first)[0]).toMatch(/::renderuk\/preview: UK South: Failed with internal server error/)
    expect(first.outputs).toMatchObject({ result: 'failed' })
    expect(first.log).toMatch(/Account renderuk: preview was not touched: Replication failed: .*UK South: Failed/)
    expect(first.log).toMatch(/replication of image version .*UK South failed/)
    expect(first.log).toMatch(/✗ pool failed after /)
    expect(nodesIn(azure)).toEqual({ 'renderbatch/render': 6, 'rendernorth/render': 4 })
    expect(
      (await reportOf(first)).pools.map(({ action, error }: { action: string; error?: object }) => [action, error !== undefined]),
    ).toEqual([
      ['created', false],
      ['created', false],
      ['none', true],
    ])
    azure.world.replication.clear()
    const second = await again(azure, inputs)
    expect(annotations(second)).toEqual([])
    expect(nodesIn(azure)).toEqual(ALL)
    expect(second.outputs['image-version']).toBe(first.outputs['image-version'])
    expect(poolsIn(second).map(([, action]: readonly string[]) => action)).toEqual(['none', 'none', 'created'])
  })
})

describe('an account in another subscription than the gallery', () => {
  const FAR = '99999999-9999-4999-8999-999999999999'
  const farId = `/subscriptions/${FAR}/resourceGroups/elsewhere/providers/Microsoft.Batch/batchAccounts/rendernorth`
  const [near, north] = base.otherAccounts ?? []
  const far = {
    ...north,
    name: 'rendernorth',
    region: 'northeurope',
    dedicatedCoreQuota: 1000,
    subscriptionId: FAR,
    resourceGroup: 'elsewhere',
  }
  const world: Scenario = { ...scenario, otherAccounts: [far, ...(near && north ? [north] : [])] }
  const farInputs = { ...inputs, 'pool-spec': (inputs['pool-spec'] ?? '').replace('batchAccount: rendernorth', `batchAccount: ${farId}`) }

  test('has its pools on the version too, with a warning; the plan covers it', async () => {
    const azure = await azureOf(world)
    const planned = await again(azure, { ...farInputs, mode: 'plan' })
    expect(planned.outputs).toMatchObject({ result: 'planned', 'has-changes': 'true' })
    const ran = await again(azure, { ...farInputs, 'plan-id': planned.outputs['plan-id'] ?? '' })
    expect(annotations(ran)).toEqual([])
    expect(nodesIn(azure)).toEqual(ALL)
    expect(ran.log).toContain(
      `account rendernorth: the image is in subscription 11111111-1111-4111-8111-111111111111, the account in ${FAR}`,
    )
    expect(poolsIn(ran)[1]).toEqual(['rendernorth/render', 'created', 4])
    expect(await reportOf(ran)).toMatchObject({ pools: [{}, { account: 'rendernorth', id: `${farId}/pools/render` }, {}] })
  })

  test('is refused before the first write where Microsoft.Batch is not registered in that of the image', async () => {
    const azure = await azureOf({ ...world, unregistered: ['Microsoft.Batch'] })
    const ran = await again(azure, farInputs)
    expect(annotations(ran).join()).toMatch(/Microsoft\.Batch.* is not registered in the subscription of the image/)
    expect(writes(azure)).toEqual([])
  })

  test('is refused before the first write where the identity has no right there', async () => {
    const group = `/subscriptions/11111111-1111-4111-8111-111111111111`
    const role = { Name: 'everything', Actions: ['*'], DataActions: ['*'] }
    const reader = { Name: 'reader', Actions: ['*/read'] }
    const azure = await azureOf({
      ...world,
      roles: [
        { role, scope: group },
        { role: reader, scope: `/subscriptions/${FAR}` },
      ],
    })
    const ran = await again(azure, farInputs)
    expect(annotations(ran).join()).toMatch(/lacks Microsoft\.Batch\/batchAccounts\/pools\/write, .* on batchAccounts rendernorth/)
    expect(writes(azure)).toEqual([])
  })

  test('keeps the versions that its pools are on, also those of another run', async () => {
    const azure = await azureOf(world)
    await again(azure, { ...farInputs, 'image-version': '1.0.0' })
    const ran = await again(azure, {
      ...farInputs,
      'pool-spec': farInputs['pool-spec'].replace('- id: render\n  batch', '- id: other\n  batch'),
      ...{ rebuild: 'always', 'retain-versions': '1', 'image-version': '2.0.0' },
    })
    expect(annotations(ran)).toEqual([])
    expect([...namesOf(azure, 'galleries/images/versions')].sort()).toEqual(['1.0.0', '2.0.0'])
    expect(requestsTo(azure, 'DELETE', /\/versions\//)).toEqual([])
  })

  test('keeps a failed version that a pool of it is on', async () => {
    const azure = await startAzure(world, 500)
    open.push(azure)
    for (const region of ['westeurope', 'northeurope', 'uksouth']) azure.world.replication.set(region, { fails: true })
    const ran = await again(azure, { ...farInputs, 'image-version': '1.0.0' })
    expect(ran.outputs.result).toBe('failed')
    const [version] = azure.world.all().filter(({ type }) => type === 'Microsoft.Compute/galleries/images/versions')
    const theirs = azure.accountPools.find(({ account }) => account === 'rendernorth')?.pools
    theirs?.add('theirs', imageReference(version?.id ?? ''))
    const post = await again(azure, farInputs, { state: ran.state })
    expect(post.log).toContain('it is in use by pool theirs')
    azure.world.replication.clear()
    const next = await again(azure, { ...farInputs, 'image-version': '1.0.0' })
    expect(annotations(next).join()).toMatch(/version 1\.0\.0 of golden failed, and is in use by pool theirs/)
    expect(requestsTo(azure, 'DELETE', /\/versions\//)).toEqual([])
  })

  test('is read for retention where only the gallery is in its subscription', async () => {
    const gallery = `/subscriptions/${FAR}/resourceGroups/elsewhere/providers/Microsoft.Compute/galleries/images`
    const azure = await azureOf(world)
    const both = `${entries[0]}${entries[1]?.replace('batchAccount: rendernorth', `batchAccount: ${farId}`)}`
    await again(azure, { ...inputs, gallery, 'pool-spec': both, 'image-version': '1.0.0' })
    const only = { ...inputs, gallery, 'pool-spec': entries[0] ?? '', rebuild: 'always', 'retain-versions': '1' }
    const ran = await again(azure, { ...only, 'image-version': '2.0.0' })
    expect(annotations(ran)).toEqual([])
    expect([...namesOf(azure, 'galleries/images/versions')].sort()).toEqual(['1.0.0', '2.0.0'])
  })

  test('whose pools cannot be read keeps every version', async () => {
    const azure = await azureOf(world)
    await again(azure, { ...farInputs, 'image-version': '1.0.0' })
    azure.intervene = ({ method, url }) =>
      method === 'GET' && url.startsWith(`/subscriptions/${FAR}/resources`)
        ? { kind: 'answer', status: 403, body: { error: { code: 'AuthorizationFailed', message: 'no' } } }
        : undefined
    const ran = await again(azure, { ...farInputs, rebuild: 'always', 'retain-versions': '1', 'image-version': '2.0.0' })
    expect(annotations(ran)).toEqual([])
    expect(ran.log).toContain('No image and no snapshot is deleted, because it is unknown what is in use')
    expect([...namesOf(azure, 'galleries/images/versions')].sort()).toEqual(['1.0.0', '2.0.0'])
  })
})

describe('accounts that share the cores of their subscription', () => {
  const subscriptionCores = (limit: number) => ({ cores: { limit, used: 0 } })
  const world = (limit: number): Scenario => {
    const mode = { poolAllocationMode: 'UserSubscription' as const, subscriptionCores: subscriptionCores(limit) }
    const twin = { name: 'rendertwo', region: 'westeurope', dedicatedCoreQuota: 0, ...mode }
    return { ...scenario, account: { ...scenario.account, ...mode }, otherAccounts: [twin] }
  }
  const specOf = (one: number, two: number) => `
- id: render
  scaleSettings: { fixedScale: { targetDedicatedNodes: ${one} } }
  startTask: { commandLine: /opt/mount-data-disks, waitForSuccess: true }
- id: render
  batchAccount: rendertwo
  scaleSettings: { fixedScale: { targetDedicatedNodes: ${two} } }
  startTask: { commandLine: /opt/mount-data-disks, waitForSuccess: true }
`
  const twice = (one: number, two: number) => ({ ...inputs, 'pool-spec': specOf(one, two) })
  const refresh = { rebuild: 'always', 'image-version': '2.0.0' }

  test('leave each other room for proofs: the second goes without, and reports it', async () => {
    const azure = await azureOf(world(44))
    await again(azure, twice(6, 4))
    const ran = await again(azure, { ...twice(6, 4), ...refresh })
    expect(annotations(ran)).toEqual([])
    expect(ran.log).toMatch(
      /No proof of the new image \(no-proof\): account rendertwo: pool render would go .*44 dedicated cores in the subscription/,
    )
    expect(nodesIn(azure)).toEqual({ 'renderbatch/render': 6, 'rendertwo/render': 4 })
  })

  test('no pool grows into the cores of a proof of the other account', async () => {
    const azure = await azureOf(world(48))
    await again(azure, twice(6, 4))
    const ran = await again(azure, { ...twice(7, 5), ...refresh })
    expect(annotations(ran)).toEqual([])
    expect(nodesIn(azure)).toEqual({ 'renderbatch/render': 7, 'rendertwo/render': 5 })
    expect(
      (await reportOf(ran)).pools.flatMap(({ attempts }: { attempts: readonly { errors: readonly object[] }[] }) =>
        attempts.flatMap(({ errors }) => errors),
      ),
    ).toEqual([])
  })
})

describe('refused before the first write', () => {
  test.each<[string, Readonly<Record<string, string>>, RegExp]>([
    [
      'an account that is not there',
      { 'pool-spec': (inputs['pool-spec'] ?? '').replace('renderuk', 'nobody') },
      /batchAccounts\/nobody was not found/,
    ],
    [
      'a size that one account has no cores for',
      { 'pool-spec': (inputs['pool-spec'] ?? '').replace('targetDedicatedNodes: 4', 'targetDedicatedNodes: 400') },
      /account rendernorth: 1600 .*are needed.*the quota is 1000/,
    ],
    [
      'a managed image for accounts in other regions',
      {
        'image-kind': 'managed',
        gallery: '',
        'pool-spec': (inputs['pool-spec'] ?? '').replace('- id: render\n  batch', '- id: north\n  batch'),
      },
      /the source is in westeurope, the account in northeurope/,
    ],
  ])('%s', async (_, changes, expected) => {
    const azure = await azureOf(scenario)
    const ran = await again(azure, { ...inputs, ...changes })
    expect(ran.outputs).toMatchObject({ result: 'failed' })
    expect(annotations(ran).join('\n')).toMatch(expected)
    expect(writes(azure)).toEqual([])
  })
})

test.each([
  ['before the first pool', /\/versions\//],
  ['between the accounts', /batchAccounts\/rendernorth\/pools\/render\?/],
])('a run that was killed %s is completed by the next one', async (_, url) => {
  const azure = await azureOf(scenario)
  const killer = new AbortController()
  azure.intervene = (request) =>
    request.method === 'PUT' && url.test(request.url) ? { kind: 'act', after: () => killer.abort() } : undefined
  await again(azure, inputs, { kill: killer.signal })
  azure.intervene = undefined
  expect(killer.signal.aborted).toBe(true)
  const ran = await again(azure, inputs)
  expect(annotations(ran)).toEqual([])
  expect(nodesIn(azure)).toEqual(ALL)
  expect(namesOf(azure, 'galleries/images/versions')).toHaveLength(1)
})

test('no version goes that a pool of any account is on', async () => {
  const azure = await azureOf(scenario)
  await again(azure, { ...inputs, 'image-version': '1.0.0' })
  const only = { ...inputs, 'pool-spec': entries[0] ?? '', rebuild: 'always', 'retain-versions': '1' }
  const ran = await again(azure, { ...only, 'image-version': '2.0.0' })
  expect(annotations(ran)).toEqual([])
  expect([...namesOf(azure, 'galleries/images/versions')].sort()).toEqual(['1.0.0', '2.0.0'])
  expect(requestsTo(azure, 'DELETE', /\/versions\//)).toEqual([])
})

testConformance()
