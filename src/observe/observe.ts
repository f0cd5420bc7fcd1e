import { type Config, imageTargetId } from '../config/config.ts'
import { explain, inSentences } from '../errors/explanation.ts'
import { isDataPlaneRefusal } from '../errors/run-errors.ts'
import { type ArmId, parseArmId } from '../model/arm-id.ts'
import type { BatchAccount } from '../model/batch.ts'
import type { Compute, Disk, ImageVersion, VirtualMachine } from '../model/compute.ts'
import { emit, type StepContext } from '../run/context.ts'
import { observeBaseVersions } from './base-image.ts'
import { withChosenCapture } from './choose-capture.ts'
import { observeImageDates } from './image-dates.ts'
import { observeManagedImages, observeSourceImage } from './managed-images.ts'
import type { Observed, ObservedAccount, ObservedFleet } from './observed.ts'
import { observeStorageAccounts } from './storage-accounts.ts'

/** Reads, in parallel, what shows whether there is anything to do. Writes nothing. `observeForChanges` reads the rest. */
export async function observe(config: Config, context: StepContext): Promise<ObservedFleet> {
  const { compute } = context
  const { image } = config
  const definition = image?.gallery && imageTargetId(image)
  const foundSnapshots = image ? compute.listSnapshots(image.resourceGroup) : undefined
  const [from, imageDefinition, versions, images, snapshots, accounts] = await Promise.all([
    observeSource(config, context),
    definition ? compute.getImageDefinition(definition) : undefined,
    // After the snapshots: another run deletes its snapshots only once its version exists, so one of the two shows that the number is taken.
    definition ? foundSnapshots?.then(() => observeVersions(definition, context)) : [],
    observeManagedImages(image, context),
    foundSnapshots,
    Promise.all((config.pool?.accounts ?? []).map((id) => observeAccount(id, config, context))),
  ])
  announceCapture(config, from.vm?.vm, context)
  return {
    azureTime: context.arm.now().toISOString(),
    versions: versions ?? [],
    images,
    snapshots: snapshots ?? [],
    accounts,
    ...from,
    ...(imageDefinition && { definition: imageDefinition }),
  }
}

/** Reports what `capture: auto` means for this VM. */
function announceCapture(config: Config, vm: VirtualMachine | undefined, context: StepContext): void {
  const { source } = withChosenCapture(config, vm)
  if (source.kind !== 'vm' || !source.whyChosen) return
  const text = `\`capture: auto\` chose \`${source.capture}\`: ${source.whyChosen}.`
  emit(context, { kind: 'notice', level: 'info', text })
}

async function observeVersions(definition: ArmId, { compute }: StepContext): Promise<readonly ImageVersion[]> {
  return withReplication((await compute.listImageVersions(definition)) ?? [], compute)
}

/** The versions, the failed ones with their replication status: the list does not say whether one works in some region. */
export function withReplication(
  versions: readonly ImageVersion[],
  { getImageVersion }: Pick<Compute, 'getImageVersion'>,
): Promise<readonly ImageVersion[]> {
  return Promise.all(
    versions.map(async (version) =>
      version.provisioningState === 'Failed' ? ((await getImageVersion(version.id as ArmId)) ?? version) : version,
    ),
  )
}

/** The parts of the source that exist. */
async function observeSource(
  { source, image }: Config,
  context: StepContext,
): Promise<Pick<Observed, 'vm' | 'baseVersions' | 'sourceSnapshots' | 'sourceImage' | 'storageAccounts' | 'givenImage'>> {
  const { compute } = context
  switch (source.kind) {
    case 'vm': {
      return observeVm(source.id, context)
    }
    case 'snapshots': {
      const found = await Promise.all(source.disks.map((disk) => compute.getSnapshot(disk.source as ArmId)))
      return { sourceSnapshots: found.filter((snapshot) => snapshot !== undefined) }
    }
    case 'vhd': {
      return image ? { storageAccounts: await observeStorageAccounts(source, image.resourceGroup, context) } : {}
    }
    case 'managed-image': {
      const sourceImage = await observeSourceImage(source.id, context)
      return sourceImage ? { sourceImage } : {}
    }
    case 'image-id': {
      const givenImage = await observeImage(source.id, context)
      return givenImage ? { givenImage } : {}
    }
    case 'none':
      return {}
  }
}

async function observeImage(id: ArmId, { compute }: StepContext): Promise<Observed['givenImage']> {
  if (parseArmId(id)?.names.length === 1) {
    const image = await compute.getImage(id)
    return image && { kind: 'managed', image }
  }
  const definitionId = id.replace(/\/versions\/[^/]+$/i, '') as ArmId
  const [version, definition] = await Promise.all([compute.getImageVersion(id), compute.getImageDefinition(definitionId)])
  return version && definition && { kind: 'gallery', version, definition }
}

async function observeVm(id: ArmId, context: StepContext): Promise<Pick<Observed, 'vm' | 'baseVersions'>> {
  const { compute } = context
  const vm = await compute.getVm(id)
  if (!vm) return {}
  const ids = [vm.osDisk, ...vm.dataDisks].map(({ managedDiskId }) => managedDiskId)
  const [disks, baseVersions] = await Promise.all([
    Promise.all(ids.map((diskId) => diskId && compute.getDisk(diskId as ArmId))),
    observeBaseVersions(vm, context),
  ])
  return {
    vm: { vm, extensions: vm.extensions ?? [], disks: disks.filter((disk): disk is Disk => typeof disk === 'object') },
    ...(baseVersions && { baseVersions }),
  }
}

async function observeAccount(id: ArmId, { image }: Config, context: StepContext): Promise<ObservedAccount> {
  const account = await context.batch.getAccount(id)
  if (!account) return { id, pools: [], vmSizes: [] }
  const foundPools = context.batch.listPools(id)
  const definition = image?.gallery && imageTargetId(image)
  const [pools, dataPlane, imageDates] = await Promise.all([
    foundPools,
    observeDataPlane(account, context),
    foundPools.then((pools) => observeImageDates(pools, definition, context)),
  ])
  return { id, account, pools, vmSizes: [], ...dataPlane, imageDates }
}

/** A private account is still reachable on the management plane; a preflight rule says whether the run can do without the data plane. */
async function observeDataPlane(
  account: BatchAccount,
  context: StepContext,
): Promise<Pick<Observed, 'supportedImages' | 'dataPlaneRefusal'>> {
  try {
    return { supportedImages: await context.batch.dataPlane(account).listSupportedImages() }
  } catch (error) {
    if (!isDataPlaneRefusal(error)) throw error
    const explanation = explain(error)
    const { message, hint, link } = explanation
    emit(context, { kind: 'data-plane-unreachable', reason: inSentences(explanation) })
    return { dataPlaneRefusal: { reason: message, fix: hint, ...(link && { link }) } }
  }
}
