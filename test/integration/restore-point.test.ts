/** `capture: restore-point`: the VM runs on, all disks are of one moment, and nothing temporary is left, whatever happened. */
import { expect, test } from 'vitest'
import { sideBySide } from '../../src/run/side-by-side.ts'
import { loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { again, annotations, azureOf, namesOf, requestsTo, run, testConformance } from '../fixtures/whole-runs.ts'

const scenario = loadScenario('restore-point')
const imageHalf = {
  ...scenario.inputs,
  'image-version': '1.0.0',
  ...Object.fromEntries(
    ['batch-account', 'pool-id', 'pool-spec', 'vm-size', 'target-dedicated-nodes', 'resize-timeout'].map((name) => [name, '']),
  ),
}
/** The golden VM and its disks, as anyone else sees them. */
const golden = ({ world }: EmbeddedAzure) =>
  JSON.stringify(world.all().filter(({ name, type }) => /^golden(?:-os|-data\d)?$/.test(name) && /virtualMachines$|disks$/.test(type)))
const temporary = ({ world }: EmbeddedAzure) =>
  world
    .all()
    .filter(({ id, tags }) => tags?.['image-pool-temporary'] !== undefined || /restorePoint/i.test(id))
    .map(({ id }) => id)

test('a running VM becomes an image without a stop; its disks keep their LUNs', async () => {
  const azure = await azureOf(scenario)
  const before = golden(azure)
  const ran = await again(azure, scenario.inputs)
  expect(annotations(ran)).toEqual([])
  expect(ran.outputs).toMatchObject({ result: 'succeeded', 'current-dedicated-nodes': '10' })
  expect(golden(azure)).toBe(before)
  expect(temporary(azure)).toEqual([])
  const [point] = requestsTo(azure, 'PUT', /restorePoints\//)
  expect(point?.liveRequest.body).toEqual({ properties: { consistencyMode: 'CrashConsistent' } })
  const snapshots = requestsTo(azure, 'PUT', /\/snapshots\//).map(({ liveRequest }) => JSON.stringify(liveRequest.body))
  expect(snapshots).toHaveLength(3)
  for (const body of snapshots) expect(body).toMatch(/disks\/golden-[\w.-]+-(?:os|lun[05])"/)
})

test('what a restore point lacks is red before anything is captured', async () => {
  const ran = await run('restore-point', {}, {}, (azure) => {
    azure.intervene = ({ method, url }) =>
      method === 'GET' && /restorePoints\//.test(url)
        ? { kind: 'answer', status: 200, headers: {}, body: { id: url.split('?')[0], properties: { provisioningState: 'Succeeded' } } }
        : undefined
  })
  expect(annotations(ran)[0]).toMatch(/Restore point incomplete/)
  expect(temporary(ran.azure)).toEqual([])
  expect(namesOf(ran.azure, 'snapshots')).toEqual([])
})

test('a restore point whose first answer is lost is taken, although Azure refuses to make it again', async () => {
  const azure = await azureOf(scenario)
  let isLost = false
  azure.intervene = ({ method, url }) => {
    if (method !== 'PUT' || !/restorePoints\//.test(url) || isLost) return undefined
    isLost = true
    return { kind: 'lose' }
  }
  const ran = await again(azure, imageHalf)
  expect(annotations(ran)).toEqual([])
  expect(requestsTo(azure, 'PUT', /restorePoints\//).map(({ liveResponse }) => liveResponse.statusCode)).toContain('409')
  expect(temporary(azure)).toEqual([])
})

const kindOf = ({ method, url }: { readonly method: string; readonly url: string }): string =>
  `${method} ${(url.split('?')[0] ?? '').replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '*').replace(/-copy-(\d+)-[^/-]+/, '-copy-$1-*')}`

test('killed at any write, and run again: the same end, nothing left over', async () => {
  const whole = await azureOf(scenario)
  await again(whole, imageHalf)
  const kinds = [...new Set(whole.exchanges.map(({ liveRequest }) => kindOf(liveRequest)))].filter((kind) => !kind.startsWith('GET'))
  expect(kinds.some((kind) => /PUT .*restorePoints/.test(kind))).toBe(true)
  await sideBySide(kinds, 3, async (at) => {
    const azure = await azureOf(scenario)
    const before = golden(azure)
    const killer = new AbortController()
    azure.intervene = (request) => (kindOf(request) === at ? { kind: 'act', after: () => killer.abort() } : undefined)
    await again(azure, imageHalf, { kill: killer.signal })
    azure.intervene = undefined
    const second = await again(azure, imageHalf)
    expect({ at, errors: annotations(second), temporary: temporary(azure) }).toEqual({ at, errors: [], temporary: [] })
    expect(golden(azure), at).toBe(before)
    expect(namesOf(azure, 'galleries/images/versions'), at).toEqual(['1.0.0'])
    await azure.close()
  })
}, 600_000)

testConformance()
