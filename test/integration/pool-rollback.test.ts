/** Rollbacks of pools. */
import { describe, expect, test } from 'vitest'
import { GROUP_ID } from '../embedded-azure/scenarios/scenario.ts'
import {
  FIRST,
  imageOf,
  poolOnFirst,
  RESIZE,
  red,
  resizedBySomeone,
  SECOND,
  scenario,
  someone,
  targetOf,
} from '../fixtures/pool-foreign-runs.ts'
import { again, annotations, azureOf, requestsTo, testConformance } from '../fixtures/whole-runs.ts'

describe('a rollback', () => {
  const broken = Array.from({ length: 40 }, (_, index) => ({ index: index + 10, state: 'startTaskFailed' as const, stderr: 'boom' }))

  test('that Azure refuses says so, and stays red', async () => {
    const azure = await azureOf({ ...scenario, nodes: broken })
    await again(azure, FIRST)
    azure.intervene = ({ method, url }) => {
      if (method === 'PATCH' && /\/pools\/render\?/.test(url)) {
        const previous = azure.world.all().find(({ id }) => /golden\/versions\/1\.0\.0$/.test(id))
        if (previous && imageOf(azure, 'render').endsWith('1.1.0')) azure.world.delete(previous.id)
      }
      return undefined
    }
    const ran = await again(azure, { ...SECOND, 'on-failure': 'rollback' })
    red(ran, /boom/)
    expect(ran.summary).toMatch(/rollback of pool .?render.? failed/i)
  })

  test('is to the size that somebody set while the image was made', async () => {
    const azure = await azureOf({
      ...scenario,
      nodes: Array.from({ length: 10 }, (_, n) => ({ index: n + 14, state: 'startTaskFailed' as const })),
    })
    await again(azure, FIRST)
    someone(azure, 1, ['PUT', /\/snapshots\//], resizedBySomeone(azure, 14))
    const ran = await again(azure, { ...SECOND, 'canary-nodes': '0' })
    expect(ran.outputs).toMatchObject({ result: 'rolled-back', 'current-dedicated-nodes': '14' })
    expect(targetOf(azure)).toBe(14)
    expect(imageOf(azure, 'render')).toMatch(/1\.0\.0$/)
  })

  test('of a pool whose drain somebody stops drains no node', async () => {
    const azure = await poolOnFirst()
    const pool = azure.pools.get('render')
    pool.tasksEndAtMs = azure.clock.now().getTime() + 60 * 60_000
    const stop = () => {
      pool.stop?.()
      pool.properties.scaleSettings.fixedScale.targetDedicatedNodes = pool.properties.currentDedicatedNodes
      azure.pools.touch(pool)
    }
    someone(azure, 1, RESIZE, stop)
    const ran = await again(azure, { ...SECOND, 'canary-nodes': '0' })
    expect(annotations(ran)[0]).toMatch(/Resize was stopped/)
    expect(ran.outputs).toMatchObject({ result: 'rolled-back', 'current-dedicated-nodes': '10' })
    expect(requestsTo(azure, ...RESIZE)).toHaveLength(1)
    expect(imageOf(azure, 'render')).toMatch(/1\.0\.0$/)
  })

  test('leaves a start task alone that somebody changed meanwhile', async () => {
    const azure = await azureOf({ ...scenario, nodes: broken.slice(0, 10) })
    await again(azure, { ...FIRST, 'pool-spec': 'startTask: { commandLine: one }' })
    const change = () => {
      azure.pools.get('render').properties.startTask = { commandLine: 'theirs' }
      azure.pools.touch(azure.pools.get('render'))
    }
    someone(azure, 1, ['GET', /\/pools\/render\/nodes\?/], change)
    const ran = await again(azure, { ...SECOND, 'pool-spec': 'startTask: { commandLine: two }', 'canary-nodes': '0' })
    expect(ran.outputs.result).toBe('rolled-back')
    expect(imageOf(azure, 'render')).toMatch(/1\.0\.0$/)
    expect(azure.pools.get('render').properties.startTask).toEqual({ commandLine: 'theirs' })
  })

  test('of an image that somebody changed meanwhile is none', async () => {
    const azure = await azureOf({ ...scenario, nodes: broken.slice(0, 10) })
    await again(azure, FIRST)
    const theirs = () => {
      const { virtualMachineConfiguration } = azure.pools.get('render').properties.deploymentConfiguration
      virtualMachineConfiguration.nodeAgentSkuId = 'batch.node.ubuntu 22.04'
      azure.pools.touch(azure.pools.get('render'))
    }
    someone(azure, 1, ['GET', /\/pools\/render\/nodes\?/], theirs)
    const ran = await again(azure, { ...SECOND, 'canary-nodes': '0' })
    red(ran, /boom/)
    expect(ran.summary).toMatch(/was changed while this run worked on it \(deploymentConfiguration\)/)
    expect(azure.pools.get('render').properties.deploymentConfiguration.virtualMachineConfiguration.nodeAgentSkuId).toMatch(/22\.04$/)
  })

  test('to nodes that are not healthy either is none', async () => {
    const azure = await azureOf({ ...scenario, nodes: broken.map((node) => ({ ...node })) })
    await again(azure, FIRST)
    const ran = await again(azure, { ...SECOND, 'on-failure': 'rollback' })
    red(ran, /boom/)
    expect(ran.summary).toMatch(/rollback of pool .?render.? failed/i)
  })

  test('takes away the identity that the run gave to a pool without any', async () => {
    const azure = await azureOf({ ...scenario, nodes: broken.slice(0, 10) })
    await again(azure, FIRST)
    const id = `${GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/nodes`
    const spec = `identity: { type: UserAssigned, userAssignedIdentities: { ${id}: {} } }`
    const ran = await again(azure, { ...SECOND, 'pool-spec': spec, 'on-failure': 'rollback' })
    expect(ran.outputs.result).toBe('rolled-back')
    expect(imageOf(azure, 'render')).toMatch(/1\.0\.0$/)
    expect(azure.pools.get('render').envelope.identity).toEqual({ type: 'None' })
  })

  test('has the secrets of the spec, which Azure does not return', async () => {
    const azure = await azureOf({ ...scenario, nodes: broken.slice(0, 10) })
    const containerConfiguration = {
      type: 'DockerCompatible',
      containerRegistries: [{ registryServer: 'r.azurecr.io', username: 'u', password: 'a long password' }],
    }
    const extensions = [{ name: 'e', publisher: 'p', type: 't', protectedSettings: { key: 'a long key' } }]
    const virtualMachineConfiguration = { containerConfiguration, extensions }
    const inputs = { 'pool-spec': JSON.stringify({ deploymentConfiguration: { virtualMachineConfiguration } }), 'canary-nodes': '0' }
    expect(annotations(await again(azure, { ...FIRST, ...inputs }))).toEqual([])
    const ran = await again(azure, { ...SECOND, ...inputs, 'on-failure': 'rollback' })
    expect(ran.outputs.result).toBe('rolled-back')
    expect(imageOf(azure, 'render')).toMatch(/1\.0\.0$/)
    expect(azure.pools.get('render').properties.deploymentConfiguration.virtualMachineConfiguration).toMatchObject({
      containerConfiguration,
      extensions,
    })
  })

  test('of replace makes the previous pool again', async () => {
    const azure = await poolOnFirst()
    azure.intervene = ({ method, url }) =>
      method === 'PUT' && /\/pools\/render\?/.test(url) && requestsTo(azure, 'PUT', /\/pools\/render\?/).length === 1
        ? { kind: 'answer', status: 400, body: { error: { code: 'InvalidPropertyValue', message: 'no such thing' } } }
        : undefined
    const ran = await again(azure, { ...SECOND, strategy: 'replace', 'on-failure': 'rollback' })
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)[0]).toContain('no such thing')
    expect(ran.outputs).toMatchObject({ result: 'rolled-back', 'current-dedicated-nodes': '10' })
    expect(imageOf(azure, 'render')).toMatch(/1\.0\.0$/)
    expect(azure.pools.get('render').properties.currentDedicatedNodes).toBe(10)
  })
})

testConformance()
