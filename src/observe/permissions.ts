/** Pure: the actions that a run needs, and which of them the roles of the identity allow. */
import type { AccountConfig, PoolRequest, PoolSettings } from '../config/config.ts'
import { type ArmId, childId, parseArmId, partsOf, resourceGroupId } from '../model/arm-id.ts'

/** https://learn.microsoft.com/rest/api/authorization/permissions: one entry per role; actions may have wildcards. */
export interface Permission {
  readonly actions?: readonly string[]
  readonly notActions?: readonly string[]
}

export interface ScopePermissions {
  readonly scope: ArmId
  readonly permissions: readonly Permission[]
}

export interface Need {
  /** A resource that exists, or the group in which resources are made. */
  readonly scope: ArmId
  readonly actions: readonly string[]
}

/** Which resources exist already; the others have to be created. */
export interface Existing {
  readonly gallery: boolean
  readonly definition: boolean
  /** Those that hold the VHDs of the source. */
  readonly storageAccounts: readonly ArmId[]
}

/** The existing resources among those that were read. */
export function existingIn({
  gallery,
  definition,
  storageAccounts = [],
}: {
  readonly gallery?: object | undefined
  readonly definition?: object | undefined
  readonly storageAccounts?: readonly { readonly id: string }[] | undefined
}): Existing {
  return {
    gallery: gallery !== undefined,
    definition: definition !== undefined,
    storageAccounts: storageAccounts.map(({ id }) => id as ArmId),
  }
}

const COMPUTE = 'Microsoft.Compute'
const VERSIONS = `${COMPUTE}/galleries/images/versions`
const POOLS = 'Microsoft.Batch/batchAccounts/pools'

/** They include deletion: a copy that can be made but not deleted costs money until somebody notices. */
const COPY_ACTIONS: readonly string[] = [
  ...['disks', 'virtualMachines'].flatMap((type) => [`${COMPUTE}/${type}/write`, `${COMPUTE}/${type}/delete`]),
  ...['runCommand', 'deallocate'].map((action) => `${COMPUTE}/virtualMachines/${action}/action`),
  ...['virtualNetworks', 'networkInterfaces'].flatMap((type) => [`Microsoft.Network/${type}/write`, `Microsoft.Network/${type}/delete`]),
  'Microsoft.Network/virtualNetworks/subnets/join/action',
  'Microsoft.Network/networkInterfaces/join/action',
]

const COLLECTIONS = `${COMPUTE}/restorePointCollections`
/** https://learn.microsoft.com/azure/role-based-access-control/permissions/compute */
const RESTORE_POINT_ACTIONS: readonly string[] = [
  ...['disks', 'restorePointCollections'].flatMap((type) => [`${COMPUTE}/${type}/write`, `${COMPUTE}/${type}/delete`]),
  `${COLLECTIONS}/restorePoints/write`,
  `${COLLECTIONS}/restorePoints/read`,
  `${COLLECTIONS}/restorePoints/diskRestorePoints/beginGetAccess/action`,
]

/**
 * The identity that creates an image version must be allowed to write to its source, and to list the keys of a storage account.
 * https://learn.microsoft.com/azure/virtual-machines/shared-image-galleries#what-rbac-permissions-are-required-to-create-an-acg-image
 */
const SNAPSHOT_SOURCE = [`${COMPUTE}/snapshots/write`, `${COMPUTE}/snapshots/beginGetAccess/action`]
const VHD_SOURCE = ['Microsoft.Storage/storageAccounts/write', 'Microsoft.Storage/storageAccounts/listKeys/action']

/** https://learn.microsoft.com/azure/virtual-machines/disks-enable-customer-managed-keys-portal */
const ENCRYPTION_SET_READ = `${COMPUTE}/diskEncryptionSets/read`

