/** `capture: copy`: the golden VM lives on as if nothing had happened, and nothing temporary is left, whatever happened. */
import { expect, test } from 'vitest'
import { loadScenario, type ScenarioVm } from '../azure/scenario.ts'
import type { EmbeddedAzure } from '../azure/server.ts'
import { again, annotations, azureOf, namesOf, type Ran, requestsTo, testConformance } from './embedded.ts'

const scenario = loadScenario('happy')
const RUNNING = ['ProvisioningState/succeeded', 'PowerState/running']
const inputs = { ...scenario.inputs, capture: 'copy', 'image-version': '1.0.0' }
const azureWith = (vm: Partial<ScenarioVm> = {}) =>
  azureOf({ ...scenario, vm: { ...scenario.vm, statuses: RUNNING, tags: { team: 'render' }, ...vm } })

/** The golden VM and its disks, as anyone else sees them. */
const golden = ({ world }: EmbeddedAzure) =>
  JSON.stringify(world.all().filter(({ name, type }) => /^golden(?:-os|-data\d)?$/.test(name) && /virtualMachines$|disks$/.test(type)))
const temporary = ({ world }: EmbeddedAzure) =>
  world
    .all()
    .filter(({ tags }) => tags?.['image-pool-temporary'] !== undefined)
    .map(({ id }) => id)

function expectDone(ran: Ran, before: string): void {
  expect(annotations(ran)).toEqual([])
  expect(ran.outputs).toMatchObject({ result: 'succeeded', 'image-version': '1.0.0' })
  expect(golden(ran.azure)).toBe(before)
  expect(temporary(ran.azure)).toEqual([])
  expect(namesOf(ran.azure, 'snapshots')).toEqual([])
  expect(namesOf(ran.azure, 'galleries/images/versions')).toEqual(['1.0.0'])
}

test.each([
  ['Linux', /waagent -deprovision\+user -force/],
  ['Windows', /Sysprep\.exe/],
] as const)('%s: generalized in a copy, captured, and gone; the golden VM untouched', async (os, script) => {
  const image =
    os === 'Windows'
      ? { publisher: 'MicrosoftWindowsServer', offer: 'WindowsServer', sku: '2022-datacenter', version: 'latest' }
      : scenario.vm.image
  const azure = await azureWith({ os, ...(image && { image }) })
  const before = golden(azure)
  expectDone(await again(azure, inputs), before)
  const [command] = requestsTo(azure, 'POST', /golden-1\.0\.0-copy\/runCommand/)
  expect(JSON.stringify(command?.liveRequest.body)).toMatch(script)
  const machine = requestsTo(azure, 'PUT', /virtualMachines\/golden-1\.0\.0-copy/)[0]?.liveRequest.body
  expect(JSON.stringify(machine)).not.toMatch(/publicIPAddress/i)
})

test('prepare-script runs in the copy, not in the golden VM', async () => {
  const azure = await azureWith()
  const before = golden(azure)
  expectDone(await again(azure, { ...inputs, 'prepare-script': 'echo patched' }), before)
  expect(requestsTo(azure, 'POST', /virtualMachines\/golden\/runCommand/)).toEqual([])
  expect(requestsTo(azure, 'POST', /virtualMachines\/golden-1\.0\.0-copy\/runCommand/)).toHaveLength(2)
})

test('a golden VM with Trusted Launch is copied with it', async () => {
  const azure = await azureWith({ securityType: 'TrustedLaunch' })
  const before = golden(azure)
  expectDone(await again(azure, inputs), before)
  const machine = requestsTo(azure, 'PUT', /virtualMachines\/golden-1\.0\.0-copy/)[0]?.liveRequest.body
  expect(machine).toMatchObject({ properties: { securityProfile: { securityType: 'TrustedLaunch' } } })
})

test('a script that fails in the copy ends red, with nothing temporary left', async () => {
  const azure = await azureWith()
  const before = golden(azure)
  const ran = await again(azure, { ...inputs, 'prepare-script': 'echo broken\nexit 7' })
  expect(annotations(ran)[0]).toMatch(/status 7.*broken/)
  expect(golden(azure)).toBe(before)
  expect(temporary(azure)).toEqual([])
})

test('killed at any request of the capture, and run again: the same end, nothing left over', async () => {
  const whole = await azureWith()
  await again(whole, inputs)
  const captured = whole.exchanges.findIndex(({ liveRequest }) => liveRequest.method === 'PUT' && /\/versions\//.test(liveRequest.url))
  const writes = whole.exchanges
    .slice(0, captured)
    .filter(({ plane, liveRequest }) => plane === 'arm' && liveRequest.method !== 'GET')
    .map(({ liveRequest }) => `${liveRequest.method} ${liveRequest.url}`)
  expect(writes.length).toBeGreaterThan(15)
  for (const at of writes) {
    const azure = await azureWith()
    const before = golden(azure)
    const killer = new AbortController()
    azure.intervene = ({ method, url }) => (`${method} ${url}` === at ? { kind: 'act', after: () => killer.abort() } : undefined)
    await again(azure, inputs, { kill: killer.signal })
    expect(killer.signal.aborted, at).toBe(true)
    azure.intervene = undefined
    const second = await again(azure, inputs)
    expect({ at, errors: annotations(second), temporary: temporary(azure) }).toEqual({ at, errors: [], temporary: [] })
    expectDone(second, before)
    await azure.close()
  }
}, 600_000)

test('cancelled while the copy boots: the post step deletes it', async () => {
  const azure = await azureWith()
  const before = golden(azure)
  const person = new AbortController()
  azure.intervene = ({ method, url }) =>
    method === 'PUT' && /virtualMachines\/golden-1\.0\.0-copy/.test(url) ? { kind: 'act', after: () => person.abort() } : undefined
  const main = await again(azure, inputs, { interrupt: person.signal })
  expect(main.outputs.result).toBe('cancelled')
  azure.intervene = undefined
  await again(azure, inputs, { state: main.state })
  expect(temporary(azure)).toEqual([])
  expect(golden(azure)).toBe(before)
})

testConformance()
