/** `strategy: replace` deletes a pool before it makes the new one: whatever ends the run in between, the account gets its pool back. */
import { describe, expect, test } from 'vitest'
import { loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { again, annotations, azureOf, type Ran, testConformance } from '../fixtures/whole-runs.ts'

const scenario = loadScenario('happy')
const FIRST = { ...scenario.inputs, 'image-version': '1.0.0' }
const REPLACE = { ...scenario.inputs, 'image-version': '1.1.0', strategy: 'replace', 'target-dedicated-nodes': '' }
const SECRET = { startTask: { commandLine: 'start', environmentSettings: [{ name: 'TOKEN', value: 'a long secret' }] } }

async function poolOnFirst(spec: object = {}): Promise<EmbeddedAzure> {
  const azure = await azureOf(scenario)
  expect(annotations(await again(azure, { ...FIRST, 'pool-spec': JSON.stringify(spec) }))).toEqual([])
  azure.pools.get('render').properties.metadata.push({ name: 'team', value: 'vfx' })
  return azure
}

/** Called once the pool is deleted. */
const onDeletion = (azure: EmbeddedAzure, then: () => void): void => {
  azure.intervene = ({ method, url }) => (method === 'DELETE' && /\/pools\/render\?/.test(url) ? { kind: 'act', after: then } : undefined)
}

const refuseCreation = (azure: EmbeddedAzure, times: number): void => {
  let refused = 0
  azure.intervene = ({ method, url }) => {
    if (method !== 'PUT' || !/\/pools\/render\?/.test(url) || refused >= times) return undefined
    refused += 1
    return { kind: 'answer', status: 403, body: { error: { code: 'RequestDisallowedByPolicy', message: 'no such pools here' } } }
  }
}

function expectAsBefore(azure: EmbeddedAzure): void {
  const { properties } = azure.pools.get('render')
  expect(properties.deploymentConfiguration.virtualMachineConfiguration.imageReference.id).toMatch(/1\.0\.0$/)
  expect(properties.scaleSettings.fixedScale.targetDedicatedNodes).toBe(10)
  expect(properties.metadata).toContainEqual({ name: 'team', value: 'vfx' })
  expect(JSON.stringify(properties.metadata)).not.toContain('image-pool-before')
}

describe('a run that is cancelled between the two', () => {
  async function cancelled(azure: EmbeddedAzure, inputs: Readonly<Record<string, string>>): Promise<Ran> {
    const interrupt = new AbortController()
    onDeletion(azure, () => interrupt.abort())
    const ran = await again(azure, inputs, { interrupt: interrupt.signal })
    azure.intervene = undefined
    expect(ran.outputs.result).toBe('cancelled')
    return ran
  }

  test('the post step makes the pool again as it was, also what people had added and a size that nobody requested', async () => {
    const azure = await poolOnFirst()
    const ran = await cancelled(azure, REPLACE)
    expect(ran.summary).toMatch(/Pool render is deleted, or being deleted, and is not made again yet: the post step makes it again/)
    const post = await again(azure, REPLACE, { state: ran.state })
    expect(post.log).not.toContain('::warning')
    expectAsBefore(azure)
    expect((await again(azure, REPLACE)).outputs).toMatchObject({ result: 'succeeded', 'current-dedicated-nodes': '10' })
  })

  test('where the definition has secrets, the state keeps nothing of it, and the post step says what to do', async () => {
    const azure = await poolOnFirst(SECRET)
    const inputs = { ...REPLACE, 'pool-spec': JSON.stringify(SECRET), 'target-dedicated-nodes': '10' }
    const ran = await cancelled(azure, inputs)
    expect(Buffer.from(JSON.stringify(ran.state)).toString()).not.toContain(Buffer.from('a long secret').toString('base64').slice(2, 12))
    const post = await again(azure, inputs, { state: ran.state })
    expect(post.log).toMatch(/::warning title=Left behind::.*pool render was deleted to be replaced and is not made again/)
    expect((await again(azure, inputs)).outputs).toMatchObject({ result: 'succeeded', 'current-dedicated-nodes': '10' })
  })
})

describe('a new pool that Azure refuses', () => {
  test('with on-failure: keep the old one is made again all the same', async () => {
    const azure = await poolOnFirst()
    refuseCreation(azure, 1)
    const ran = await again(azure, { ...REPLACE, 'on-failure': 'keep' })
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)[0]).toContain('no such pools here')
    expectAsBefore(azure)
  })

  test('and the old one too: the post step tries once more', async () => {
    const azure = await poolOnFirst()
    refuseCreation(azure, 2)
    const ran = await again(azure, REPLACE)
    expect(ran.exitCode).toBe(1)
    expect(azure.pools.find('render')).toBeUndefined()
    expect(ran.summary).toContain('the run deleted it to replace it, and did not make it again')
    await again(azure, REPLACE, { state: ran.state })
    expectAsBefore(azure)
  })
})

testConformance()
