/**
 * How other tools go the same way: their requests in their order, with their waits. Models, from their source code at the commits named;
 * none of their own work beside polling is counted. Times are of the operations on their own critical path.
 */
import { GROUP_ID, REGION } from '../embedded-azure/scenarios/scenario.ts'
import type { Habit, PeerClient } from './peer-client.ts'

/** As in the scenario `reference-trace`. Seconds. */
const TRACE = { snapshotsS: [7, 9, 11], imageS: 35, versionS: 312, allocationS: 187, nodes: 10 } as const

export interface Peer {
  readonly name: string
  readonly source: string
  /** Seconds that Azure itself needs for what this tool does, in its own order. */
  readonly boundS: number
  readonly run: (client: PeerClient) => Promise<void>
}

const COMPUTE = 'Microsoft.Compute'
const DISKS = ['golden-os', 'golden-data0', 'golden-data5']
const DISK_API = '2022-03-02'
const IMAGE_API = '2024-03-01'
const GALLERY_API = '2023-07-03'
export const BATCH_API = '2024-07-01'

/**
 * It looks at once (L975), then every 30 s (L644); `--no-wait` is not what its documentation shows.
 * https://github.com/Azure/azure-sdk-for-python/blob/azure-core_1.39.0/sdk/core/azure-core/azure/core/polling/base_polling.py#L967-L979
 */
const AZURE_CLI: Habit = { firstS: 0, everyS: 30 }
/**
 * 10 s before the first look as well as between looks, in Terraform's provider and in Packer's plugin.
 * https://github.com/hashicorp/go-azure-sdk/blob/19d5cebdbedaf305a191c49158e32e286c625f06/sdk/client/resourcemanager/poller_lro.go#L43
 */
const GO_AZURE_SDK: Habit = { firstS: 10, everyS: 10 }
/** https://github.com/Azure/build-vm-image/blob/161d714fccf2836164893612c3f11fc39fbfa19c/lib/AzureImageBuilderClient.js#L207 */
const BUILD_VM_IMAGE: Habit = { firstS: 0, everyS: 15 }

const { snapshotsS, imageS, versionS, allocationS } = TRACE
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

const snapshot = (client: PeerClient, disk: string, habit: Habit) =>
  client.operation(
    'PUT',
    `${COMPUTE}/snapshots/${disk}-snapshot`,
    DISK_API,
    {
      location: REGION,
      properties: {
        creationData: { createOption: 'Copy', sourceResourceId: `${GROUP_ID}/providers/${COMPUTE}/disks/${disk}` },
        incremental: true,
      },
    },
    habit,
  )

const snapshotRef = (disk: string) => ({ id: `${GROUP_ID}/providers/${COMPUTE}/snapshots/${disk}-snapshot` })

const image = (client: PeerClient, habit: Habit) =>
  client.operation(
    'PUT',
    `${COMPUTE}/images/golden`,
    IMAGE_API,
    {
      location: REGION,
      properties: {
        hyperVGeneration: 'V2',
        storageProfile: {
          osDisk: { osType: 'Linux', osState: 'Generalized', snapshot: snapshotRef('golden-os') },
          dataDisks: [0, 5].map((lun) => ({ lun, snapshot: snapshotRef(`golden-data${lun}`) })),
        },
      },
    },
    habit,
  )

/** The gallery and its definition are there before all of them. */
export async function prepareGallery(client: PeerClient): Promise<void> {
  const atOnce: Habit = { firstS: 0, everyS: 1 }
  await client.operation('PUT', `${COMPUTE}/galleries/images`, GALLERY_API, { location: REGION, properties: {} }, atOnce)
  const properties = {
    osType: 'Linux',
    osState: 'Generalized',
    hyperVGeneration: 'V2',
    identifier: { publisher: 'peer', offer: 'golden', sku: 'golden' },
  }
  await client.operation('PUT', `${COMPUTE}/galleries/images/images/golden`, GALLERY_API, { location: REGION, properties }, atOnce)
}

const version = (client: PeerClient, storageProfile: object, habit: Habit) =>
  client.operation(
    'PUT',
    `${COMPUTE}/galleries/images/images/golden/versions/1.0.0`,
    GALLERY_API,
    { location: REGION, properties: { storageProfile, publishingProfile: { targetRegions: [{ name: REGION, regionalReplicaCount: 1 }] } } },
    habit,
  )

