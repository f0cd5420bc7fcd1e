/** Every way a golden machine comes in, and what is refused before anything is written. */
import { describe, expect, test } from 'vitest'
import { GROUP_ID, loadScenario, type Scenario, type ScenarioVm } from '../embedded-azure/scenarios/scenario.ts'
import { seedVm } from '../embedded-azure/scenarios/seed.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import {
  again,
  annotations,
  IMAGE_HALF,
  namesOf,
  type Ran,
  reportOf,
  requestsTo,
  run,
  testConformance,
  writes,
} from '../fixtures/whole-runs.ts'

const COMPUTE = `${GROUP_ID}/providers/Microsoft.Compute`
const scenario = loadScenario('happy')
const RUNNING = ['ProvisioningState/succeeded', 'PowerState/running']
const vm = (more: Partial<ScenarioVm>): Partial<Scenario> => ({ vm: { ...scenario.vm, ...more } })
const WINDOWS = vm({
  os: 'Windows',
  image: { publisher: 'MicrosoftWindowsServer', offer: 'WindowsServer', sku: '2022-datacenter', version: 'latest' },
})
const versionBody = (ran: Ran) => {
  const [put] = requestsTo(ran.azure, 'PUT', /\/versions\//)
  // biome-ignore lint/suspicious/noExplicitAny: a request body
  return put?.liveRequest.body as any
}
const green = (ran: Ran): void => {
  expect(annotations(ran)).toEqual([])
  expect(ran.outputs.result).toBe('succeeded')
}
const refused = (ran: Ran, rule: string): void => {
  expect(ran.exitCode).toBe(1)
  expect(annotations(ran)[0]).toContain(rule)
  expect(writes(ran.azure)).toEqual([])
}

function putSnapshot(azure: EmbeddedAzure, name: string, more: object = {}): void {
  azure.world.put({
    id: `${COMPUTE}/snapshots/${name}`,
    name,
    type: 'Microsoft.Compute/snapshots',
    location: 'westeurope',
    tags: {},
    sku: { name: 'Standard_LRS', tier: 'Standard' },
    properties: {
      creationData: { createOption: 'Copy', sourceResourceId: `${COMPUTE}/disks/elsewhere` },
      provisioningState: 'Succeeded',
      diskSizeGB: 30,
      uniqueId: `unique-${name}`,
      timeCreated: '2026-11-01T00:00:00.0000000+00:00',
      diskState: 'Unattached',
      ...more,
    },
  })
}
const OS = { osType: 'Linux', hyperVGeneration: 'V2', supportedCapabilities: { architecture: 'x64' } }

/** The image half only: without an account an input of pools is refused. */
const AGENT = { 'node-agent-sku-id': 'batch.node.ubuntu 24.04', vm: '' }

describe('a VM', () => {
  test('running, captured live: reported that it counts as changed, and rebuilt each time', async () => {
    const first = await run('happy', {}, vm({ statuses: RUNNING }))
    green(first)
    expect(first.summary).toContain('running-source')
    const second = await again(first.azure, scenario.inputs)
    expect(second.outputs).toMatchObject({ changed: 'true', 'pool-action': 'reimaged' })
    expect(second.log + second.summary).toContain('the VM runs: its disks count as changed')
  })

  test('running, captured after deallocation: stopped, captured, started again', async () => {
    const ran = await run('happy', { capture: 'deallocate' }, vm({ statuses: RUNNING }))
    green(ran)
    const order = writes(ran.azure).flatMap(({ liveRequest: { url } }) => /\/(deallocate|start|snapshots)\b/.exec(url)?.[1] ?? [])
    expect(order.slice(0, 5)).toEqual(['deallocate', 'snapshots', 'snapshots', 'snapshots', 'start'])
    expect(ran.azure.world.get(`${COMPUTE}/virtualMachines/golden`)?.properties.statuses).toContain('PowerState/running')
  })

  test('stopped, captured after deallocation: not started', async () => {
    const ran = await run('happy', { capture: 'deallocate' }, vm({ statuses: ['ProvisioningState/succeeded', 'PowerState/deallocated'] }))
    green(ran)
    expect(requestsTo(ran.azure, 'POST', /\/(?:start|deallocate)\?/)).toEqual([])
  })

  test.each([
    ['gallery', {}],
    ['managed', { ...IMAGE_HALF, 'image-kind': 'managed', gallery: '' }],
  ] as const)('marked generalized becomes a %s image itself, without snapshots', async (_, inputs) => {
    const ran = await run('happy', { capture: 'generalized', ...inputs })
    green(ran)
    expect(requestsTo(ran.azure, 'PUT', /\/snapshots\//)).toEqual([])
    const [put] = requestsTo(ran.azure, 'PUT', /(?:\/versions|Microsoft\.Compute\/images)\/[^/]+\?/)
    expect(JSON.stringify(put?.liveRequest.body)).toContain('/virtualMachines/golden')
  })

  test('not marked generalized is refused with `capture: generalized`', async () => {
    refused(await run('happy', { capture: 'generalized' }, vm({ statuses: RUNNING })), 'capture-generalized')
  })

  test('prepare-script runs before capture, and its output is in the log', async () => {
    const ran = await run(
      'happy',
      { capture: 'deallocate', 'prepare-script': 'apt-get -y upgrade\necho patched' },
      vm({ statuses: RUNNING }),
    )
    green(ran)
    expect(ran.log).toContain('patched')
    const order = writes(ran.azure).flatMap(
      ({ liveRequest: { url } }) => /\/(runCommand|deallocate|snapshots|start)\b/.exec(url)?.[1] ?? [],
    )
    expect(order.slice(0, 3)).toEqual(['runCommand', 'runCommand', 'deallocate'])
  })

  test.each(['live', 'deallocate', 'copy', 'restore-point'])('capture: %s leaves nothing of Run Command in the image', async (capture) => {
    const ran = await run(
      'happy',
      { capture, 'prepare-script': 'echo patched' },
      vm({ statuses: RUNNING, system: { isGeneralized: true } }),
    )
    green(ran)
    const [version] = ran.azure.world.all().filter(({ type }) => type === 'Microsoft.Compute/galleries/images/versions')
    expect(version?.properties.system.hasRunCommand).toBe(false)
  })

  test('a prepare-script that fails stops the run before anything is captured', async () => {
    const ran = await run('happy', { 'prepare-script': 'echo broken\nexit 7' }, vm({ statuses: RUNNING }))
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)[0]).toMatch(/status 7.*broken/)
    expect(namesOf(ran.azure, 'snapshots')).toEqual([])
    // Nor is it said to be there.
    expect((await reportOf(ran)).image.action).toBe('planned')
  })

  test('what a prepare-script prints cannot speak to the runner', async () => {
    const ran = await run('happy', { 'prepare-script': 'echo ::error::gotcha' }, vm({ statuses: RUNNING }))
    green(ran)
  })

  test('that does not run cannot run a prepare-script: refused', async () => {
    refused(await run('happy', { 'prepare-script': 'true' }), 'prepare-script-vm-runs')
  })

  test('with Windows: the definition says so, and the agent is the one for Windows', async () => {
    const ran = await run('happy', {}, WINDOWS)
    green(ran)
    const [definition] = requestsTo(ran.azure, 'PUT', /\/images\/golden\?/)
    expect(definition?.liveRequest.body).toMatchObject({ properties: { osType: 'Windows', hyperVGeneration: 'V2' } })
    const [pool] = requestsTo(ran.azure, 'PUT', /\/pools\//)
    expect(JSON.stringify(pool?.liveRequest.body)).toContain('batch.node.windows amd64')
  })
})

describe('Trusted Launch', () => {
  const trusted = vm({ securityType: 'TrustedLaunch' })

  test('disks become a TrustedLaunch definition, and the pool asks for it', async () => {
    const ran = await run('happy', {}, trusted)
    green(ran)
    const [definition] = requestsTo(ran.azure, 'PUT', /\/images\/golden\?/)
    expect(definition?.liveRequest.body).toMatchObject({ properties: { features: [{ name: 'SecurityType', value: 'TrustedLaunch' }] } })
    const [pool] = requestsTo(ran.azure, 'PUT', /\/pools\//)
    expect(JSON.stringify(pool?.liveRequest.body)).toContain('"securityType":"trustedLaunch"')
  })

  test('disks become no managed image', async () => {
    refused(await run('happy', { 'image-kind': 'managed', gallery: '' }, trusted), 'managed-image-trusted-launch')
  })

  test.each([
    ['TrustedLaunchSupported', trusted],
    [undefined, trusted],
    ['TrustedLaunch', {}],
  ] as const)('a definition with security type %s does not fit other disks', async (value, changes) => {
    const ran = await run('happy', {}, changes, (azure) => {
      azure.world.put({
        id: `${COMPUTE}/galleries/images`,
        name: 'images',
        type: 'Microsoft.Compute/galleries',
        location: 'westeurope',
        properties: { provisioningState: 'Succeeded' },
      })
      azure.world.put({
        id: `${COMPUTE}/galleries/images/images/golden`,
        name: 'golden',
        type: 'Microsoft.Compute/galleries/images',
        location: 'westeurope',
        properties: {
          osType: 'Linux',
          osState: 'Generalized',
          hyperVGeneration: 'V2',
          architecture: 'x64',
          identifier: { publisher: 'p', offer: 'o', sku: 's' },
          provisioningState: 'Succeeded',
          ...(value && { features: [{ name: 'SecurityType', value }] }),
        },
      })
    })
    refused(ran, 'definition-matches')
  })

  test('standard disks make a standard definition, whatever Azure would take it for; the next run finds it fitting', async () => {
    const first = await run('happy')
    green(first)
    const [definition] = requestsTo(first.azure, 'PUT', /\/images\/golden\?/)
    expect(definition?.liveRequest.body).toMatchObject({ properties: { features: [{ name: 'SecurityType', value: 'Standard' }] } })
    green(await again(first.azure, { ...scenario.inputs, rebuild: 'always' }))
  })
})

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

  test('is no source for another managed image', async () => {
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

describe('retention', () => {
  const PRUNE = {
    'resource-group': 'render',
    'image-name': 'golden',
    gallery: 'images',
    'batch-account': 'renderbatch',
    mode: 'prune',
    'retain-versions': '1',
  }

  test('after success all but the newest two versions go, and what a pool runs on stays', async () => {
    const first = await run('happy', { 'image-version': '1.0.0' })
    const { azure } = first
    for (const version of ['1.1.0', '1.2.0']) {
      await again(azure, { ...scenario.inputs, ...IMAGE_HALF, 'image-version': version, rebuild: 'always' })
    }
    const inputs = { ...scenario.inputs, 'image-version': '1.3.0', rebuild: 'always', 'retain-versions': '2', strategy: 'resize-only' }
    const planned = await again(azure, { ...inputs, mode: 'plan' })
    expect(JSON.parse(planned.outputs.plan ?? '')).toContainEqual(expect.objectContaining({ verb: 'delete', name: '1.1.0' }))
    const ran = await again(azure, inputs)
    green(ran)
    // 1.0.0 is older still, but the pool is on it.
    expect(namesOf(azure, 'galleries/images/versions').toSorted()).toEqual(['1.0.0', '1.2.0', '1.3.0'])
  })

  test('`mode: prune` does nothing else', async () => {
    const first = await run('happy', { ...IMAGE_HALF, 'image-version': '1.0.0' })
    const { azure } = first
    await again(azure, { ...scenario.inputs, ...IMAGE_HALF, 'image-version': '1.1.0', rebuild: 'always' })
    const ran = await again(azure, PRUNE)
    green(ran)
    expect(namesOf(azure, 'galleries/images/versions')).toEqual(['1.1.0'])
  })

  test('versions that cannot be deleted are all named, and hold up no other', async () => {
    const first = await run('happy', { ...IMAGE_HALF, 'image-version': '1.0.0' })
    const { azure } = first
    for (const version of ['1.1.0', '1.2.0', '1.3.0']) {
      await again(azure, { ...scenario.inputs, ...IMAGE_HALF, 'image-version': version, rebuild: 'always' })
    }
    azure.intervene = ({ method, url }) => {
      const locked = method === 'DELETE' && /\/versions\/(1\.[01]\.0)\?/.exec(url)?.[1]
      const message = `The scope of version ${locked} cannot perform delete operation because following scope(s) are locked.`
      return locked ? { kind: 'answer', status: 409, body: { error: { code: 'ScopeLocked', message } } } : undefined
    }
    const ran = await again(azure, PRUNE)
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)).toHaveLength(1)
    for (const version of ['1.0.0', '1.1.0']) expect(annotations(ran)[0]).toContain(`The scope of version ${version} cannot`)
    expect(namesOf(azure, 'galleries/images/versions').toSorted()).toEqual(['1.0.0', '1.1.0', '1.3.0'])
  })

  test('is refused without the account whose pools may use the images', async () => {
    const ran = await run('happy', { ...IMAGE_HALF, 'retain-versions': '2' })
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)).toHaveLength(1)
    expect(annotations(ran)[0]).toContain('batch-account: is required: no image is deleted before')
  })
})

test('a VM in another region: the version is made there and replicated here', async () => {
  const ran = await run('happy', {}, vm({ region: 'northeurope' }))
  green(ran)
  const regions = versionBody(ran).properties.publishingProfile.targetRegions.map(({ name }: { name: string }) => name)
  expect(regions.toSorted()).toEqual(['northeurope', 'westeurope'])
})

test('another VM of the group is no part of it', async () => {
  const ran = await run('happy', {}, {}, (azure) => {
    seedVm(azure, { ...scenario.vm, name: 'bystander' })
  })
  green(ran)
  expect(writes(ran.azure).filter(({ liveRequest }) => liveRequest.url.includes('bystander'))).toEqual([])
})

testConformance()
