/** Another team's client on the embedded Azure: the Azure CLI, which knows nothing of this project. */
import { expect, type TestContext, test } from 'vitest'
import { GROUP, GROUP_ID, loadScenario, SUBSCRIPTION, TENANT } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { CLI_HOST, hasAzureCli, signIn, startAzureForCli } from '../tools/azure-cli.ts'
import { openApiViolations, SPECS_ARE_HERE, unrecordedSequences } from '../tools/conformance.ts'

/** What the CLI sends, and the documents at hand. */
const VERSION_MAP = [
  ...['2022-03-02=2024-03-02', '2022-07-02=2024-03-02', '2021-10-01=2023-07-03', '2022-03-03=2023-07-03'],
  ...['2022-11-01=2024-03-01', '2022-10-01=2024-02-01'],
]

async function azureAt443(context: TestContext): Promise<EmbeddedAzure> {
  try {
    return await startAzureForCli(loadScenario('happy'), 500)
  } catch (error) {
    context.skip(`port 443 of loopback cannot be bound: ${(error as Error).message}`)
    throw error
  }
}

const available = hasAzureCli()
if (!available) console.warn('skipped: the Azure CLI is not on this machine')

test.skipIf(!available)(
  'the Azure CLI signs in, captures disks, publishes a version, and creates, resizes and deletes a pool',
  { timeout: 600_000 },
  async (context) => {
    const azure = await azureAt443(context)
    try {
      const { az, accounts } = await signIn(azure)
      expect(accounts).toMatchObject([{ id: SUBSCRIPTION, tenantId: TENANT }])

      const inGroup = ['--resource-group', GROUP]
      expect(await az('disk', 'show', ...inGroup, '--name', 'golden-os')).toMatchObject({ osType: 'Linux', hyperVGeneration: 'V2' })
      const snapshot = ['snapshot', 'create', ...inGroup, '--incremental', 'true']
      const os = await az(...snapshot, '--name', 'os', '--source', 'golden-os', '--hyper-v-generation', 'V2')
      expect(os).toMatchObject({ provisioningState: 'Succeeded', diskSizeGb: 30, incremental: true, sku: { tier: 'Standard' } })
      await az(...snapshot, '--name', 'data', '--source', 'golden-data0')

      const gallery = await az('sig', 'create', ...inGroup, '--gallery-name', 'cli')
      expect(gallery.identifier.uniqueName).toBe(`${SUBSCRIPTION}-CLI`)
      const definition = [...inGroup, '--gallery-name', 'cli', '--gallery-image-definition', 'golden']
      const identity = ['--publisher', 'p', '--offer', 'o', '--sku', 's', '--os-type', 'Linux', '--hyper-v-generation', 'V2']
      expect(await az('sig', 'image-definition', 'create', ...definition, ...identity)).toMatchObject({ architecture: 'x64' })
      const disks = ['--os-snapshot', 'os', '--data-snapshots', 'data', '--data-snapshot-luns', '0']
      const version = await az('sig', 'image-version', 'create', ...definition, '--gallery-image-version', '1.0.0', ...disks)
      expect(version).toMatchObject({
        provisioningState: 'Succeeded',
        publishingProfile: { targetRegions: [{ name: 'West Europe', regionalReplicaCount: 1, storageAccountType: 'Standard_LRS' }] },
        storageProfile: { osDiskImage: { sizeInGb: 30 }, dataDiskImages: [{ lun: 0, sizeInGb: 64 }] },
      })
      await az('snapshot', 'delete', ...inGroup, '--name', 'data')
      expect((await az('snapshot', 'list', ...inGroup)).map(({ name }: { name: string }) => name)).toEqual(['os'])

      expect((await az('batch', 'account', 'list')).map(({ name }: { name: string }) => name)).toEqual(['renderbatch'])
      const account = await az('batch', 'account', 'show', ...inGroup, '--name', 'renderbatch')
      expect(account).toMatchObject({ poolAllocationMode: 'BatchService', dedicatedCoreQuota: 5000 })

      const rest = (method: string, id: string, apiVersion: string, body?: object) =>
        az(
          'rest',
          '--method',
          method,
          '--url',
          `${CLI_HOST}${id}?api-version=${apiVersion}`,
          ...(body ? ['--body', JSON.stringify(body)] : []),
        )
      // `az image list` of Debian's package fails before it asks anything.
      expect(await rest('get', `${GROUP_ID}/providers/Microsoft.Compute/images`, '2022-11-01')).toEqual({ value: [] })
      const pool = `${account.id}/pools/cli`
      const created = await rest('put', pool, '2023-11-01', {
        properties: {
          vmSize: 'Standard_D2s_v5',
          deploymentConfiguration: {
            virtualMachineConfiguration: { imageReference: { id: version.id }, nodeAgentSkuId: 'batch.node.ubuntu 24.04' },
          },
          scaleSettings: { fixedScale: { targetDedicatedNodes: 1 } },
        },
      })
      expect(created.properties).toMatchObject({ vmSize: 'STANDARD_D2S_V5', allocationState: 'Resizing', currentDedicatedNodes: 0 })
      const steady = () =>
        expect.poll(async () => (await rest('get', pool, '2023-11-01')).properties.allocationState, { timeout: 60_000 }).toBe('Steady')
      await steady()
      const target = { properties: { scaleSettings: { fixedScale: { targetDedicatedNodes: 2 } } } }
      expect((await rest('patch', pool, '2023-11-01', target)).properties.allocationState).toBe('Resizing')
      await steady()
      expect((await rest('get', pool, '2023-11-01')).properties.currentDedicatedNodes).toBe(2)
      await rest('delete', pool, '2023-11-01')
      await expect.poll(() => azure.pools.find('cli'), { timeout: 60_000 }).toBeUndefined()

      if (!SPECS_ARE_HERE) return
      expect(await openApiViolations(azure.exchanges, VERSION_MAP)).toEqual([])
      expect(await unrecordedSequences([azure.exchanges])).toEqual([])
    } finally {
      await azure.close()
    }
  },
)
