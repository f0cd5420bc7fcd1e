/** `capture: deallocate` owes the golden VM a start: after failure, cancellation and death too. */
import { describe, expect, test } from 'vitest'
import { GROUP_ID, loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import { type EmbeddedAzure, startAzure } from '../embedded-azure/server.ts'
import { again, annotations, azureOf, namesOf, type Ran, requestsTo, testConformance } from '../fixtures/whole-runs.ts'

const happy = loadScenario('happy')
const RUNNING = ['ProvisioningState/succeeded', 'PowerState/running']
const scenario = { ...happy, vm: { ...happy.vm, statuses: RUNNING, tags: { team: 'render' } } }
const inputs = { ...scenario.inputs, capture: 'deallocate' }
const machine = ({ world }: EmbeddedAzure) => world.get(`${GROUP_ID}/providers/Microsoft.Compute/virtualMachines/golden`)
const golden = (azure: EmbeddedAzure) => {
  const vm = machine(azure)
  return { runs: vm?.properties.statuses.includes('PowerState/running'), tags: vm?.tags }
}
const FORBIDDEN = { kind: 'answer', status: 403, body: { error: { code: 'AuthorizationFailed', message: 'no' } } } as const
const AS_BEFORE = { runs: true, tags: { team: 'render' } }

test.each([
  ['the deallocation', 'POST', /golden\/deallocate/, 0],
  ['the first snapshot', 'PUT', /\/snapshots\//, 0],
  // The version is begun at the same moment, and needs its snapshots until it is complete: the run after the next deletes them.
  ['the start', 'POST', /golden\/start/, 1],
] as const)('the machine dies after %s: the next run starts the VM again, and publishes', async (_, on, at, runsLater) => {
  const azure = await azureOf(scenario)
  const killer = new AbortController()
  azure.intervene = ({ method, url }) => (method === on && at.test(url) ? { kind: 'act', after: () => killer.abort() } : undefined)
  await again(azure, inputs, { kill: killer.signal })
  expect(killer.signal.aborted).toBe(true)
  azure.intervene = undefined
  const second = await again(azure, inputs)
  expect(annotations(second)).toEqual([])
  expect(second.outputs.result).toBe('succeeded')
  expect(golden(azure)).toEqual(AS_BEFORE)
  for (let run = 0; run < runsLater; run += 1) await again(azure, inputs)
  expect(namesOf(azure, 'snapshots')).toEqual([])
})

test('the start that an interrupted run owes is made good, also where nothing is to be built', async () => {
  const azure = await azureOf({ ...scenario, vm: { ...scenario.vm, statuses: ['ProvisioningState/succeeded', 'PowerState/deallocated'] } })
  await again(azure, inputs)
  expect(golden(azure)).toMatchObject({ runs: false })
  Object.assign(azure.world.get(`${GROUP_ID}/providers/Microsoft.Compute/virtualMachines/golden`)?.tags ?? {}, {
    'image-pool-restart': 'x',
  })
  const planned = await again(azure, { ...inputs, mode: 'plan' })
  expect(JSON.parse(planned.outputs.plan ?? '')).toEqual([expect.objectContaining({ verb: 'update', type: 'virtual machine' })])
  const second = await again(azure, inputs)
  expect(annotations(second)).toEqual([])
  expect(golden(azure)).toEqual(AS_BEFORE)
  expect(requestsTo(azure, 'PUT', /\/versions\//)).toHaveLength(1)
})

test('a snapshot that fails ends red, with the VM running again', async () => {
  // Microsoft's document of snapshots has no 403: this world is not held against it.
  const azure = await startAzure({ ...scenario, denied: ['Microsoft.Compute/snapshots/write'] }, 500)
  azure.intervene = ({ url }) => (/Microsoft\.Authorization\/permissions/.test(url) ? FORBIDDEN : undefined)
  const ran = await again(azure, inputs)
  expect(ran.exitCode).toBe(1)
  expect(golden(azure)).toEqual(AS_BEFORE)
  await azure.close()
})

describe('killed while the VM is being deallocated: the post step starts it', () => {
  async function killedInDeallocation(): Promise<{ readonly azure: EmbeddedAzure; readonly state: Ran['state'] }> {
    const azure = await azureOf(scenario)
    const killer = new AbortController()
    azure.intervene = ({ url }) => (/golden\/deallocate/.test(url) ? { kind: 'act', after: () => killer.abort() } : undefined)
    const { state } = await again(azure, inputs, { kill: killer.signal })
    azure.intervene = undefined
    return { azure, state }
  }

  test('where the start waits for the deallocation', async () => {
    const { azure, state } = await killedInDeallocation()
    await again(azure, inputs, { state })
    azure.clock.skip(120_000)
    expect(golden(azure)).toEqual(AS_BEFORE)
  })

  test('where the deallocation refuses the start until it has ended', async () => {
    const { azure, state } = await killedInDeallocation()
    const body = { error: { code: 'Conflict', message: 'The request failed due to conflict with a concurrent request.' } }
    const isDown = () => JSON.stringify(machine(azure)).includes('PowerState/deallocated')
    azure.intervene = ({ url }) => (/golden\/start/.test(url) && !isDown() ? { kind: 'answer', status: 409, body } : undefined)
    await again(azure, inputs, { state })
    expect(golden(azure)).toEqual(AS_BEFORE)
  })

  test('where the deallocation ends after the start', async () => {
    const { azure, state } = await killedInDeallocation()
    let starts = 0
    azure.intervene = ({ url }) => {
      if (/golden\/start/.test(url)) starts += 1
      const statuses = ['ProvisioningState/succeeded', 'PowerState/deallocated']
      const before = () => Object.assign(machine(azure)?.properties ?? {}, { statuses })
      if (/virtualMachines\/golden\?/.test(url) && starts === 1) before()
      return undefined
    }
    await again(azure, inputs, { state })
    expect([golden(azure), starts]).toEqual([AS_BEFORE, 2])
  })
})

test('cancelled while it is stopped: the post step starts it', async () => {
  const azure = await azureOf(scenario)
  const person = new AbortController()
  azure.intervene = ({ method, url }) =>
    method === 'PUT' && /\/snapshots\//.test(url) ? { kind: 'act', after: () => person.abort() } : undefined
  const main = await again(azure, inputs, { interrupt: person.signal })
  expect(main.outputs.result).toBe('cancelled')
  azure.intervene = undefined
  await again(azure, inputs, { state: main.state })
  expect(golden(azure)).toEqual(AS_BEFORE)
})

test('what the post step cannot put right is one warning, with a command for each', async () => {
  const azure = await azureOf(scenario)
  azure.intervene = ({ method }) => (method === 'POST' || method === 'DELETE' ? FORBIDDEN : undefined)
  const at = (type: string, name: string) => `${GROUP_ID}/providers/Microsoft.Compute/${type}/${name}`
  const ledger = [
    { kind: 'startVm', id: at('virtualMachines', 'golden') },
    { kind: 'temporary', id: at('disks', 'golden-os') },
  ]
  const { log, exitCode } = await again(azure, inputs, { state: { isPost: 'true', ledger: JSON.stringify(ledger) } })
  expect(exitCode).toBe(0)
  const warnings = log.split('\n').filter((line) => line.startsWith('::warning'))
  expect(warnings).toHaveLength(1)
  for (const { id } of ledger) expect(warnings[0]).toContain(`--ids "${id}"`)
})

test('a nightly run on a VM that runs again builds the image again, and says why', async () => {
  const azure = await azureOf(scenario)
  await again(azure, inputs)
  const second = await again(azure, inputs)
  expect(second.outputs).toMatchObject({ result: 'succeeded', changed: 'true' })
  expect(second.log + second.summary).toContain('the VM runs: its disks count as changed')
  expect(requestsTo(azure, 'PUT', /\/versions\//)).toHaveLength(2)
})

testConformance()
