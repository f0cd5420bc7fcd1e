/** No image or snapshot that something refers to is deleted by retention. */
import { afterEach, describe, expect, test } from 'vitest'
import type { Answer } from '../embedded-azure/route.ts'
import { seedVm } from '../embedded-azure/scenarios/seed.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import {
  COMPUTE,
  DEFINITION,
  deletions,
  imageReference,
  LIVE,
  open,
  PRUNE,
  put,
  putPool,
  scenario,
  twoVersions,
  VERSION,
  versions,
  warnings,
} from '../fixtures/image-safety-runs.ts'
import { again, annotations, namesOf, run, testConformance } from '../fixtures/whole-runs.ts'

afterEach(async () => {
  await Promise.all(open.splice(0).map((azure) => azure.close()))
})

describe('references', () => {
  const mark = JSON.stringify({ imageReference: { id: VERSION }, scaleSettings: { fixedScale: { targetDedicatedNodes: 4 } } })
  test.each<[string, (azure: EmbeddedAzure) => void]>([
    ['a pool of another Batch account', (azure) => putPool(azure, imageReference(VERSION))],
    [
      'the mark of a pool that failed on a newer image',
      (azure) =>
        putPool(azure, { ...imageReference(`${DEFINITION}/versions/1.1.0`), metadata: [{ name: 'image-pool-before', value: mark }] }),
    ],
    [
      'a virtual machine',
      (azure) => {
        seedVm(azure, { ...scenario.vm, name: 'user' })
        Object.assign(azure.world.get(`${COMPUTE}/virtualMachines/user`)?.properties.storageProfile, { imageReference: { id: VERSION } })
      },
    ],
    [
      'a scale set',
      (azure) =>
        put(azure, `${COMPUTE}/virtualMachineScaleSets/user`, 'Microsoft.Compute/virtualMachineScaleSets', {
          virtualMachineProfile: {
            storageProfile: { imageReference: { id: VERSION.toUpperCase().replace('/SUBSCRIPTIONS', '/subscriptions') } },
          },
        }),
    ],
  ])('%s keeps a version', async (_, refer) => {
    const azure = await twoVersions()
    refer(azure)
    const ran = await again(azure, PRUNE)
    expect(annotations(ran)).toEqual([])
    expect(versions(azure)).toEqual(['1.0.0', '1.1.0'])
  })

  test('are looked for once more right before the deletion', async () => {
    const azure = await twoVersions()
    let lists = 0
    azure.intervene = ({ method, url }) => {
      if (method === 'GET' && /renderbatch\/pools\?/.test(url)) lists += 1
      // Seen by observe and by the plan of the deletions; then somebody takes the version.
      if (lists === 2) return { kind: 'act', after: () => putPool(azure, imageReference(VERSION)) }
      return undefined
    }
    const ran = await again(azure, PRUNE)
    expect(annotations(ran)).toEqual([])
    expect(versions(azure)).toEqual(['1.0.0', '1.1.0'])
    expect(warnings(ran).join('\n')).toContain('1.0.0 is kept')
  })
})

describe('a list that says nothing', () => {
  const refused: Answer = { status: 403, body: { error: { code: 'AuthorizationFailed', message: 'not allowed to list' } } }
  const absent: Answer = { status: 404, body: { error: { code: 'ResourceNotFound', message: 'not here at the moment' } } }
  const empty: Answer = { status: 200, body: { value: [] } }
  test.each<[string, RegExp, Answer]>([
    ['pools: 403', /batchAccounts\/renderbatch\/pools\?/, refused],
    ['pools: 404', /batchAccounts\/renderbatch\/pools\?/, absent],
    ['versions: 404', /\/images\/golden\/versions\?/, absent],
    ['versions: an empty page', /\/images\/golden\/versions\?/, empty],
    ['managed images: 403', /Microsoft\.Compute\/images\?/, refused],
    ['snapshots: 404', /Microsoft\.Compute\/snapshots\?/, absent],
    ['Batch accounts of the subscription: 403', /\/resources\?.*batchAccounts/, refused],
  ])('%s: nothing is deleted, and the run is green with a warning', async (_, list, answer) => {
    const azure = await twoVersions({ 'keep-snapshots': 'true' })
    const isObserving = { seen: false }
    azure.intervene = ({ method, url }) => {
      if (method === 'GET' && /%24expand=createdTime|\/resources\?/.test(url)) isObserving.seen = true
      const isAsked = method === 'GET' && list.test(decodeURIComponent(url)) && isObserving.seen
      return isAsked ? { kind: 'answer', ...answer } : undefined
    }
    const ran = await again(azure, PRUNE)
    expect(annotations(ran)).toEqual([])
    expect(ran.exitCode).toBe(0)
    expect(deletions(azure)).toEqual([])
    expect(warnings(ran).join('\n')).toMatch(/unknown what is in use/)
    expect(ran.summary).toMatch(/unknown what is in use/)
  })
})

describe('snapshots that are kept', () => {
  test('stay when their version is deleted, and when its tags were replaced', async () => {
    const azure = await twoVersions({ 'keep-snapshots': 'true' })
    const snapshots = namesOf(azure, 'snapshots')
    expect(snapshots).toHaveLength(6)
    Object.assign(azure.world.get(`${DEFINITION}/versions/1.1.0`) ?? {}, { tags: { owner: 'somebody' } })
    expect(annotations(await again(azure, PRUNE))).toEqual([])
    expect(namesOf(azure, 'snapshots')).toEqual(snapshots)
  })

  test('by a run of today stay in the run of tomorrow', async () => {
    const first = await run('happy', { ...LIVE, 'keep-snapshots': 'true' })
    await again(first.azure, { ...scenario.inputs, ...LIVE })
    expect(namesOf(first.azure, 'snapshots')).toHaveLength(3)
  })
})

testConformance()
