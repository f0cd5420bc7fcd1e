import { type AccountConfig, byAccount, type Config, imageTargetId, twoSubscriptions } from '../config/config.ts'
import type { AzureError } from '../errors/azure-error.ts'
import { explain, inSentences } from '../errors/explanation.ts'
import { isDataPlaneRefusal } from '../errors/run-errors.ts'
import { type ArmId, childId, parseArmId, partsOf } from '../model/arm-id.ts'
import type { BatchAccount } from '../model/batch.ts'
import type { Compute, Disk, ImageVersion, VirtualMachine } from '../model/compute.ts'
import { emit, type StepContext } from '../run/context.ts'
import { observeBaseVersions } from './base-image.ts'
import { withChosenCapture } from './choose-capture.ts'
import { observeImageDates } from './image-dates.ts'
import { observeManagedImages, observeSourceImage } from './managed-images.ts'
import type { AccountContent, Observed, ObservedAccount, ObservedFleet } from './observed.ts'
import { existingIn, neededActions, type Permission, type ScopePermissions } from './permissions.ts'
import { observePrerequisites } from './prerequisites.ts'
import { observePrices } from './prices.ts'
import { observeStorageAccounts } from './storage-accounts.ts'
import { visible } from './visible.ts'

/** Reads everything that decisions need, side by side, and writes nothing. */
export async function observe(config: Config, context: StepContext): Promise<ObservedFleet> {
  const { compute } = context
  const { image } = config
  const definition = image?.gallery && imageTargetId(image)
  const foundGallery = image?.gallery ? compute.getGallery(image.gallery) : undefined
  const foundDefinition = definition ? compute.getImageDefinition(definition) : undefined
  const foundSource = observeSource(config, context)
  const foundSnapshots = image ? compute.listSnapshots(image.resourceGroup) : undefined
  const [from, gallery, imageDefinition, versions, images, snapshots, accounts, permissions, prerequisites] = await Promise.all([
    foundSource,
    foundGallery,
    foundDefinition,
    // After the snapshots: another run deletes them only once its version exists, so that one of the two shows that its number is taken.
    definition ? foundSnapshots?.then(() => observeVersions(definition, context)) : [],
    observeManagedImages(image, context),
    foundSnapshots,
    Promise.all(byAccount(config).flatMap((own) => (own.pool ? [observeAccount(own.pool.account, own, context)] : []))),
    observePermissions(config, { source: foundSource, gallery: foundGallery, definition: foundDefinition }, context),
    observePrerequisites(config, { source: foundSource, gallery: foundGallery }, context),
  ])
  announceCapture(config, from.vm?.vm, context)
  return {
    azureTime: context.arm.now().toISOString(),
    versions: versions ?? [],
    images,
    snapshots: snapshots ?? [],
    accounts,
    ...from,
    permissions,
    ...prerequisites,
    ...(gallery && { gallery }),
    ...(imageDefinition && { definition: imageDefinition }),
  }
}

/** Says in the log what `capture: auto` means for this VM. */
function announceCapture(config: Config, vm: VirtualMachine | undefined, context: StepContext): void {
  const { source } = withChosenCapture(config, vm)
  if (source.kind !== 'vm' || !source.whyChosen) return
  const text = `\`capture: auto\` chose \`${source.capture}\`: ${source.whyChosen}.`
  emit(context, { kind: 'notice', level: 'info', text })
}

async function observeVersions(definition: ArmId, { compute }: StepContext): Promise<readonly ImageVersion[]> {
  return withReplication((await compute.listImageVersions(definition)) ?? [], compute)
}

/** Whether a failed version works in some region is not in the list. */
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

const PERMISSIONS_API_VERSION = '2022-04-01'

/** Read at the resources themselves, so that roles assigned there count. https://learn.microsoft.com/rest/api/authorization/permissions */
async function observePermissions(
  given: Config,
  found: {
    readonly source: Promise<Pick<Observed, 'vm' | 'storageAccounts'>>
    readonly gallery: Promise<object | undefined> | undefined
    readonly definition: Promise<object | undefined> | undefined
  },
  context: StepContext,
): Promise<readonly ScopePermissions[]> {
  const [{ vm, storageAccounts }, gallery, definition] = await Promise.all([found.source, found.gallery, found.definition])
  const config = withChosenCapture(given, vm?.vm)
  const existing = existingIn({ gallery, definition, storageAccounts })
  const needs = byAccount(config).flatMap((own) => neededActions(own, existing))
  const scopes = new Map(needs.map(({ scope }) => [scope.toLowerCase(), scope]))
  const refusals: AzureError[] = []
  const readable = await Promise.all(
    [...scopes.values()].map(async (scope) => {
      const id = childId(scope, 'providers/Microsoft.Authorization', 'permissions')
      const answer = await visible(context.arm.get(id, PERMISSIONS_API_VERSION), (refusal) => refusals.push(refusal))
      return { scope, permissions: (answer as { value?: readonly Permission[] } | undefined)?.value ?? [] }
    }),
  )
  if (refusals[0])
    emit(context, { kind: 'notice', level: 'info', text: `Permissions cannot be checked in advance. ${refusals[0].explanation.hint}` })
  return readable
}

