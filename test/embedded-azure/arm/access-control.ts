/** Azure RBAC: who may do what where. Without roles the caller is owner of everything. */
import type { RegionEncryption } from '../compute/encryption-sets.ts'
import { type Principal, Refusal } from '../route.ts'
import { isWithin } from './resources.ts'

/** A role definition as its JSON file has it, given at a scope. */
export interface Assignment {
  readonly role: {
    readonly Name: string
    readonly Actions: readonly string[]
    readonly NotActions?: readonly string[]
    readonly DataActions?: readonly string[]
  }
  /** E.g. `/subscriptions/…/resourceGroups/render`. */
  readonly scope: string
}

/** Only these are data actions; what happens to pools is an action on either plane. */
const DATA_ACTION = /^Microsoft\.Batch\/batchAccounts\/(?:jobs|jobSchedules)\//i

/** A resource that a request refers to in its body, and what the caller must be allowed to do there. */
export interface Linked {
  readonly action: string
  readonly scope: string
}

export class AccessControl {
  readonly #denied: readonly string[]
  readonly #assignments: readonly Assignment[] | undefined
  /** What was needed and allowed so far. */
  readonly used = new Set<string>()

  constructor(denied: readonly string[] = [], assignments?: readonly Assignment[]) {
    this.#denied = denied
    this.#assignments = assignments
  }

