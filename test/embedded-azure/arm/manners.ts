/** Ways of Resource Manager that not every recording shows. Each was seen somewhere; a scenario turns them on. */
import type { AzureClock } from '../clock/clock.ts'

export interface Manners {
  /**
   * Properties that are absent are written as `null`, empty lists and objects too.
   * https://github.com/Azure/azure-rest-api-specs/issues/20990 and https://github.com/Azure/azure-rest-api-specs/pull/44499
   */
  readonly nulls?: boolean
  /**
   * Headers of long operations; default: as recorded. `none`: PUT answers 201 with `Creating` in the body, DELETE 202, and the resource
   * has to be asked. https://github.com/Azure/azure-resource-manager-rpc/blob/master/v1.0/async-api-reference.md
   * `location`: as Microsoft.Network and Microsoft.Batch have it. Actions keep theirs: they have no resource that could tell.
   */
  readonly operationHeaders?: 'none' | 'location' | 'status'
  /**
   * For so many seconds after its PUT a resource is unknown to reads, and is no parent to what is put or listed below it.
   * https://github.com/hashicorp/terraform-provider-azurerm/issues/18311 and https://github.com/Azure/terraform-provider-azapi/issues/587
   */
  readonly lagSeconds?: number
  /**
   * For so many seconds after it is first asked, another run command is at work in a VM.
   * https://github.com/MicrosoftDocs/azure-docs/issues/43356
   */
  readonly runCommandBusySeconds?: number
  /** A script never ends. https://github.com/Azure/azure-cli/issues/32305 */
  readonly runCommandHangs?: boolean
}

/** What has been put, and since when it is known. */
export class Lag {
  readonly #clock: AzureClock
  readonly #lagMs: number
  readonly #knownFromMs = new Map<string, number>()

  constructor(clock: AzureClock, { lagSeconds = 0 }: Manners) {
    this.#clock = clock
    this.#lagMs = lagSeconds * 1_000
  }

  put(id: string): void {
    this.#knownFromMs.set(id.toLowerCase(), this.#clock.now().getTime() + this.#lagMs)
  }

  hides(id: string): boolean {
    return this.#lagMs > 0 && (this.#knownFromMs.get(id.toLowerCase()) ?? 0) > this.#clock.now().getTime()
  }
}

/** Optional members by the name of what holds them; `''` is the resource, or the answer, itself. From the OpenAPI documents. */
const OPTIONAL: Readonly<Record<string, string>> = {
  '': 'tags zones identity plan sku managedBy extendedLocation systemData nextLink odata.nextLink etag',
  properties:
    'additionalCapabilities availabilitySet allocationStateTransitionTime applicationLicenses applicationPackages architecture autoScaleRun bursting certificates completionPercent creationData dataAccessAuthMode description diagnosticsProfile diskAccessId disallowed displayName encryption encryptionSettingsCollection endOfLifeDate error eula extensionsTimeBudget features hardwareProfile host hyperVGeneration identifier instanceView interNodeCommunication keyVaultReference licenseType metadata mountConfiguration networkConfiguration networkProfile osProfile osType output privateEndpointConnections privacyStatementUri publishingProfile purchasePlan recommended releaseNoteUri replicationStatus resizeOperationStatus resourceTags safetyProfile scheduledEventsProfile securityProfile sharingProfile sharingStatus softDeletePolicy sourceVirtualMachine startTask storageProfile supportedCapabilities supportsHibernation targetNodeCommunicationMode tier timeCreated upgradePolicy userAccounts userData virtualMachineScaleSet vmId',
  storageProfile: 'dataDisks dataDiskImages imageReference osDiskImage source zoneResilient diskControllerType',
  osDisk:
    'blobUri caching deleteOption diffDiskSettings diskEncryptionSet diskSizeGB encryptionSettings image managedDisk snapshot storageAccountType vhd writeAcceleratorEnabled',
  dataDisks:
    'blobUri caching deleteOption diskEncryptionSet diskSizeGB image managedDisk snapshot toBeDetached vhd writeAcceleratorEnabled',
  osDiskImage: 'hostCaching sizeInGB source',
  dataDiskImages: 'hostCaching sizeInGB source',
  publishingProfile: 'endOfLifeDate excludeFromLatest replicaCount targetExtendedLocations targetRegions',
  targetRegions: 'encryption excludeFromLatest regionalReplicaCount storageAccountType additionalReplicaSets',
  summary: 'details progress',
  imageReference: 'id publisher offer sku version exactVersion communityGalleryImageId sharedGalleryImageId',
  securityProfile: 'encryptionAtHost encryptionIdentity securityType uefiSettings proxyAgentSettings secureVMDiskEncryptionSetId',
  instanceView: 'bootDiagnostics computerName disks extensions hyperVGeneration maintenanceRedeployStatus patchStatus statuses vmAgent',
  statuses: 'message time displayStatus',
  creationData:
    'galleryImageReference imageReference logicalSectorSize securityDataUri sourceResourceId sourceUri storageAccountId uploadSizeBytes',
  virtualMachineConfiguration:
    'containerConfiguration dataDisks diskEncryptionConfiguration extensions licenseType nodePlacementConfiguration osDisk securityProfile serviceArtifactReference windowsConfiguration',
  scaleSettings: 'autoScale fixedScale',
  fixedScale: 'nodeDeallocationOption resizeTimeout targetDedicatedNodes targetLowPriorityNodes',
  resizeOperationStatus: 'errors nodeDeallocationOption resizeTimeout startTime targetDedicatedNodes targetLowPriorityNodes',
  errors: 'code message details errorDetails values target',
  value:
    'identity plan sku tags zones managedBy batchSupportEndOfLife capabilities familyName errors startTaskInfo metadata nextLink dedicated lowPriority networkConfiguration createdTime changedTime',
  startTaskInfo: 'containerInfo endTime exitCode failureInfo result',
  failureInfo: 'code message details',
}

/** A body as it is with `nulls`. */
export function withNulls(value: unknown, holder = ''): unknown {
  if (Array.isArray(value)) return value.length === 0 ? null : value.map((element) => withNulls(element, holder))
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value)
  if (members.length === 0 && holder !== '') return null
  const absent = (OPTIONAL[holder] ?? '').split(' ').filter((name) => name !== '' && !(name in value))
  return Object.fromEntries([...members.map(([name, member]) => [name, withNulls(member, name)]), ...absent.map((name) => [name, null])])
}
