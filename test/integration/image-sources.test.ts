/** Images from a virtual machine, in every way of capturing it. */
import { describe, expect, test } from 'vitest'
import { seedVm } from '../embedded-azure/scenarios/seed.ts'
import { COMPUTE, green, RUNNING, refused, scenario, versionBody, vm, WINDOWS } from '../fixtures/image-source-runs.ts'
import { again, annotations, IMAGE_HALF, namesOf, reportOf, requestsTo, run, testConformance, writes } from '../fixtures/whole-runs.ts'

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
    const order = writes(ran.azure).flatMap(({ liveRequest: { url } }) => /\/(deallocate|start|snapshots|versions)\b/.exec(url)?.[1] ?? [])
    expect(order.slice(0, 4)).toEqual(['deallocate', 'snapshots', 'snapshots', 'snapshots'])
    // It starts beside the publishing.
    expect(order.slice(4, 6).toSorted()).toEqual(['start', 'versions'])
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

test('a VM in another region: the version is made there and replicated here', async () => {
  const ran = await run('happy', {}, vm({ region: 'northeurope' }))
  green(ran)
  const regions = versionBody(ran).properties.publishingProfile.targetRegions.map(({ name }: { name: string }) => name)
  expect(regions.toSorted()).toEqual(['northeurope', 'westeurope'])
})

test('another VM of the group is not part of it', async () => {
  const ran = await run('happy', {}, {}, (azure) => {
    seedVm(azure, { ...scenario.vm, name: 'bystander' })
  })
  green(ran)
  expect(writes(ran.azure).filter(({ liveRequest }) => liveRequest.url.includes('bystander'))).toEqual([])
})

testConformance()
