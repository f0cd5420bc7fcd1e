import { type ArmId, childId } from '../arm-id.ts'
import type { Config } from '../config.ts'
import { DataPlaneUnreachableError } from '../errors.ts'
import type { Observed } from '../observed.ts'
import type { BatchAccount, Disk, SupportedImage } from '../ports.ts'
import { type StepContext, tell } from './context.ts'

/** Reads everything that decisions need, side by side. Nothing is written. */
export async function observe(config: Config, context: StepContext): Promise<Observed> {
  const { compute } = context
  const { image, source } = config
  const definition = image?.gallery && childId(image.gallery, 'images', image.name)
  const [vm, gallery, imageDefinition, versions, images, snapshots, batch] = await Promise.all([
    source.kind === 'vm' ? observeVm(source.id, context) : undefined,
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
    ...(vm && { vm }),
    ...(gallery && { gallery }),
    ...(imageDefinition && { definition: imageDefinition }),
  }
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