  /** @throws Refusal in Azure's recorded words. */
  check({ clientId, objectId }: Principal, action: string, scope: string, linked: readonly Linked[] = []): void {
    const client = `The client '${clientId}' with object id '${objectId}'`
    if (!this.#allows(action, scope)) {
      throw new Refusal(
        403,
        'AuthorizationFailed',
        `${client} does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
      )
    }
    this.used.add(action)
    for (const one of linked) {
      if (!this.#allows(one.action, one.scope)) {
        throw new Refusal(
          403,
          'LinkedAuthorizationFailed',
          `${client} has permission to perform action '${action}' on scope '${scope}'; however, it does not have permission to perform action '${one.action}' on the linked scope(s) '${one.scope}' or the linked scope(s) are invalid.`,
        )
      }
      this.used.add(one.action)
    }
  }

  /** What the caller may do at a scope, one entry for each role. */
  permissionsAt(scope: string): readonly object[] {
    if (!this.#assignments) return [{ actions: ['*'], notActions: this.#denied, dataActions: ['*'], notDataActions: [] }]
    return this.#assignments
      .filter(({ scope: at }) => isWithin(scope, at))
      .map(({ role: { Actions, NotActions = [], DataActions = [] } }) => ({
        actions: Actions,
        notActions: [...NotActions, ...this.#denied],
        dataActions: DataActions,
        notDataActions: [],
      }))
  }

  #allows(action: string, scope: string): boolean {
    if (this.#denied.some((one) => matches(one, action))) return false
    if (!this.#assignments) return true
    return this.#assignments.some(({ role, scope: at }) => {
      const granted = DATA_ACTION.test(action) ? (role.DataActions ?? []) : role.Actions
      return (
        isWithin(scope, at) && granted.some((one) => matches(one, action)) && !(role.NotActions ?? []).some((one) => matches(one, action))
      )
    })
  }
}

function matches(pattern: string, action: string): boolean {
  const expression = pattern
    .split('*')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*')
  return new RegExp(`^${expression}$`, 'i').test(action)
}

const DISK_ACCESS = 'Microsoft.Compute/disks/beginGetAccess/action'

/**
 * What a body refers to. Reading a disk's content needs `beginGetAccess` of its type; an image version needs to write to the VM, disks or
 * snapshots that it is made of, the keys of a storage account with VHDs and to write to it, and to read an image.
 * https://learn.microsoft.com/azure/virtual-machines/shared-image-galleries#what-rbac-permissions-are-required-to-create-an-acg-image
 */
// biome-ignore lint/suspicious/noExplicitAny: a request body is whatever the client sent
export function linkedScopes(action: string, body: any): readonly Linked[] {
  const properties = body?.properties ?? {}
  switch (action) {
    case 'Microsoft.Compute/snapshots/write':
    case 'Microsoft.Compute/disks/write':
      return contentOf([properties.creationData?.sourceResourceId])
    case 'Microsoft.Compute/images/write': {
      const { osDisk, dataDisks = [] } = properties.storageProfile ?? {}
      const ids = [osDisk, ...dataDisks].map((disk) => disk?.snapshot?.id ?? disk?.managedDisk?.id)
      return [...contentOf(ids), ...actionOf('read', [properties.sourceVirtualMachine?.id])]
    }
    case 'Microsoft.Compute/galleries/images/versions/write': {
      const { osDiskImage, dataDiskImages = [], source } = properties.storageProfile ?? {}
      const sources = [osDiskImage, ...dataDiskImages].map((image) => image?.source)
      const accounts = sources.map((one) => one?.storageAccountId)
      return [
        ...contentOf(sources.map((one) => one?.id)),
        ...actionOf('write', [source?.virtualMachineId, ...sources.map((one) => one?.id), ...accounts]),
        ...actionOf('listKeys/action', accounts),
        ...actionOf('read', [source?.id, ...encryptionSetsIn(properties.publishingProfile?.targetRegions)]),
      ]
    }
    case 'Microsoft.Compute/restorePointCollections/write':
      return actionOf('read', [properties.source?.id])
    case 'Microsoft.Compute/virtualMachines/write': {
      const { networkProfile } = properties
      return ids(networkProfile?.networkInterfaces).map((scope) => ({ action: 'Microsoft.Network/networkInterfaces/join/action', scope }))
    }
    case 'Microsoft.Network/networkInterfaces/write':
      return joined(properties.ipConfigurations?.map((one: { properties?: { subnet?: { id: string } } }) => one.properties?.subnet?.id))
    case 'Microsoft.Batch/batchAccounts/pools/write': {
      const image = properties.deploymentConfiguration?.virtualMachineConfiguration?.imageReference?.id
      return [
        // Reader on the image is not enough. https://learn.microsoft.com/azure/batch/batch-sig-images
        ...(image ? [{ action: DISK_ACCESS, scope: image }, ...actionOf('read', [image])] : []),
        ...joined([properties.networkConfiguration?.subnetId]),
        ...Object.keys(body?.identity?.userAssignedIdentities ?? {}).map((scope) => ({
          action: 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action',
          scope,
        })),
      ]
    }
    default:
      return []
  }
}

type Id = string | undefined

/** https://learn.microsoft.com/azure/virtual-machines/disks-enable-customer-managed-keys-portal */
function encryptionSetsIn(regions: readonly RegionEncryption[] = []): readonly Id[] {
  return regions.flatMap(({ encryption: { osDiskImage, dataDiskImages = [] } = {} }) =>
    [osDiskImage, ...dataDiskImages].map((image) => image?.diskEncryptionSetId),
  )
}

const TYPES_WITH_CONTENT = ['restorePointCollections/restorePoints/diskRestorePoints', 'snapshots']

const ids = (resources: readonly { readonly id?: string }[] = []): readonly string[] => resources.flatMap(({ id }) => id ?? [])

function contentOf(sources: readonly Id[]): readonly Linked[] {
  return sources.flatMap((scope) => {
    if (!scope) return []
    const type = TYPES_WITH_CONTENT.find((one) => scope.toLowerCase().includes(`/${one.split('/').at(-1)?.toLowerCase()}/`)) ?? 'disks'
    return [{ action: `Microsoft.Compute/${type}/beginGetAccess/action`, scope }]
  })
}

function actionOf(verb: string, sources: readonly Id[]): readonly Linked[] {
  return sources.flatMap((scope) => {
    const [, provider, rest = ''] = /\/providers\/([^/]+)\/(.+)$/.exec(scope ?? '') ?? []
    const type = rest.split('/').filter((_, index) => index % 2 === 0)
    return scope && provider ? [{ action: [provider, ...type, verb].join('/'), scope }] : []
  })
}

const joined = (subnets: readonly Id[] = []): readonly Linked[] =>
  subnets.flatMap((scope) => (scope ? [{ action: 'Microsoft.Network/virtualNetworks/subnets/join/action', scope }] : []))
