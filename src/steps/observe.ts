import { type ArmId, childId, nameOf, sameId } from '../arm-id.ts'
import type { Config } from '../config.ts'
import { DataPlaneUnreachableError } from '../errors.ts'
import type { Observed } from '../observed.ts'
import type { BatchAccount, Disk, StorageAccount, SupportedImage } from '../ports.ts'
import { type StepContext, tell } from './context.ts'

/** Reads everything that decisions need, side by side. Nothing is written. */
export async function observe(config: Config, context: StepContext): Promise<Observed> {
  const { compute } = context
  const { image } = config
  const definition = image?.gallery && childId(image.gallery, 'images', image.name)
  const [from, gallery, imageDefinition, versions, images, snapshots, batch] = await Promise.all([
    observeSource(config, context),
    image?.gallery && compute.getGallery(image.gallery),
    definition && compute.getImageDefinition(definition),
    definition ? compute.listImageVersions(definition) : [],
    image?.kind === 'managed' ? compute.listImages(image.resourceGroup) : [],
    image ? compute.listSnapshots(image.resourceGroup) : [],
    config.pool ? observeBatch(config.pool.account, context) : { pools: [], vmSizes: [] },
  ])
  return {
    versions,
    images,
    snapshots,
    ...batch,
    ...from,
    ...(gallery && { gallery }),
    ...(imageDefinition && { definition: imageDefinition }),
  }
}

/** What the source consists of, as far as it exists. */
async function observeSource(
  { source, image }: Config,
  context: StepContext,
): Promise<Pick<Observed, 'vm' | 'sourceSnapshots' | 'sourceImage' | 'storageAccount'>> {
  const { compute } = context
  switch (source.kind) {
    case 'vm': {
      const vm = await observeVm(source.id, context)
      return vm ? { vm } : {}
    }
    case 'snapshots': {
      const found = await Promise.all(source.disks.map((disk) => compute.getSnapshot(disk.source as ArmId)))
      return { sourceSnapshots: found.filter((snapshot) => snapshot !== undefined) }
    }
    case 'vhd': {
      const host = new URL(source.disks[0]?.source ?? '').hostname.split('.')[0] ?? ''
      const account = image && (await findStorageAccount(image.resourceGroup, source.storageAccount ?? host, context))
      return account ? { storageAccount: account } : {}
    }
    case 'managed-image': {
      const sourceImage = await compute.getImage(source.id)
      return sourceImage ? { sourceImage } : {}
    }
    case 'image-id':
    case 'none':
      return {}
  }
}

/** By name, or by id. */
async function findStorageAccount(group: ArmId, nameOrId: string, { arm }: StepContext): Promise<StorageAccount | undefined> {
  const name = nameOf(nameOrId).replaceAll("'", "''")
  const found = await arm.find(group, `resourceType eq 'Microsoft.Storage/storageAccounts' and name eq '${name}'`)
  return found.find(({ id }) => !nameOrId.startsWith('/') || sameId(id, nameOrId))
}

async function observeVm(id: ArmId, { compute }: StepContext): Promise<Observed['vm']> {
  const [vm, extensions] = await Promise.all([compute.getVm(id), compute.listVmExtensions(id)])
  if (!vm) return undefined
  const ids = [vm.osDisk, ...vm.dataDisks].map(({ managedDiskId }) => managedDiskId)
  const disks = await Promise.all(ids.map((diskId) => diskId && compute.getDisk(diskId as ArmId)))
  return { vm, extensions, disks: disks.filter((disk): disk is Disk => typeof disk === 'object') }
}

async function observeBatch(id: ArmId, context: StepContext): Promise<Pick<Observed, 'account' | 'pools' | 'supportedImages' | 'vmSizes'>> {
  const account = await context.batch.getAccount(id)
  if (!account) return { pools: [], vmSizes: [] }
  const [pools, vmSizes, supportedImages] = await Promise.all([
    context.batch.listPools(id),
    context.batch.listVmSizes(id, account.location),
    observeSupportedImages(account, context),
  ])
  return { account, pools, vmSizes, ...(supportedImages && { supportedImages }) }
}

/** A private account still has its management plane: the run goes on with less to see. */
async function observeSupportedImages(account: BatchAccount, context: StepContext): Promise<readonly SupportedImage[] | undefined> {
  try {
    return await context.batch.dataPlane(account).listSupportedImages()
  } catch (error) {
    if (!(error instanceof DataPlaneUnreachableError)) throw error
    tell(context, { kind: 'data-plane-unreachable', host: error.host, reason: error.message })
    return undefined
  }
}
