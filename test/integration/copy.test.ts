/** `capture: copy`: the golden VM lives on as if nothing had happened, and nothing temporary is left, whatever happened. */
import { expect, test } from 'vitest'
import { sideBySide } from '../../src/run/side-by-side.ts'
import { loadScenario, type ScenarioVm } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { again, annotations, azureOf, IMAGE_HALF, namesOf, type Ran, requestsTo, testConformance, writes } from '../fixtures/whole-runs.ts'

const scenario = loadScenario('happy')
const RUNNING = ['ProvisioningState/succeeded', 'PowerState/running']
const inputs = { ...scenario.inputs, capture: 'copy', 'image-version': '1.0.0' }
const azureWith = (vm: Partial<ScenarioVm> = {}) =>
  azureOf({ ...scenario, vm: { ...scenario.vm, statuses: RUNNING, tags: { team: 'render' }, ...vm } })

const WINDOWS = {
  os: 'Windows',
  image: { publisher: 'MicrosoftWindowsServer', offer: 'WindowsServer', sku: '2022-datacenter', version: 'latest' },
} as const

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
  const azure = await azureWith(os === 'Windows' ? WINDOWS : {})
  const before = golden(azure)
  expectDone(await again(azure, inputs), before)
  const [command] = requestsTo(azure, 'POST', /golden-1\.0\.0-copy-4711-\w+\/runCommand/)
  expect(JSON.stringify(command?.liveRequest.body)).toMatch(script)
  const machine = requestsTo(azure, 'PUT', /virtualMachines\/golden-1\.0\.0-copy/)[0]?.liveRequest.body
  expect(JSON.stringify(machine)).not.toMatch(/publicIPAddress/i)
})

test('prepare-script runs in the copy, not in the golden VM', async () => {
  const azure = await azureWith()
  const before = golden(azure)
  expectDone(await again(azure, { ...inputs, 'prepare-script': 'echo patched' }), before)
  expect(requestsTo(azure, 'POST', /virtualMachines\/golden\/runCommand/)).toEqual([])
  expect(requestsTo(azure, 'POST', /virtualMachines\/golden-1\.0\.0-copy-4711-\w+\/runCommand/)).toHaveLength(2)
})

test('a golden VM with Trusted Launch is copied with it', async () => {
  const azure = await azureWith({ securityType: 'TrustedLaunch' })
  const before = golden(azure)
  expectDone(await again(azure, inputs), before)
  const machine = requestsTo(azure, 'PUT', /virtualMachines\/golden-1\.0\.0-copy/)[0]?.liveRequest.body
  expect(machine).toMatchObject({ properties: { securityProfile: { securityType: 'TrustedLaunch' } } })
})

const SYSTEMS = [
  ['Linux', {}],
  ['Windows', WINDOWS],
] as const

test.each(SYSTEMS)('%s: a script that fails in the copy ends red, with nothing temporary left', async (_, vm) => {
  const azure = await azureWith(vm)
  const before = golden(azure)
  const ran = await again(azure, { ...inputs, 'prepare-script': 'echo broken\nexit 7' })
  expect(annotations(ran)[0]).toMatch(/status 7.*broken/)
  expect(golden(azure)).toBe(before)
  expect(temporary(azure)).toEqual([])
})

const imageHalf = { ...inputs, ...IMAGE_HALF }
const kindOf = ({ method, url }: { readonly method: string; readonly url: string }): string =>
  `${method} ${(url.split('?')[0] ?? '').replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, '*').replace(/-copy-(\d+)-[^/-]+/, '-copy-$1-*')}`

// The crash matrix of `test/trust` kills at every request, reads included; here it is Windows, and each kind of write.
test('killed at any write, and run again: the same end, nothing left over', async () => {
  const whole = await azureWith(WINDOWS)
  await again(whole, imageHalf)
  const kinds = [...new Set(writes(whole).map(({ liveRequest }) => kindOf(liveRequest)))]
  for (const method of ['PUT', 'POST', 'DELETE']) expect(kinds.some((kind) => kind.startsWith(method))).toBe(true)
  await sideBySide(kinds, 3, async (at) => {
    const azure = await azureWith(WINDOWS)
    const before = golden(azure)
    const killer = new AbortController()
    azure.intervene = (request) => (kindOf(request) === at ? { kind: 'act', after: () => killer.abort() } : undefined)
    await again(azure, imageHalf, { kill: killer.signal })
    expect(killer.signal.aborted, at).toBe(true)
    azure.intervene = undefined
    const second = await again(azure, imageHalf)
    expect({ at, errors: annotations(second), temporary: temporary(azure) }).toEqual({ at, errors: [], temporary: [] })
    expect(golden(azure), at).toBe(before)
    expect(namesOf(azure, 'snapshots'), at).toEqual([])
    expect(namesOf(azure, 'galleries/images/versions'), at).toEqual(['1.0.0'])
    await azure.close()
  })
}, 600_000)

test('what another run that may still be at work has made is left alone; once it cannot be, it goes', async () => {
  const azure = await azureWith()
  const killer = new AbortController()
  azure.intervene = ({ method, url }) =>
    method === 'POST' && /-copy-4712-\w+\/runCommand/.test(url) ? { kind: 'act', after: () => killer.abort() } : undefined
  await again(azure, imageHalf, { kill: killer.signal, env: { GITHUB_RUN_ID: '4712' } })
  azure.intervene = undefined
  const theirs = temporary(azure)
  expect(theirs.length).toBeGreaterThan(5)
  const next = await again(azure, imageHalf)
  expect(annotations(next)).toEqual([])
  expect(next.log).toMatch(/temporary resources of \S+\/4712\/attempts\/1#\S+ are left alone/)
  expect(temporary(azure)).toEqual(theirs)
  for (const resource of azure.world.all()) {
    if (theirs.includes(resource.id)) resource.createdTime = new Date(azure.clock.now().getTime() - 6.1 * 3_600_000).toISOString()
  }
  expect(annotations(await again(azure, { ...imageHalf, 'image-version': '2.0.0', rebuild: 'always' }))).toEqual([])
  expect(temporary(azure)).toEqual([])
})

test.each(SYSTEMS)('%s: cancelled while the copy boots, the post step deletes it', async (_, vm) => {
  const azure = await azureWith(vm)
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
