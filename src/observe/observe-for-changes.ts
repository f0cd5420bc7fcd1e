/** Reads what preflight rules need to judge changes. A run with nothing to do does not need it. */
import { type AccountConfig, byAccount, type Config, twoSubscriptions } from '../config/config.ts'
import type { AzureError } from '../errors/azure-error.ts'
import { type ArmId, childId, partsOf, sameId } from '../model/arm-id.ts'
import type { BatchAccount } from '../model/batch.ts'
import { emit, type StepContext } from '../run/context.ts'
import { withChosenCapture } from './choose-capture.ts'
import type { Observed, ObservedAccount, ObservedFleet } from './observed.ts'
import { existingIn, neededActions, type Permission, type ScopePermissions } from './permissions.ts'
import { observePrerequisites } from './prerequisites.ts'
import { observePrices } from './prices.ts'
import { visible } from './visible.ts'

/**
 * What was observed before, together with the gallery, the prerequisites of an image, the VM sizes, quotas and prices of each account, and
 * the permissions of the identity.
 */
export async function observeForChanges(config: Config, observed: ObservedFleet, context: StepContext): Promise<ObservedFleet> {
  const { image } = config
  const foundGallery = image?.gallery ? context.compute.getGallery(image.gallery) : undefined
  const [gallery, prerequisites, permissions, accounts] = await Promise.all([
    foundGallery,
    observePrerequisites(config, { source: Promise.resolve(observed), gallery: foundGallery }, context),
    observePermissions(config, { observed, gallery: foundGallery }, context),
    Promise.all(observed.accounts.map((account) => withLimits(config, account, context))),
  ])
  return { ...observed, ...prerequisites, permissions, accounts, ...(gallery && { gallery }) }
}

async function withLimits(config: Config, observed: ObservedAccount, context: StepContext): Promise<ObservedAccount> {
  const { id, account, pools } = observed
  const own = byAccount(config).find(({ pool }) => sameId(pool?.account, id))
  const foundVmSizes = account ? context.batch.listVmSizes(id, account.location) : Promise.resolve([])
  const [vmSizes, usages, imageSubscription, prices] = await Promise.all([
    foundVmSizes,
    account && observeUsages(account, context),
    own && observeImageSubscription(own, context),
    account && own?.pool?.showCost && foundVmSizes.then((vmSizes) => observePrices(own, { account, pools, vmSizes }, context)),
  ])
  return {
    ...observed,
    vmSizes,
    ...(usages && { usages }),
    ...(imageSubscription && { imageSubscription }),
    ...(prices && { prices }),
  }
}

const PERMISSIONS_API_VERSION = '2022-04-01'

/** Read at the resources themselves, so that roles assigned there count. https://learn.microsoft.com/rest/api/authorization/permissions */
async function observePermissions(
  given: Config,
  found: { readonly observed: ObservedFleet; readonly gallery: Promise<object | undefined> | undefined },
  context: StepContext,
): Promise<readonly ScopePermissions[]> {
  const { vm, definition, storageAccounts } = found.observed
  const config = withChosenCapture(given, vm?.vm)
  // A definition is in a gallery.
  const gallery = definition ?? (await found.gallery)
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
  // What the identity may not read counts as in order: Azure itself will accept or refuse the pool.
  return {
    isBatchRegistered: provider?.registrationState === undefined || provider.registrationState === 'Registered',
    ...(ofImage?.tenantId && { tenantId: ofImage.tenantId }),
    ...(ofAccount?.tenantId && { accountTenantId: ofAccount.tenantId }),
  }
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
