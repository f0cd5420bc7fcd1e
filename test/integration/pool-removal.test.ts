/** What a spec takes out of a pool goes, what people added stays, and a rotated secret reaches the pool, whatever the strategy. */
import { describe, expect, test } from 'vitest'
import { loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import { again, annotations, azureOf, testConformance, writes } from '../fixtures/whole-runs.ts'

const scenario = loadScenario('happy')
const FIRST = {
  ...scenario.inputs,
  'image-version': '1.0.0',
  'canary-nodes': '0',
  'vm-size': '',
  'target-dedicated-nodes': '',
  'resize-timeout': '',
}
const BASE = `
vmSize: Standard_D4s_v5
scaleSettings: { fixedScale: { targetDedicatedNodes: 4, resizeTimeout: PT30M } }
metadata: [{ name: team, value: Render }]`
const START_TASK = `
startTask: { commandLine: /opt/start }`
const NETWORK = `
networkConfiguration: { enableAcceleratedNetworking: true }`
const share = (key: string) => `
mountConfiguration:
  - azureFileShareConfiguration: { accountName: share, azureFileUrl: "https://share.file.core.windows.net/x", accountKey: ${key}, relativeMountPath: x }`
const OLD_KEY = 'b2xkLWtleS1vZi10aGUtc2hhcmU='
const NEW_KEY = 'bmV3LWtleS1vZi10aGUtc2hhcmU='
const with_ = (...parts: readonly string[]) => ({ ...FIRST, 'pool-spec': [BASE, ...parts].join('') })

describe.each(['in-place', 'replace', 'blue-green'])('with strategy %s', (strategy) => {
  test('start task, network and mounts go with the spec; what people added stays', async () => {
    const azure = await azureOf(scenario)
    const first = await again(azure, { ...with_(START_TASK, NETWORK, share(OLD_KEY)), strategy })
    expect(annotations(first)).toEqual([])
    const { properties } = azure.pools.get('render')
    expect(properties).toMatchObject({ startTask: { commandLine: '/opt/start' }, networkConfiguration: {}, mountConfiguration: [{}] })
    properties.displayName = 'named by hand'
    properties.metadata.push({ name: 'owner', value: 'people' })

    const second = await again(azure, { ...with_(), strategy, 'image-version': '1.1.0', rebuild: 'always' })
    expect(annotations(second)).toEqual([])
    expect(second.outputs.result).toBe('succeeded')
    const [now] = azure.pools.all()
    expect(Object.keys(now?.properties)).not.toEqual(expect.arrayContaining(['startTask']))
    for (const name of ['startTask', 'networkConfiguration', 'mountConfiguration']) expect(now?.properties).not.toHaveProperty(name)
    expect(now?.properties).toMatchObject({ displayName: 'named by hand', currentDedicatedNodes: 4 })
    expect(now?.properties.metadata).toEqual(
      expect.arrayContaining([
        { name: 'team', value: 'Render' },
        { name: 'owner', value: 'people' },
      ]),
    )
    const before = writes(azure).length
    expect((await again(azure, { ...with_(), strategy, 'image-version': '1.1.0' })).outputs.result).toBe('unchanged')
    expect(writes(azure)).toHaveLength(before)
  })

  test('a rotated storage key reaches the pool; the same one changes nothing', async () => {
    const azure = await azureOf(scenario)
    await again(azure, { ...with_(share(OLD_KEY)), strategy })
    expect((await again(azure, { ...with_(share(OLD_KEY)), strategy })).outputs.result).toBe('unchanged')
    const rotated = await again(azure, {
      ...with_(share(NEW_KEY)),
      strategy,
      ...(strategy === 'blue-green' && { 'image-version': '1.1.0', rebuild: 'always' }),
    })
    expect(annotations(rotated)).toEqual([])
    expect(rotated.outputs).toMatchObject({ result: 'succeeded', changed: 'true' })
    const [now] = azure.pools.all()
    expect(now?.properties.mountConfiguration[0].azureFileShareConfiguration.accountKey).toBe(NEW_KEY)
    for (const text of [rotated.log, rotated.summary, JSON.stringify(now?.properties.metadata), JSON.stringify(rotated.outputs)])
      for (const key of [OLD_KEY, NEW_KEY]) expect(text).not.toContain(key)
  })
})

test('only the start task goes: the nodes stay, and the log says when it takes effect', async () => {
  const azure = await azureOf(scenario)
  await again(azure, with_(START_TASK))
  const nodes = azure.pools.get('render').nodes.map(({ id }) => id)
  const ran = await again(azure, with_())
  expect(ran.outputs).toMatchObject({ result: 'succeeded', changed: 'true' })
  expect(azure.pools.get('render').properties).not.toHaveProperty('startTask')
  expect(azure.pools.get('render').nodes.map(({ id }) => id)).toEqual(nodes)
  expect(ran.log).toContain('applies to new, rebooted or reimaged nodes only')
})

test('a pool whose secrets no run has noted: they count as unchanged, and the log says so', async () => {
  const azure = await azureOf(scenario)
  await again(azure, with_(share(OLD_KEY)))
  const { properties } = azure.pools.get('render')
  properties.metadata = properties.metadata.filter(({ name }: { name: string }) => name !== 'image-pool-secrets')
  const ran = await again(azure, with_(share(NEW_KEY)))
  expect(ran.outputs.result).toBe('unchanged')
  expect(ran.log).toContain('the secrets in mountConfiguration cannot be compared')
})

test('an image that fails brings the removed network and start task back', async () => {
  const azure = await azureOf({ ...scenario, nodes: [0, 1, 2, 3].map((index) => ({ index: index + 4, state: 'unusable' as const })) })
  await again(azure, with_(START_TASK, NETWORK))
  const ran = await again(azure, {
    ...with_(),
    'image-version': '1.1.0',
    rebuild: 'always',
    'max-resizes': '1',
    'node-start-timeout': '5m',
  })
  expect(ran.outputs.result).toBe('rolled-back')
  expect(azure.pools.get('render').properties).toMatchObject({
    startTask: { commandLine: '/opt/start' },
    networkConfiguration: { enableAcceleratedNetworking: true },
    currentDedicatedNodes: 4,
  })
  const later = await again(azure, { ...with_(START_TASK, NETWORK) })
  expect(later.outputs.result).toBe('unchanged')
})

testConformance()
