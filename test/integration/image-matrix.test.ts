/** Every source × image kind × operating system: what is allowed ends green with all its disks, the rest is refused before any write. */
import { describe, expect, test } from 'vitest'
import { GROUP_ID, loadScenario, type Scenario } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { annotations, namesOf, requestsTo, run, testConformance, writes } from '../fixtures/whole-runs.ts'

const COMPUTE = `${GROUP_ID}/providers/Microsoft.Compute`
const scenario = loadScenario('happy')
const RUNNING = ['ProvisioningState/succeeded', 'PowerState/running']
type Os = 'Linux' | 'Windows'
const IMAGE = {
  Linux: scenario.vm.image,
  Windows: { publisher: 'MicrosoftWindowsServer', offer: 'WindowsServer', sku: '2022-datacenter', version: 'latest' },
}
const AGENT = { Linux: 'batch.node.ubuntu 24.04', Windows: 'batch.node.windows amd64' }

function put({ world }: EmbeddedAzure, type: string, name: string, properties: object): void {
  const id = `${GROUP_ID}/providers/${type}/${name}`
  world.put({ id, name, type, location: 'westeurope', tags: {}, properties: { provisioningState: 'Succeeded', ...properties } })
}

interface Way {
  readonly inputs: (os: Os) => Readonly<Record<string, string>>
  readonly statuses?: readonly string[]
  /** Its user has generalized the system inside, and not marked the VM. */
  readonly isGeneralized?: true
  readonly prepare?: (azure: EmbeddedAzure, os: Os) => void
  /** LUNs that the image must have; absent where Azure takes them from the source itself. */
  readonly luns?: readonly number[]
  /** The rule that refuses `image-kind: managed`. */
  readonly refusesManaged?: RegExp
}

const bySource = (inputs: Readonly<Record<string, string>>) => (os: Os) => ({ vm: '', 'node-agent-sku-id': AGENT[os], ...inputs })
const WAYS: Readonly<Record<string, Way>> = {
  'vm, live': { inputs: () => ({ capture: 'live' }), statuses: RUNNING, isGeneralized: true, luns: [0, 5] },
  'vm, deallocate': { inputs: () => ({ capture: 'deallocate' }), statuses: RUNNING, isGeneralized: true, luns: [0, 5] },
  'vm, generalized': { inputs: () => ({ capture: 'generalized' }) },
  'vm, copy': { inputs: () => ({ capture: 'copy' }), statuses: RUNNING, luns: [0, 5] },
  snapshots: {
    inputs: bySource({ snapshots: 'os=ready-os\n3=ready-data' }),
    luns: [3],
    prepare(azure, os) {
      const creationData = { createOption: 'Copy', sourceResourceId: `${COMPUTE}/disks/elsewhere` }
      put(azure, 'Microsoft.Compute/snapshots', 'ready-os', { creationData, diskSizeGB: 30, osType: os, hyperVGeneration: 'V2' })
      put(azure, 'Microsoft.Compute/snapshots', 'ready-data', { creationData, diskSizeGB: 30 })
    },
  },
  vhd: {
    inputs: (os) => ({
      ...bySource({ vhd: 'os=https://packerout.blob.core.windows.net/v/os.vhd\n2=https://packerout.blob.core.windows.net/v/data.vhd' })(os),
      'os-type': os,
      'hyper-v-generation': 'V2',
    }),
    luns: [2],
    prepare: (azure) => put(azure, 'Microsoft.Storage/storageAccounts', 'packerout', {}),
  },
  'managed-image': {
    inputs: bySource({ 'managed-image': 'old-image' }),
    refusesManaged: /image-id/,
    prepare: (azure, os) =>
      put(azure, 'Microsoft.Compute/images', 'old-image', {
        hyperVGeneration: 'V2',
        storageProfile: { osDisk: { osType: os, osState: 'Generalized', blobUri: 'https://x.blob.core.windows.net/v/o.vhd' } },
      }),
  },
}

const CASES = Object.entries(WAYS).flatMap(([name, way]) =>
  (['gallery', 'managed'] as const).flatMap((kind) => (['Linux', 'Windows'] as const).map((os) => ({ name, kind, os, way }))),
)

