/** Images from disks and images that are ready: snapshots, VHDs, managed images, gallery versions. */
import { describe, expect, test } from 'vitest'
import { GROUP_ID, loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { AGENT, COMPUTE, green, OS, putSnapshot, refused, scenario, versionBody } from '../fixtures/image-source-runs.ts'
import { again, annotations, IMAGE_HALF, namesOf, run, testConformance } from '../fixtures/whole-runs.ts'

describe('ready snapshots', () => {
  const inputs = { ...AGENT, snapshots: 'os=golden-os-ready\n3=golden-data-ready' }
  const prepare = (azure: EmbeddedAzure) => {
    putSnapshot(azure, 'golden-os-ready', OS)
    putSnapshot(azure, 'golden-data-ready')
  }

  test('become a version straight away, LUNs kept; they stay', async () => {
    const ran = await run('happy', inputs, {}, prepare)
    green(ran)
    expect(versionBody(ran).properties.storageProfile).toMatchObject({
      osDiskImage: { source: { id: expect.stringContaining('golden-os-ready') } },
      dataDiskImages: [{ lun: 3, source: { id: expect.stringContaining('golden-data-ready') } }],
    })
    expect(namesOf(ran.azure, 'snapshots')).toEqual(['golden-os-ready', 'golden-data-ready'])
    const second = await again(ran.azure, { ...scenario.inputs, ...inputs })
    expect(second.outputs.result).toBe('unchanged')
  })

  test('become a managed image', async () => {
    const ran = await run('happy', { ...inputs, ...IMAGE_HALF, 'image-kind': 'managed', gallery: '' }, {}, prepare)
    green(ran)
    expect(namesOf(ran.azure, 'images')).toHaveLength(1)
  })

  test('that do not exist are refused, all named', async () => {
    const ran = await run('happy', inputs)
    refused(ran, 'golden-os-ready')
    expect(annotations(ran)[0]).toContain('golden-data-ready')
  })
})

describe('VHDs', () => {
  const uri = 'https://packerout.blob.core.windows.net/images/os.vhd'
  const inputs = { ...AGENT, vhd: `os=${uri}`, 'os-type': 'Linux', 'hyper-v-generation': 'V2' }
  const prepare = ({ world }: EmbeddedAzure) => {
    world.put({
      id: `${GROUP_ID}/providers/Microsoft.Storage/storageAccounts/packerout`,
      name: 'packerout',
      type: 'Microsoft.Storage/storageAccounts',
      location: 'westeurope',
      properties: {},
    })
  }

  test('become a version; the account is found by the name in the address', async () => {
    const ran = await run('happy', inputs, {}, prepare)
    green(ran)
    expect(versionBody(ran).properties.storageProfile.osDiskImage.source).toEqual({
      uri,
      storageAccountId: expect.stringContaining('/storageAccounts/packerout'),
    })
  })

  test('at the same address are reused, and the notice says that their content is not compared', async () => {
    const ran = await run('happy', inputs, {}, prepare)
    const second = await again(ran.azure, { ...loadScenario('happy').inputs, ...inputs })
    expect(second.outputs.result).toBe('unchanged')
    expect(second.log).toMatch(/reused, because the addresses of the VHDs are the same; their content is not compared.*`rebuild: always`/)
  })

  test('become a managed image', async () => {
    const ran = await run('happy', { ...inputs, ...IMAGE_HALF, 'image-kind': 'managed', gallery: '' }, {}, prepare)
    green(ran)
  })

  test('of an unknown account are refused', async () => {
    refused(await run('happy', inputs), 'vhd-storage-account')
  })

  test('with a signature in their address are refused, and the signature is nowhere', async () => {
    const ran = await run('happy', { ...inputs, vhd: `os=${uri}?sv=2024&sig=topsecret` })
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)[0]).toContain('signature')
    expect(JSON.stringify([ran.log, ran.summary, ran.outputs])).not.toContain('topsecret')
  })
})

describe('a managed image', () => {
  const inputs = { ...AGENT, 'managed-image': 'old-image' }
  const prepare = ({ world }: EmbeddedAzure) => {
    world.put({
      id: `${COMPUTE}/images/old-image`,
      name: 'old-image',
      type: 'Microsoft.Compute/images',
      location: 'westeurope',
      tags: {},
      properties: {
        provisioningState: 'Succeeded',
        hyperVGeneration: 'V2',
        storageProfile: { osDisk: { osType: 'Linux', osState: 'Generalized', blobUri: 'https://x.blob.core.windows.net/v/o.vhd' } },
      },
    })
  }

  test('is published as a version', async () => {
    const ran = await run('happy', inputs, {}, prepare)
    green(ran)
    expect(versionBody(ran).properties.storageProfile).toEqual({ source: { id: expect.stringContaining('/images/old-image') } })
  })

  test('created again under its name is another one', async () => {
    const image = { ...scenario.inputs, ...inputs, ...IMAGE_HALF }
    const first = await run('happy', image, {}, prepare)
    green(first)
    const { azure } = first
    expect((await again(azure, image)).outputs.result).toBe('unchanged')
    const old = azure.world.get(`${COMPUTE}/images/old-image`) as Parameters<typeof azure.world.put>[0]
    azure.world.put({ ...old, createdTime: '2026-11-24T00:00:00Z' })
    const second = await again(azure, image)
    green(second)
    expect(second.outputs['image-version']).not.toBe(first.outputs['image-version'])
  })

  test('is not a source for another managed image', async () => {
    const ran = await run('happy', { ...inputs, 'image-kind': 'managed', gallery: '' }, {}, prepare)
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)[0]).toContain('image-id')
  })

  test('that does not exist is refused', async () => {
    refused(await run('happy', inputs), 'managed-image-exists')
  })
})

test('an image that exists already is used as it is: only the pool half runs', async () => {
  const first = await run('happy', IMAGE_HALF)
  green(first)
  const second = await again(first.azure, {
    ...scenario.inputs,
    ...AGENT,
    'image-name': '',
    gallery: '',
    'image-id': first.outputs['image-id'] ?? '',
  })
  green(second)
  expect(second.outputs).toMatchObject({ 'pool-action': 'created', 'image-id': first.outputs['image-id'] })
})

testConformance()