/** All actions that the run may need for the image and the pools of one account, by scope. A run that finds less to do needs fewer. */
export function neededActions({ source, image, pool }: AccountConfig, has: Existing): readonly Need[] {
  const takesSnapshots = source.kind === 'vm' && source.capture !== 'generalized'
  const group = image && [
    ...(takesSnapshots ? [`${COMPUTE}/snapshots/write`, `${COMPUTE}/snapshots/delete`] : []),
    ...(source.kind === 'vm' && source.capture === 'copy' ? COPY_ACTIONS : []),
    ...(source.kind === 'vm' && source.capture === 'restore-point' ? RESTORE_POINT_ACTIONS : []),
    ...(image.kind === 'managed' ? [`${COMPUTE}/images/write`] : []),
  ]
  const definition = image?.gallery && [
    ...(has.gallery ? [] : [`${COMPUTE}/galleries/write`]),
    ...(has.definition ? [] : [`${COMPUTE}/galleries/images/write`]),
    `${VERSIONS}/write`,
    ...(image.retainVersions > 0 ? [`${VERSIONS}/delete`] : []),
  ]
  const vm =
    source.kind === 'vm'
      ? [
          ...(source.capture === 'deallocate'
            ? [`${COMPUTE}/virtualMachines/deallocate/action`, `${COMPUTE}/virtualMachines/start/action`]
            : []),
          ...(source.prepareScript && source.capture !== 'copy' ? [`${COMPUTE}/virtualMachines/runCommand/action`] : []),
          ...(source.capture === 'generalized' && image?.gallery ? [`${COMPUTE}/virtualMachines/write`] : []),
        ]
      : []
  const account = pool && pool.requests.length > 0 ? [`${POOLS}/write`, ...(needsDelete(pool) ? [`${POOLS}/delete`] : [])] : []
  const needs: readonly (Need | undefined)[] = [
    group && { scope: image.resourceGroup, actions: group },
    // Teams that share a gallery may have roles on their own definitions only.
    definition && { scope: innermost(image.gallery, image.name, has), actions: definition },
    source.kind === 'vm' ? { scope: source.id, actions: vm } : undefined,
    ...(image?.gallery && source.kind === 'snapshots'
      ? source.disks.map((disk) => ({ scope: disk.source as ArmId, actions: SNAPSHOT_SOURCE }))
      : []),
    ...new Set(image?.encryptionSets.map(({ id }) => id)).values().map((scope) => ({ scope, actions: [ENCRYPTION_SET_READ] })),
    ...(image?.gallery ? has.storageAccounts : []).map((scope) => ({ scope, actions: VHD_SOURCE })),
    pool && { scope: pool.account, actions: account },
    ...(pool?.requests.flatMap(linkedNeeds) ?? []),
  ]
  return needs.filter((need) => need !== undefined && need.actions.length > 0) as readonly Need[]
}

/**
 * The identity must be allowed to use the resources that a pool refers to (`LinkedAuthorizationFailed`).
 * https://learn.microsoft.com/azure/role-based-access-control/permissions/networking, https://learn.microsoft.com/azure/role-based-access-control/permissions/identity
 */
function linkedNeeds({ identity, properties: { networkConfiguration } }: PoolRequest): readonly Need[] {
  const { subnetId, publicIPAddressConfiguration } = networkConfiguration ?? {}
  const needs = (ids: readonly string[], action: string): readonly Need[] =>
    ids.filter((id) => parseArmId(id)).map((id) => ({ scope: id as ArmId, actions: [action] }))
  return [
    ...needs(Object.keys(identity?.userAssignedIdentities ?? {}), 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action'),
    ...needs(subnetId ? [subnetId] : [], 'Microsoft.Network/virtualNetworks/subnets/join/action'),
    ...needs(publicIPAddressConfiguration?.ipAddressIds ?? [], 'Microsoft.Network/publicIPAddresses/join/action'),
  ]
}

function innermost(gallery: ArmId, image: string, has: Existing): ArmId {
  if (has.definition) return childId(gallery, 'images', image)
  return has.gallery ? gallery : resourceGroupId(gallery)
}

/** A proof pool that can be made but not deleted costs money until somebody notices. */
const needsDelete = ({ strategy, canaryNodes }: Pick<PoolSettings, 'strategy' | 'canaryNodes'>): boolean =>
  strategy === 'replace' || strategy === 'blue-green' || (strategy === 'in-place' && canaryNodes !== 0)

/** Actions that no role allows. `*` stands for any number of segments. */
export function missingActions({ scope, actions }: Need, read: readonly ScopePermissions[]): readonly string[] {
  const here = read.find((one) => one.scope.toLowerCase() === scope.toLowerCase())?.permissions ?? []
  // An identity that could read the list has a role, so an empty list means nothing.
  if (here.length === 0) return []
  return actions.filter((action) => !here.some((role) => matches(role.actions, action) && !matches(role.notActions, action)))
}

function matches(patterns: readonly string[] = [], action: string): boolean {
  return patterns.some((pattern) =>
    new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 'i').test(action),
  )
}

/** E.g. `virtualMachines golden`, `resource group render`. */
export function showScope(scope: ArmId): string {
  const { type, names, resourceGroup } = partsOf(scope)
  return type === '' ? `resource group ${resourceGroup}` : `${type.split('/').at(-1)} ${names.at(-1)}`
}