describe.each(CASES)('$name, $kind, $os', ({ way, kind, os }) => {
  const changes: Partial<Scenario> = {
    vm: {
      ...{ ...scenario.vm, os },
      ...(IMAGE[os] && { image: IMAGE[os] }),
      ...(way.statuses && { statuses: way.statuses }),
      ...(way.isGeneralized && { system: { isGeneralized: true } }),
    },
    account: { ...scenario.account, acceptsManagedImages: true },
  }
  const inputs = { ...way.inputs(os), 'image-version': '1.0.0', ...(kind === 'managed' && { 'image-kind': 'managed', gallery: '' }) }
  const isRefused = kind === 'managed' && way.refusesManaged !== undefined

  test(isRefused ? 'is refused, and nothing is written' : 'ends on healthy nodes, with every disk at its LUN', async () => {
    const ran = await run('happy', inputs, changes, (azure) => way.prepare?.(azure, os))
    if (isRefused) {
      expect(annotations(ran)[0]).toMatch(way.refusesManaged ?? /never/)
      expect(writes(ran.azure)).toEqual([])
      return
    }
    expect(annotations(ran)).toEqual([])
    expect(ran.outputs).toMatchObject({ result: 'succeeded', 'current-dedicated-nodes': '10' })
    const target = kind === 'gallery' ? /\/versions\/1\.0\.0\?/ : /\/Microsoft\.Compute\/images\/golden-1\.0\.0\?/
    // biome-ignore lint/suspicious/noExplicitAny: a request body
    const body = requestsTo(ran.azure, 'PUT', target)[0]?.liveRequest.body as any
    const { dataDiskImages, dataDisks } = body.properties.storageProfile ?? {}
    expect((dataDiskImages ?? dataDisks)?.map(({ lun }: { lun: number }) => lun)).toEqual(way.luns)
    const pool = JSON.stringify(requestsTo(ran.azure, 'PUT', /\/pools\/render\?/)[0]?.liveRequest.body)
    expect(pool).toContain(AGENT[os])
    expect(pool.toLowerCase()).toContain(String(ran.outputs['image-id']).toLowerCase())
    if (kind === 'managed' && way.luns && way.statuses) expect(namesOf(ran.azure, 'snapshots')).toHaveLength(3)
  })
})

/** Rows of the Trusted Launch matrix: security type of the disks, of the definition that exists; security profile of the pool; and what becomes of it. */
describe.each<[string, 'TrustedLaunch' | undefined, string | undefined, string | undefined, string | RegExp]>([
  ['a Trusted Launch VM', 'TrustedLaunch', undefined, undefined, 'trustedLaunch'],
  ['a Trusted Launch VM, a definition that fits', 'TrustedLaunch', 'TrustedLaunch', undefined, 'trustedLaunch'],
  ['a Trusted Launch VM, a definition for both', 'TrustedLaunch', 'TrustedLaunchSupported', undefined, /definition-matches/],
  ['a Trusted Launch VM, a standard definition', 'TrustedLaunch', '', undefined, /definition-matches/],
  ['a standard VM, a definition for both', undefined, 'TrustedLaunchSupported', undefined, 'none'],
  ['a standard VM, a Trusted Launch definition', undefined, 'TrustedLaunch', undefined, /definition-matches/],
  ['a Trusted Launch VM, a pool without', 'TrustedLaunch', undefined, 'encryptionAtHost: true', /pool-security-type/],
  ['a standard VM, a Trusted Launch pool', undefined, undefined, 'securityType: trustedLaunch', /pool-security-type/],
])('Trusted Launch: %s', (_, disks, definition, pool, end) => {
  test(typeof end === 'string' ? `ends on healthy nodes, security type ${end}` : 'is refused, and nothing is written', async () => {
    const spec = pool ? `\ndeploymentConfiguration: { virtualMachineConfiguration: { securityProfile: { ${pool} } } }` : ''
    const ran = await run(
      'happy',
      { 'pool-spec': `startTask: { commandLine: /opt/mount }${spec}` },
      { vm: { ...scenario.vm, ...(disks && { securityType: disks }) } },
      (azure) => {
        if (definition === undefined) return
        put(azure, 'Microsoft.Compute/galleries', 'images', {})
        const id = `${COMPUTE}/galleries/images/images/golden`
        const properties = {
          osType: 'Linux',
          osState: 'Generalized',
          hyperVGeneration: 'V2',
          architecture: 'x64',
          identifier: { publisher: 'p', offer: 'o', sku: 's' },
          provisioningState: 'Succeeded',
          ...(definition && { features: [{ name: 'SecurityType', value: definition }] }),
        }
        azure.world.put({ id, name: 'golden', type: 'Microsoft.Compute/galleries/images', location: 'westeurope', properties })
      },
    )
    if (typeof end === 'string') {
      expect(annotations(ran)).toEqual([])
      expect(ran.outputs).toMatchObject({ result: 'succeeded', 'current-dedicated-nodes': '10' })
      const pool = JSON.stringify(requestsTo(ran.azure, 'PUT', /\/pools\/render\?/)[0]?.liveRequest.body)
      expect(/"securityType":"(\w+)"/.exec(pool)?.[1] ?? 'none').toBe(end)
    } else {
      expect(annotations(ran)[0]).toMatch(end)
      expect(writes(ran.azure)).toEqual([])
    }
  })
})

testConformance()
