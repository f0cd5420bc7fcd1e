/** How old images are, and how things stand with the Marketplace image below them: said, and never a reason for anything. */
import { describe, expect, test } from 'vitest'
import type { Intervention } from '../embedded-azure/intervention.ts'
import { GROUP_ID, loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { again, annotations, azureOf, namesOf, reportOf, requestsTo, run, testConformance, writes } from '../fixtures/whole-runs.ts'

const scenario = loadScenario('freshness')
const { rebuild: _, ...inputs } = scenario.inputs
const BASE = /\/publishers\/canonical\/artifacttypes\/vmimage\/.*\/versions\?/
const DAY_MS = 86_400_000

/** The version that the first run made; a test may have it published at another time. */
function versionIn({ world }: EmbeddedAzure) {
  const version = world.all().find(({ type }) => /galleries\/images\/versions$/i.test(type))
  if (!version) throw new Error('there is no version')
  return version
}

const daysAgo = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString()

test('an unchanged run says how old the image is, that its base has a newer version, and until when that is supported', async () => {
  const azure = await azureOf(scenario)
  await again(azure, inputs)
  const { publishingProfile } = versionIn(azure).properties
  publishingProfile.publishedDate = new Date(azure.clock.now().getTime() - 40 * DAY_MS).toISOString()
  const [before, written] = [azure.exchanges.length, writes(azure).length]
  const ran = await again(azure, { ...inputs, mode: 'plan' })
  expect(ran.outputs).toMatchObject({ result: 'planned', 'has-changes': 'false' })
  expect(ran.summary).toContain('| Image age | 40 days | 40 days |')
  expect(ran.summary).toContain('The base image `canonical:ubuntu-24_04-lts:server` has a newer version, `24.04.202611120`.')
  expect(ran.summary).toContain('its publisher will deprecate it on 2027-03-31, and names offer ubuntu-26&#95;04-lts instead')
  expect(ran.summary).toMatch(/^✅/m)
  const { image, accountPools, pools } = await reportOf(ran)
  expect(image.baseImage).toEqual({
    name: 'canonical:ubuntu-24_04-lts:server',
    version: '24.04.202609300',
    newestVersion: '24.04.202611120',
    isBehind: true,
    deprecation: { state: 'ScheduledForDeprecation', at: '2027-03-31T00:00:00Z', alternative: 'offer ubuntu-26_04-lts' },
  })
  expect([accountPools[0].imageAgeDays, pools[0].imageBeforeAgeDays, pools[0].imageAfterAgeDays]).toEqual([40, 40, 40])
  expect(JSON.parse(ran.outputs.pools ?? '')[0]).toMatchObject({ 'image-age-days': 40 })
  expect(writes(azure)).toHaveLength(written)
  const [asked, ...others] = azure.exchanges.slice(before).filter(({ liveRequest: { url } }) => BASE.test(url))
  expect(asked?.liveRequest.url).toContain('%24expand=properties%2FimageDeprecationStatus'.replace('%24', '$'))
  expect(others).toEqual([])
})

describe('rebuild: 7d', () => {
  const weekly = { ...inputs, rebuild: '7d' }
  test.each<[string, string | undefined, boolean, RegExp]>([
    ['of last week', daysAgo(8), true, /version \S+ is 8 days old, more than 7 days/],
    ['of this week', daysAgo(6), false, /the source is unchanged/],
    ['from the future', daysAgo(-3), false, /the source is unchanged/],
    ['without a date', undefined, true, /it is unknown how old version \S+ is, and `rebuild` asks for one of at most 7 days/],
  ])('a version %s', async (_, published, isRebuilt, reason) => {
    const azure = await azureOf(scenario)
    await again(azure, weekly)
    versionIn(azure).properties.publishingProfile.publishedDate = published
    const ran = await again(azure, weekly)
    expect(annotations(ran)).toEqual([])
    expect(namesOf(azure, 'galleries/images/versions')).toHaveLength(isRebuilt ? 2 : 1)
    expect(ran.outputs).toMatchObject({ result: isRebuilt ? 'succeeded' : 'unchanged' })
    expect((await reportOf(ran)).image.reason).toMatch(reason)
  })

  test('a version that is asked for by its number stays as it is, with a warning', async () => {
    const azure = await azureOf(scenario)
    const numbered = { ...weekly, 'image-version': '1.0.0' }
    await again(azure, numbered)
    versionIn(azure).properties.publishingProfile.publishedDate = daysAgo(8)
    const ran = await again(azure, numbered)
    expect(ran.exitCode).toBe(0)
    expect(ran.log).toMatch(/version 1\.0\.0 of golden exists, and version 1\.0\.0 is 8 days old, more than 7 days: it is used as it is/)
  })
})

describe('how old an image is', () => {
  test.each<[string, number | undefined, string]>([
    ['published in the future: new', -3, 'less than a day'],
    ['published yesterday', 1.5, '1 day'],
    ['without a date', undefined, 'not known'],
  ])('%s', async (_, days, age) => {
    const azure = await azureOf(scenario)
    await again(azure, inputs)
    const { publishingProfile } = versionIn(azure).properties
    const published = days !== undefined && new Date(azure.clock.now().getTime() - days * DAY_MS).toISOString()
    if (published) publishingProfile.publishedDate = published
    else delete publishingProfile.publishedDate
    const ran = await again(azure, inputs)
    expect(ran.outputs).toMatchObject({ result: 'unchanged', 'has-changes': 'false' })
    expect(ran.summary).toContain(`| Image age | ${age} | ${age} |`)
  })

  test('of pools on managed images, and on images of others', async () => {
    const managed = `${GROUP_ID}/providers/Microsoft.Compute/images/old`
    const at = (id: string) => ({
      deploymentConfiguration: { virtualMachineConfiguration: { nodeAgentSkuId: 'batch.node.ubuntu 24.04', imageReference: { id } } },
      vmSize: 'Standard_D4s_v5',
    })
    const elsewhere = managed
      .replace('/resourceGroups/render/', '/resourceGroups/elsewhere/')
      .replace('/images/old', '/galleries/g/images/d/versions/1.0.0')
    const pools = [
      { id: 'old', nodes: 1, properties: at(managed) },
      { id: 'foreign', nodes: 1, properties: at(elsewhere) },
    ]
    const ran = await run('freshness', { mode: 'plan' }, { pools }, ({ world, clock }) => {
      world.put({
        id: managed,
        name: 'old',
        type: 'Microsoft.Compute/images',
        location: 'westeurope',
        properties: { provisioningState: 'Succeeded', storageProfile: { osDisk: { osType: 'Linux', osState: 'Generalized' } } },
      })
      Object.assign(world.get(managed) ?? {}, { createdTime: new Date(clock.now().getTime() - 300 * DAY_MS).toISOString() })
    })
    expect(annotations(ran)).toEqual([])
    const { accountPools } = await reportOf(ran)
    expect(accountPools.map(({ name, imageAgeDays }: { name: string; imageAgeDays?: number }) => [name, imageAgeDays])).toEqual([
      ['foreign', undefined],
      ['old', 300],
    ])
    expect(ran.summary).toMatch(/\| `foreign` \|.*<br>age not known/)
  })
})

const THROTTLED = { error: { code: 'TooManyRequests', message: 'The request is being throttled.' } }

describe('the base image cannot be read: the run continues, and reports it', () => {
  const answer = (status: number, body?: object): Intervention => ({ kind: 'answer', status, body })
  test.each<[string, Intervention]>([
    ['500', answer(500, { error: { code: 'InternalServerError', message: 'Server encountered an internal error.' } })],
    ['throttled for long', { kind: 'answer', status: 429, headers: { 'retry-after': '600' }, body: THROTTLED }],
    ['never answered', { kind: 'hang' }],
    ['not there', answer(404, { error: { code: 'NotFound', message: 'Artifact: VMImage was not found.' } })],
  ])('%s', async (_, intervention) => {
    const azure = await azureOf(scenario)
    azure.intervene = ({ url }) => (BASE.test(url) ? intervention : undefined)
    const ran = await again(azure, { ...inputs, mode: 'plan' })
    expect(annotations(ran)).toEqual([])
    expect(ran.outputs.result).toBe('planned')
    expect((await reportOf(ran)).image.baseImage).toEqual({ name: 'canonical:ubuntu-24_04-lts:server', version: '24.04.202609300' })
    expect(ran.summary).toContain('`24.04.202609300`: whether there is a newer version is not known')
    expect(ran.summary).toMatch(/^✅/m)
  })

  test('without the permission: the log names it, and the command that gives it', async () => {
    const action = 'Microsoft.Compute/locations/publishers/artifacttypes/offers/skus/versions/read'
    const ran = await run('freshness', { mode: 'plan' }, { denied: [action] })
    expect(annotations(ran)).toEqual([])
    expect(ran.log).toContain('Whether the base image of golden has a newer version is not known.')
    expect(ran.log).toContain(action)
    expect(ran.log).toContain('az role assignment create')
  })
})

test('a golden VM of no Marketplace image: nothing is asked, and nothing claimed', async () => {
  const { image: _, ...vm } = scenario.vm
  const ran = await run('freshness', { mode: 'plan', 'node-agent-sku-id': 'batch.node.ubuntu 24.04' }, { vm })
  expect(annotations(ran)).toEqual([])
  expect(requestsTo(ran.azure, 'GET', /\/artifacttypes\/vmimage\//)).toEqual([])
  expect((await reportOf(ran)).image).not.toHaveProperty('baseImage')
  expect(ran.summary).not.toContain('Base image')
})

testConformance()
