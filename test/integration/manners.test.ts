/** However Resource Manager may answer: the run waits for what is really there, and ends as ever. */
import { describe, expect, test } from 'vitest'
import type { Manners } from '../embedded-azure/arm/manners.ts'
import { loadScenario, type Scenario } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { again, annotations, azureOf, namesOf, type Ran, requestsTo } from '../fixtures/whole-runs.ts'

const happy = loadScenario('happy')
const RUNNING = ['ProvisioningState/succeeded', 'PowerState/running']
const copied: Scenario = { ...happy, vm: { ...happy.vm, statuses: RUNNING } }
const copy = { ...happy.inputs, capture: 'copy', 'image-version': '1.0.0' }
const managed = { ...happy.inputs, 'image-kind': 'managed', gallery: '', 'image-version': '1.0.0' }
const takesManaged: Scenario = { ...happy, account: { ...happy.account, acceptsManagedImages: true } }

/** Slow enough that a minute of lag is longer than what requests take on a busy machine. */
const LAG_SPEED = 100
const withManners = (scenario: Scenario, manners: Manners) =>
  azureOf({ ...scenario, manners }, manners.lagSeconds === undefined ? undefined : LAG_SPEED)

function expectDone(ran: Ran): void {
  expect(annotations(ran)).toEqual([])
  expect(ran.outputs).toMatchObject({ result: 'succeeded', 'current-dedicated-nodes': ran.outputs['target-dedicated-nodes'] })
}

const temporary = ({ world }: EmbeddedAzure) => world.all().filter(({ tags }) => tags?.['image-pool-temporary'] !== undefined)

const MANNERS: readonly (readonly [string, Manners])[] = [
  ['null wherever a property is absent', { nulls: true }],
  ['operations without a header', { operationHeaders: 'none' }],
  ['operations with Location alone', { operationHeaders: 'location' }],
  ['operations with Azure-AsyncOperation alone', { operationHeaders: 'status' }],
  ['resources that are unknown for a minute', { lagSeconds: 60 }],
  ['all of it', { nulls: true, operationHeaders: 'none', lagSeconds: 60 }],
]

describe.each(MANNERS)('%s', (_, manners) => {
  test('a gallery version by a throw-away copy, and the next run changes nothing', async () => {
    const azure = await withManners(copied, manners)
    expectDone(await again(azure, copy))
    expect(namesOf(azure, 'galleries/images/versions')).toEqual(['1.0.0'])
    expect(namesOf(azure, 'snapshots')).toEqual([])
    expect(temporary(azure)).toEqual([])
    expect((await again(azure, copy)).outputs.result).toBe('unchanged')
  })

  test('a managed image', async () => {
    const azure = await withManners(takesManaged, manners)
    expectDone(await again(azure, managed))
    expect(namesOf(azure, 'images')).toHaveLength(1)
  })
})

describe('operations without a header', () => {
  test('a managed image that fails is red before the pool is requested', async () => {
    const azure = await withManners({ ...takesManaged, durations: { image: [120] } }, { operationHeaders: 'none' })
    let isSpoilt = false
    azure.intervene = ({ method, url }) => {
      const isPut = method === 'PUT' && /\/images\/golden-1\.0\.0/.test(url)
      if (!isPut || isSpoilt) return undefined
      isSpoilt = true
      return { kind: 'act', after: () => void azure.clock.after(60_000, () => fail(azure)) }
    }
    const ran = await again(azure, managed)
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)[0]).toContain('OperationFailed')
    expect(requestsTo(azure, 'PUT', /\/pools\//)).toEqual([])
  })

  test('the pool is requested once the image is ready', async () => {
    const azure = await withManners({ ...takesManaged, durations: { image: [120] } }, { operationHeaders: 'none' })
    const states: string[] = []
    azure.intervene = ({ method, url }) => {
      if (method === 'PUT' && /\/pools\//.test(url)) states.push(stateOf(azure))
      return undefined
    }
    expectDone(await again(azure, managed))
    expect(states).toEqual(['Succeeded'])
  })
})

const imageIn = ({ world }: EmbeddedAzure) => world.all().find(({ type }) => type === 'Microsoft.Compute/images')
const stateOf = (azure: EmbeddedAzure): string => imageIn(azure)?.properties.provisioningState

/** It ends so, and nothing takes that back. */
function fail(azure: EmbeddedAzure): void {
  const image = imageIn(azure)
  if (image) azure.world.put({ ...image, properties: { ...image.properties, provisioningState: 'Failed' } })
}

describe('Run Command', () => {
  test('that is busy is waited for', async () => {
    const azure = await withManners(copied, { runCommandBusySeconds: 300 })
    expectDone(await again(azure, copy))
    expect(requestsTo(azure, 'POST', /runCommand/).map(({ liveResponse }) => liveResponse.statusCode)).toContain('409')
  })

  test('that hangs ends after its own limit, with what to do, and leaves nothing behind', async () => {
    const azure = await withManners(copied, { runCommandHangs: true })
    const ran = await again(azure, copy)
    expect(annotations(ran)[0]).toMatch(/title=Run Command hangs in the VM::.*90 min.*RemoveRunCommandLinuxExtension/)
    expect(annotations(ran)[0]).not.toMatch(/run again to/i)
    expect(temporary(azure)).toEqual([])
  })

  test('that cannot be removed from the golden VM is reported', async () => {
    const azure = await azureOf(copied)
    let commands = 0
    azure.intervene = ({ url }) => {
      if (!/\/runCommand\?/.test(url)) return undefined
      commands += 1
      return commands === 2
        ? { kind: 'answer', status: 409, body: { error: { code: 'OperationNotAllowed', message: 'not now' } } }
        : undefined
    }
    const ran = await again(azure, { ...happy.inputs, capture: 'live', 'prepare-script': 'echo patched' })
    expectDone(ran)
    expect(ran.summary).toContain('The Run Command extension in golden could not be removed')
  })
})

test('a run whose time is over says what it was waiting for', async () => {
  const azure = await azureOf({ ...happy, durations: { version: [36_000] } })
  const ran = await again(azure, { ...happy.inputs, timeout: '30m' })
  expect(annotations(ran)[0]).toMatch(/title=Timed out waiting for image version \d\S*::the run took longer than 30 min/)
  expect(ran.summary).toMatch(/waiting for image version \d/)
})

test('a cloud without the lists that only advise', async () => {
  const azure = await azureOf(happy)
  const body = { error: { code: 'InvalidResourceType', message: 'The resource type could not be found.' } }
  azure.intervene = ({ url }) => (/\/virtualMachineSkus\?|\/nodecounts\?/i.test(url) ? { kind: 'answer', status: 404, body } : undefined)
  expectDone(await again(azure, happy.inputs))
})