const fromImage = { source: { id: `${GROUP_ID}/providers/${COMPUTE}/images/golden` } }
const fromSnapshots = {
  osDiskImage: { source: snapshotRef('golden-os') },
  dataDiskImages: [0, 5].map((lun) => ({ lun, source: snapshotRef(`golden-data${lun}`) })),
}

export const POOL = 'Microsoft.Batch/batchAccounts/renderbatch/pools/render'

/** Ten nodes on the version. */
export const poolProperties = {
  vmSize: 'STANDARD_D4s_V5',
  deploymentConfiguration: {
    virtualMachineConfiguration: {
      imageReference: { id: `${GROUP_ID}/providers/${COMPUTE}/galleries/images/images/golden/versions/1.0.0` },
      nodeAgentSkuId: 'batch.node.ubuntu 24.04',
    },
  },
  scaleSettings: { fixedScale: { targetDedicatedNodes: TRACE.nodes, resizeTimeout: 'PT30M' } },
}

/** Created, then looked at every 30 s until it is steady. None of them looks at nodes. */
async function pool(client: PeerClient): Promise<void> {
  await client.operation('PUT', POOL, BATCH_API, { properties: poolProperties }, { firstS: 0, everyS: 0 })
  while ((await client.get(POOL, BATCH_API)).body.properties.allocationState !== 'Steady') await client.sleep(30)
}

export const PEERS: readonly Peer[] = [
  {
    name: 'Azure CLI script, one command after the other',
    source: 'Azure/azure-cli 8e3b15a02',
    boundS: sum(snapshotsS) + imageS + versionS + allocationS,
    run: async (client) => {
      await client.get(`${COMPUTE}/virtualMachines/golden`, IMAGE_API)
      for (const disk of DISKS) {
        await client.get(GROUP_ID, '2021-04-01')
        await snapshot(client, disk, AZURE_CLI)
        await client.get(`${COMPUTE}/snapshots/${disk}-snapshot`, DISK_API)
      }
      await image(client, AZURE_CLI)
      await version(client, fromImage, AZURE_CLI)
      await pool(client)
    },
  },
  {
    name: 'Terraform azurerm, everything that can run side by side',
    source: 'hashicorp/terraform-provider-azurerm 69697b7',
    boundS: Math.max(...snapshotsS) + versionS + allocationS,
    run: async (client) => {
      await Promise.all(
        DISKS.map(async (disk) => {
          await client.get(`${COMPUTE}/snapshots/${disk}-snapshot`, DISK_API)
          await snapshot(client, disk, GO_AZURE_SDK)
          await client.get(`${COMPUTE}/snapshots/${disk}-snapshot`, DISK_API)
        }),
      )
      await version(client, fromSnapshots, GO_AZURE_SDK)
      await client.get(`${COMPUTE}/galleries/images/images/golden/versions/1.0.0`, GALLERY_API)
      await pool(client)
    },
  },
  {
    name: 'Packer azure-arm for the image (it has no pools), then the Azure CLI',
    source: 'hashicorp/packer-plugin-azure 999eec9',
    boundS: sum(snapshotsS) + imageS + versionS + allocationS,
    run: async (client) => {
      for (const disk of DISKS) {
        await snapshot(client, disk, GO_AZURE_SDK)
        await client.get(`${COMPUTE}/snapshots/${disk}-snapshot`, DISK_API)
      }
      await image(client, GO_AZURE_SDK)
      await version(client, fromImage, GO_AZURE_SDK)
      await client.get(`${COMPUTE}/galleries/images/images/golden/versions/1.0.0`, GALLERY_API)
      await pool(client)
    },
  },
  {
    name: 'Azure/build-vm-image, its polling for the image (it has no pools), then the Azure CLI',
    source: 'Azure/build-vm-image 49519e8',
    boundS: Math.max(...snapshotsS) + versionS + allocationS,
    run: async (client) => {
      await Promise.all(DISKS.map((disk) => snapshot(client, disk, BUILD_VM_IMAGE)))
      await version(client, fromSnapshots, BUILD_VM_IMAGE)
      await pool(client)
    },
  },
]