const SUBSCRIPTIONS_API_VERSION = '2022-12-01'
const PROVIDERS_API_VERSION = '2021-04-01'

/** Read only where image and account are in different subscriptions. */
async function observeImageSubscription(config: AccountConfig, { arm }: StepContext): Promise<Observed['imageSubscription'] | undefined> {
  const subscriptions = twoSubscriptions(config)
  if (!subscriptions) return undefined
  const [provider, ofImage, ofAccount] = (await Promise.all([
    visible(arm.get(`/subscriptions/${subscriptions.ofImage}/providers/Microsoft.Batch` as ArmId, PROVIDERS_API_VERSION)),
    visible(arm.get(`/subscriptions/${subscriptions.ofImage}` as ArmId, SUBSCRIPTIONS_API_VERSION)),
    visible(arm.get(`/subscriptions/${subscriptions.ofAccount}` as ArmId, SUBSCRIPTIONS_API_VERSION)),
  ])) as [{ registrationState?: string } | undefined, { tenantId?: string } | undefined, { tenantId?: string } | undefined]
  // What the caller may not read counts as right: Azure decides when the time comes.
  return {
    isBatchRegistered: provider?.registrationState === undefined || provider.registrationState === 'Registered',
    ...(ofImage?.tenantId && { tenantId: ofImage.tenantId }),
    ...(ofAccount?.tenantId && { accountTenantId: ofAccount.tenantId }),
  }
}

async function observeVm(id: ArmId, context: StepContext): Promise<Pick<Observed, 'vm' | 'baseVersions'>> {
  const { compute } = context
  const [vm, extensions] = await Promise.all([compute.getVm(id), compute.listVmExtensions(id)])
  if (!vm) return {}
  const ids = [vm.osDisk, ...vm.dataDisks].map(({ managedDiskId }) => managedDiskId)
  const [disks, baseVersions] = await Promise.all([
    Promise.all(ids.map((diskId) => diskId && compute.getDisk(diskId as ArmId))),
    observeBaseVersions(vm, context),
  ])
  return {
    vm: { vm, extensions, disks: disks.filter((disk): disk is Disk => typeof disk === 'object') },
    ...(baseVersions && { baseVersions }),
  }
}

async function observeAccount(id: ArmId, config: AccountConfig, context: StepContext): Promise<ObservedAccount> {
  const [content, imageSubscription] = await Promise.all([observeBatch(id, config, context), observeImageSubscription(config, context)])
  return { id, ...content, ...(imageSubscription && { imageSubscription }) }
}

async function observeBatch(id: ArmId, config: AccountConfig, context: StepContext): Promise<AccountContent> {
  const { image, pool } = config
  const account = await context.batch.getAccount(id)
  if (!account) return { pools: [], vmSizes: [] }
  const [foundPools, foundVmSizes] = [context.batch.listPools(id), context.batch.listVmSizes(id, account.location)]
  const definition = image?.gallery && imageTargetId(image)
  const [pools, vmSizes, dataPlane, usages, imageDates, prices] = await Promise.all([
    foundPools,
    foundVmSizes,
    observeDataPlane(account, context),
    observeUsages(account, context),
    foundPools.then((pools) => observeImageDates(pools, definition, context)),
    pool?.showCost &&
      Promise.all([foundPools, foundVmSizes]).then(([pools, vmSizes]) => observePrices(config, { account, pools, vmSizes }, context)),
  ])
  return { account, pools, vmSizes, ...dataPlane, imageDates, ...(usages && { usages }), ...(prices && { prices }) }
}

/** Read only in user subscription mode, where the quotas of the subscription apply. */
async function observeUsages({ id, location, poolAllocationMode }: BatchAccount, context: StepContext): Promise<Observed['usages']> {
  if (poolAllocationMode !== 'UserSubscription') return undefined
  return visible(context.compute.listUsages(partsOf(id as ArmId).subscriptionId, location), ({ explanation }) =>
    emit(context, {
      kind: 'notice',
      level: 'info',
      text: `The core quotas of the subscription cannot be checked in advance. ${explanation.hint}`,
    }),
  )
}

/** A private account still has its management plane: whether the run can do without the other is for a preflight rule to say. */
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
