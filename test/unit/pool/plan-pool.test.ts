/** One pool as asked for against the pool that is there. */
import { describe, expect, test } from 'vitest'
import type { PoolRequest, PoolSettings } from '../../../src/config/config.ts'
import type { ArmId } from '../../../src/model/arm-id.ts'
import type { Pool, PoolProperties } from '../../../src/model/batch.ts'
import type { ImageTraits } from '../../../src/model/image-traits.ts'
import { imageOf, type PoolQuestion, planPool } from '../../../src/pool/plan-pool.ts'

const ACCOUNT = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Batch/batchAccounts/a'
const ID = `${ACCOUNT}/pools/render` as ArmId
const versionId = (name: string) =>
  `/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/f/images/golden/versions/${name}`
const NEW = versionId('2026.1124.0')
const OLD = versionId('2026.1101.0')

function pool(image: string, properties: Partial<Pool['properties']> = {}, name = 'render'): Pool {
  return {
    id: `${ACCOUNT}/pools/${name}`,
    name,
    etag: 'e',
    properties: {
      vmSize: 'STANDARD_D4S_V5',
      provisioningState: 'Succeeded',
      allocationState: 'Steady',
      allocationStateTransitionTime: '',
      currentDedicatedNodes: 10,
      currentLowPriorityNodes: 0,
      scaleSettings: { fixedScale: { targetDedicatedNodes: 10, resizeTimeout: 'PT15M' } },
      deploymentConfiguration: { virtualMachineConfiguration: { imageReference: { id: image }, nodeAgentSkuId: 'batch.node.old' } },
      ...properties,
    },
  }
}

const asked = (properties: PoolProperties = {}, more: Partial<PoolRequest> = {}): PoolRequest => ({
  id: 'render',
  properties: { vmSize: 'Standard_D4s_v5', ...properties },
  target: { dedicated: 10, lowPriority: 0 },
  autoScale: false,
  sizeSource: 'requested',
  resizeTimeout: 'PT30M',
  ...more,
})

const question = (changes: Partial<PoolQuestion> = {}): PoolQuestion => ({
  id: ID,
  request: asked(),
  existing: pool(NEW),
  imageId: NEW,
  strategy: 'in-place',
  imageTraits: undefined,
  supportedImages: [],
  name: 'render',
  siblings: [],
  ...changes,
})

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
    'a formula that is there already',
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

describe('what is written', () => {
  const imageTraits: ImageTraits = {
    osType: 'Linux',
    generation: 'V2',
    architecture: 'x64',
    features: { SecurityType: 'TrustedLaunch' },
    imageReference: { publisher: 'Canonical', offer: 'ubuntu-24_04-lts', sku: 'server' },
  }
  const supported = {
    nodeAgentSkuId: 'batch.node.ubuntu 24.04',
    imageReference: { publisher: 'canonical', offer: 'ubuntu-24_04-lts', sku: 'server' },
    osType: 'Linux',
    verificationType: 'verified',
  } as const
  const written = (changes: Partial<PoolQuestion>) => {
    const plan = planPool(question({ existing: undefined, ...changes }))
    if (plan.action !== 'create') throw new Error(`expected to create, not to ${plan.action}`)
    return plan.properties
  }
  const configurationOf = (changes: Partial<PoolQuestion>) => written(changes).deploymentConfiguration?.virtualMachineConfiguration

  test('is the spec, with image, agent, security type and size filled in', () => {
    const spec = { interNodeCommunication: 'Disabled', networkConfiguration: { subnetId: '/x' }, futureProperty: 1 } as const
    expect(written({ request: asked(spec), imageTraits, supportedImages: [supported] })).toEqual({
      ...spec,
      vmSize: 'Standard_D4s_v5',
      deploymentConfiguration: {
        virtualMachineConfiguration: {
          imageReference: { id: NEW },
          nodeAgentSkuId: 'batch.node.ubuntu 24.04',
          securityProfile: { securityType: 'trustedLaunch', uefiSettings: { secureBootEnabled: true, vTpmEnabled: true } },
        },
      },
      scaleSettings: { fixedScale: { targetDedicatedNodes: 10, targetLowPriorityNodes: 0, resizeTimeout: 'PT30M' } },
    })
  })

  test('keeps the agent and the security profile that were asked for', () => {
    const request = asked(
      { deploymentConfiguration: { virtualMachineConfiguration: { securityProfile: { encryptionAtHost: true } } } },
      { nodeAgentSkuId: 'batch.node.mine' },
    )
    expect(configurationOf({ request, imageTraits, supportedImages: [supported] })).toMatchObject({
      nodeAgentSkuId: 'batch.node.mine',
      securityProfile: { encryptionAtHost: true },
    })
  })

  test('leaves the size to a formula', () => {
    const scaleSettings = { autoScale: { formula: '$x=1;' } }
    expect(written({ request: asked({ scaleSettings }, { autoScale: true }) }).scaleSettings).toEqual(scaleSettings)
  })

  test('of a pool that moves keeps its agent where no better is known', () => {
    const plan = planPool(question({ existing: pool(OLD) }))
    expect(plan).toMatchObject({
      properties: { deploymentConfiguration: { virtualMachineConfiguration: { nodeAgentSkuId: 'batch.node.old' } } },
    })
  })
})

describe('a green pool', () => {
  const plan = (changes: Partial<PoolQuestion> = {}) => planPool(question({ strategy: 'blue-green', existing: pool(OLD), ...changes }))

  test('is named after the version, without dots', () => {
    expect(plan()).toMatchObject({ id: `${ACCOUNT}/pools/render-2026-1124-0`, request: { id: 'render-2026-1124-0' } })
  })

  test('has a name of 64 characters at most, version kept', () => {
    const { request } = plan({ name: 'r'.repeat(64) })
    expect(request.id).toHaveLength(64)
    expect(request.id.endsWith('-2026-1124-0')).toBe(true)
  })

  test('that an interrupted run began is taken up', () => {
    const green = pool(NEW, {}, 'render-2026-1124-0')
    expect(plan({ siblings: [green] })).toMatchObject({ action: 'blue-green', green })
  })
})

test.each([
  [pool(NEW), NEW],
  [
    pool('', {
      deploymentConfiguration: {
        virtualMachineConfiguration: { imageReference: { publisher: 'p', offer: 'o', sku: 's', version: 'latest' } },
      },
    }),
    'p:o:s:latest',
  ],
])('the image of a pool is an id, or that of the Marketplace', (seen, expected) => {
  expect(imageOf(seen)).toBe(expected)
})
