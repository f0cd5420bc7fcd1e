/** Azure Compute Gallery: galleries, image definitions, image versions with replication by region. */
import {
  type Arm,
  create,
  found,
  list,
  page,
  parentOf,
  plainRegion,
  remove,
  required,
  retag,
  routesOf,
  routeToAll,
  show,
  shown,
  sourceOf,
} from '../arm/resources.ts'
import { type Answer, type Call, Refusal, type Route } from '../route.ts'
import { SUBSCRIPTION } from '../scenarios/scenario.ts'
import type { Resource } from '../world.ts'
import { refuseDiskKind, refuseVmDisks } from './disk-kinds.ts'
import { missingKeys, refuseSets } from './encryption-sets.ts'
import { generationOf, vmHere } from './images.ts'
import { type Replica, refuseFailedReplicas, replicasOf, replicationStatus, stateOf, type TargetRegion } from './replication.ts'
import { systemOf } from './systems.ts'

export const GALLERY =
  '2019-12-01 2020-09-30 2021-07-01 2021-10-01 2022-01-03 2022-03-03 2022-08-03 2023-07-03 2024-03-03 2025-03-03 2025-12-03 2026-03-03'.split(
    ' ',
  )
const GALLERIES = { type: 'Microsoft.Compute/galleries', path: 'capsOperations' } as const
const DEFINITIONS = { type: 'Microsoft.Compute/galleries/images', path: 'capsOperations' } as const
const VERSIONS = { type: 'Microsoft.Compute/galleries/images/versions', path: 'capsOperations' } as const
/** Medians of recorded Azure. */
const DURATION_MS = { gallery: 300, definition: 100, version: 474_000, updateVersion: 150_000, deleteVersion: 91_000 }
/** What a definition keeps for its life. */
const FIXED = ['osType', 'osState', 'hyperVGeneration', 'architecture', 'identifier'] as const

export function galleryRoutes(arm: Arm): readonly Route[] {
  const route = routesOf('Microsoft.Compute', GALLERY)
  const definitionPath = '/galleries/:gallery/images/:definition'
  const versionPath = `${definitionPath}/versions/:version`
  return [
    routeToAll(arm, GALLERY, GALLERIES.type),
    route('GET', '/galleries', 'galleries/read', list(arm)),
    route('GET', '/galleries/:gallery', 'galleries/read', show(arm)),
    route('PUT', '/galleries/:gallery', 'galleries/write', (call) =>
      create(arm, call, GALLERIES, {
        afterMs: DURATION_MS.gallery,
        properties: {
          ...(call.body.properties?.description && { description: call.body.properties.description }),
          identifier: { uniqueName: `${SUBSCRIPTION}-${call.params.gallery?.toUpperCase()}` },
        },
      }),
    ),
    route('PATCH', '/galleries/:gallery', 'galleries/write', retag(arm, GALLERIES, DURATION_MS.gallery)),
    route('DELETE', '/galleries/:gallery', 'galleries/delete', remove(arm, GALLERIES, DURATION_MS.gallery, refuseNested(arm, 'images'))),

    route('GET', '/galleries/:gallery/images', 'galleries/images/read', list(arm)),
    route('GET', definitionPath, 'galleries/images/read', show(arm)),
    route('PUT', definitionPath, 'galleries/images/write', (call) => putDefinition(arm, call)),
    route('PATCH', definitionPath, 'galleries/images/write', retag(arm, DEFINITIONS, DURATION_MS.definition)),
    route(
      'DELETE',
      definitionPath,
      'galleries/images/delete',
      remove(arm, DEFINITIONS, DURATION_MS.definition, refuseNested(arm, 'versions')),
    ),

    route('GET', `${definitionPath}/versions`, 'galleries/images/versions/read', (call) => {
      parentOf(arm, call, /\/versions$/i)
      return page(call, arm.world.list(call.path).map(shown))
    }),
    route('GET', versionPath, 'galleries/images/versions/read', (call) => {
      const version = found(arm, call)
      return { status: 200, body: call.query.get('$expand') === 'ReplicationStatus' ? replicating(arm, version) : shown(version) }
    }),
    route('PUT', versionPath, 'galleries/images/versions/write', (call) => putVersion(arm, call)),
    route('PATCH', versionPath, 'galleries/images/versions/write', retag(arm, VERSIONS, 30_000)),
    route('DELETE', versionPath, 'galleries/images/versions/delete', remove(arm, VERSIONS, DURATION_MS.deleteVersion)),
  ]
}

const refuseNested =
  ({ world }: Arm, nested: string) =>
  ({ id }: Resource): void => {
    if (world.list(`${id}/${nested}`).length > 0)
      throw new Refusal(
        409,
        'CannotDeleteResource',
        'Cannot delete resource while nested resources exist. Some existing nested resource IDs include it.',
      )
  }

/**
 * From here on a definition is of generation 2 and `TrustedLaunchSupported` unless it says otherwise, `Standard` is how it says so, and
 * standard disks fit `…Supported` definitions; before, `Standard` is not a value.
 * https://learn.microsoft.com/powershell/module/az.compute/new-azgalleryimagedefinition
 * https://azurefeeds.com/2025/05/29/preview-trusted-launch-default-for-new-azure-virtual-machine-scale-set-compute-gallery-and-disk
 */
const SECURED_BY_DEFAULT_SINCE = '2025-03-03'
const isSecuredByDefault = ({ apiVersion }: Call): boolean => apiVersion >= SECURED_BY_DEFAULT_SINCE

interface Feature {
  readonly name: string
  readonly value: string
}

// biome-ignore lint/suspicious/noExplicitAny: a request body is whatever the client sent
function withDefaults(call: Call, sent: any = {}): any {
  if (!isSecuredByDefault(call)) return { hyperVGeneration: 'V1', architecture: 'x64', ...sent }
  const properties = { hyperVGeneration: 'V2', architecture: 'x64', ...sent }
  const features: readonly Feature[] = properties.features ?? []
  if (properties.hyperVGeneration !== 'V2' || features.some(({ name }) => name === 'SecurityType')) return properties
  return { ...properties, features: [...features, { name: 'SecurityType', value: 'TrustedLaunchSupported' }] }
}

/** https://learn.microsoft.com/azure/virtual-machines/shared-image-galleries#image-definitions */
const LONGEST_IDENTIFIER = { publisher: 128, offer: 64, sku: 64 }

function putDefinition(arm: Arm, call: Call): Answer {
  parentOf(arm, call, /\/images\/[^/]+$/i)
  const properties = withDefaults(call, call.body?.properties)
  for (const name of ['osType', 'osState', 'identifier']) required(properties, name)
  for (const [name, longest] of Object.entries(LONGEST_IDENTIFIER)) {
    const value: string = required(properties.identifier, name, 'identifier')
    const target = `galleryImage.properties.identifier.${name}`
    if (value.length > longest) throw notAValue(target, value)
  }
  const asked = properties.features?.find(({ name }: Feature) => name === 'SecurityType')?.value
  if (asked === 'Standard' && !isSecuredByDefault(call)) throw notAValue('galleryImage.properties.features.SecurityType', asked)
  if (!['Linux', 'Windows'].includes(properties.osType)) throw notAValue('galleryImage.properties.osType', properties.osType)
  if (!['Generalized', 'Specialized'].includes(properties.osState)) throw notAValue('galleryImage.properties.osState', properties.osState)
  const before = arm.world.get(call.path)?.properties
  const changed = before && FIXED.find((name) => JSON.stringify(before[name]) !== JSON.stringify(properties[name]))
  if (changed) {
    throw new Refusal(409, 'PropertyChangeNotAllowed', `Changing property 'galleryImage.properties.${changed}' is not allowed.`, {
      target: `galleryImage.properties.${changed}`,
    })
  }
  return create(arm, call, DEFINITIONS, { afterMs: DURATION_MS.definition, properties })
}

const notAValue = (target: string, value: unknown): Refusal =>
  new Refusal(400, 'InvalidParameter', `The value '${value}' of parameter '${target}' is invalid.`, { target })

function putVersion(arm: Arm, call: Call): Answer {
  const definition = parentOf(arm, call, /\/versions\/[^/]+$/i)
  if (!/^\d+\.\d+\.\d+$/.test(call.params.version ?? ''))
    throw new Refusal(400, 'InvalidParameter', 'The gallery image version name must be Major.Minor.Patch.', {
      target: 'galleryImageVersionName',
    })
  const { storageProfile: sent, publishingProfile = {}, safetyProfile = {} } = call.body?.properties ?? {}
  const location = plainRegion(String(required(call.body, 'location')))
  const existing = arm.world.get(call.path)?.properties
  const replicasBefore: Record<string, Replica> = existing?.replicas ?? {}
  const isComplete = Object.values(replicasBefore).some((replica) => stateOf(replica, arm.clock) === 'Completed')
  // A version without any replica is made anew, of whatever is sent now.
  const before = existing?.provisioningState === 'Failed' && !isComplete ? undefined : existing
  // A version keeps its source: an update may leave it out, and cannot change it.
  if (before && isOtherSource(before.storageProfile, sent)) {
    const target = 'galleryImageVersion.properties.storageProfile'
    throw new Refusal(409, 'PropertyChangeNotAllowed', `Changing property '${target}' is not allowed.`, { target })
  }
  const storageProfile = before?.storageProfile ?? sent
  const source = before ? { id: '', kind: 'vhd' as const } : versionSource(arm, storageProfile, location)
  if (!before) checkSecurityType(call, definition, source)
  checkOsState(definition, source)
  refuseSets(arm, call.path, publishingProfile.targetRegions ?? [])
  const regions: readonly TargetRegion[] = (publishingProfile.targetRegions ?? [{ name: location }]).map(
    ({ name, regionalReplicaCount = 1, storageAccountType = 'Standard_LRS', excludeFromLatest = false, encryption }: TargetRegion) => ({
      name: displayName(name),
      regionalReplicaCount,
      storageAccountType,
      excludeFromLatest,
      ...(encryption && { encryption }),
    }),
  )
  const names = regions.map(({ name }) => name)
  if (new Set(names).size !== names.length)
    throw new Refusal(400, 'InvalidParameter', 'Duplicate regions are not allowed in target publishing regions.')
  if (!names.some((name) => plainRegion(name) === location)) {
    throw new Refusal(
      400,
      'InvalidParameter',
      `The publishing region list must contain the location of the gallery image version '${location}'.`,
    )
  }
  refuseShallowCopies(publishingProfile, before?.publishingProfile)
  const lastsMs = before ? DURATION_MS.updateVersion : arm.durations.next('version', DURATION_MS.version)
  const replicas = replicasOf(regions, before ? replicasBefore : {}, lastsMs, arm)
  return create(arm, call, VERSIONS, {
    afterMs: Math.max(lastsMs, ...Object.values(replicas).map((replica) => (replica.fails ? replica.lastsMs : 0))),
    properties: {
      replicas,
      sourceGeneration: source.hyperVGeneration,
      system: before ? before.system : systemOf(arm, arm.world.get(source.id)),
      storageProfile,
      safetyProfile: { reportedForPolicyViolation: false, ...safetyProfile },
      publishingProfile: {
        replicationMode: 'Full',
        excludeFromLatest: false,
        ...publishingProfile,
        targetRegions: regions,
        storageAccountType: 'Standard_LRS',
        publishedDate: before?.publishingProfile.publishedDate ?? arm.clock.now().toISOString(),
      },
    },
    // The definition's generation is checked late.
    finish: (version) => {
      const { hyperVGeneration } = definition.properties
      if (source.hyperVGeneration && source.hyperVGeneration !== hyperVGeneration) {
        version.properties.replicas = {}
        throw new Refusal(
          409,
          'Conflict',
          `The resource with id '${source.id}' has a different Hypervisor generation ['${source.hyperVGeneration}'] than the parent gallery image Hypervisor generation ['${hyperVGeneration}'].`,
        )
      }
      const profile = version.properties.storageProfile
      if (profile.source) profile.osDiskImage ??= { hostCaching: 'ReadWrite', source: {} }
      for (const disk of [profile.osDiskImage, ...(profile.dataDiskImages ?? [])]) {
        if (disk) disk.sizeInGB = arm.world.get(disk.source?.id ?? '')?.properties.diskSizeGB ?? disk.sizeInGB ?? 30
      }
      const data: readonly { readonly lun: number; readonly source?: { readonly id?: string } }[] = profile.dataDiskImages ?? []
      const disks = { os: source.id, data: data.map(({ lun, source: from }) => ({ lun, id: from?.id ?? '' })) }
      const keys = before ? undefined : missingKeys(arm, disks, regions)
      if (keys) {
        version.properties.replicas = {}
        throw keys
      }
      refuseFailedReplicas(replicas)
    },
  })
}

interface VersionSource {
  readonly id: string
  readonly kind: 'disk' | 'vhd' | 'image' | 'vm'
  readonly hyperVGeneration?: string
  readonly securityType?: string
  /** Disks and blobs do not tell. */
  readonly osState?: 'Generalized' | 'Specialized'
}

const isOtherSource = (before: Sources, sent: Sources | undefined): boolean =>
  [sent?.source?.id, sent?.source?.virtualMachineId, sent?.osDiskImage?.source?.id].some(
    (id) => id && ![before.source?.id, before.source?.virtualMachineId, before.osDiskImage?.source?.id].includes(id),
  )

interface Sources {
  readonly source?: { readonly id?: string; readonly virtualMachineId?: string }
  readonly osDiskImage?: { readonly source?: { readonly id?: string } }
}

function checkOsState({ properties: { osState } }: Resource, { id, osState: found }: VersionSource): void {
  if (!found || found === osState) return
  throw new Refusal(
    400,
    'BadRequest',
    `The resource with id '${id}' has a different OS state ['${found}'] than the parent gallery image OS state ['${osState}'].`,
  )
}

// biome-ignore lint/suspicious/noExplicitAny: the storage profile is whatever the client sent
function versionSource(arm: Arm, storageProfile: any, location: string): VersionSource {
  const { virtualMachineId, id } = storageProfile?.source ?? {}
  if (virtualMachineId) {
    const vm = vmHere(arm, virtualMachineId, location)
    refuseVmDisks(arm, vm)
    const osState = vm.properties.statuses.includes('OSState/generalized') ? 'Generalized' : 'Specialized'
    const { securityType } = vm.properties.securityProfile ?? {}
    return { id: vm.id, kind: 'vm', hyperVGeneration: generationOf(arm, vm), securityType, osState }
  }
  if (id) {
    const image = sourceOf(arm, id, location)
    const { hyperVGeneration, storageProfile: profile } = image.properties
    return { id, kind: 'image', hyperVGeneration, osState: profile?.osDisk?.osState }
  }
  const os = storageProfile?.osDiskImage?.source
  for (const { source } of storageProfile?.dataDiskImages ?? []) checkDisk(arm, source, location)
  const disk = checkDisk(arm, os, location)
  if (!disk) return { id: os.uri, kind: 'vhd' }
  const { hyperVGeneration, securityProfile } = disk.properties
  return { id: disk.id, kind: 'disk', hyperVGeneration, securityType: securityProfile?.securityType }
}

function checkDisk(
  arm: Arm,
  source: { id?: string; uri?: string; storageAccountId?: string } | undefined,
  location: string,
): Resource | undefined {
  if (source?.uri) {
    required(source, 'storageAccountId', 'storageProfile.osDiskImage.source')
    if (!/^https:\/\/[^?]+\.vhd$/i.test(source.uri))
      throw new Refusal(400, 'InvalidParameter', `The source blob URI '${source.uri.split('?')[0]}' is invalid.`)
    checkAccount(arm, source.uri, String(source.storageAccountId), location)
    return undefined
  }
  const disk = sourceOf(arm, required(source, 'id', 'storageProfile.osDiskImage.source'), location)
  refuseDiskKind(disk)
  return disk
}

/**
 * The account is the one that contains the blob, and where the image is. The words are [INFERRED].
 * https://learn.microsoft.com/rest/api/compute/gallery-image-versions/create-or-update#galleryimageversionfullsource
 */
function checkAccount({ world }: Arm, uri: string, accountId: string, location: string): void {
  const account = world.get(accountId)
  if (account?.location !== location || !new URL(uri).hostname.startsWith(`${account.name}.`.toLowerCase()))
    throw new Refusal(400, 'InvalidParameter', `The source blob '${uri}' is not in storage account '${accountId}' in ${location}.`)
}

/** The Trusted Launch matrix, in recorded words. */
function checkSecurityType(call: Call, definition: Resource, { id, kind, securityType }: VersionSource): void {
  const features: readonly Feature[] = definition.properties.features ?? []
  const asked = features.find(({ name }) => name === 'SecurityType')?.value ?? 'Standard'
  const isSupported = /Supported$/.test(asked)
  if (isSupported && securityType) {
    throw new Refusal(
      409,
      'Conflict',
      `The source '${id}' contains TrustedLaunch or ConfidentialVM security data that cannot be used in image with '${asked}' security type. Please use either TrustedLaunch or ConfidentialVM security type.`,
    )
  }
  if (isSupported && (kind === 'disk' || kind === 'vm') && !isSecuredByDefault(call)) {
    throw new Refusal(
      409,
      'Conflict',
      `The security type '${asked}' is not supported for the source id '${id}'. Currently only Vhd Blob, User Image and Gallery Image Version sources are supported for '${asked}' images.`,
    )
  }
  if (securityType && asked !== securityType) {
    throw new Refusal(
      409,
      'Conflict',
      `The resource with id '${id}' has a different security type ['${securityType}'] than the parent gallery image security type ['${asked}'].`,
    )
  }
}

/** With `$expand=ReplicationStatus`. */
function replicating({ clock, world }: Arm, version: Resource): object {
  const resource = shown(version)
  const { sourceGeneration, provisioningState } = version.properties
  const { hyperVGeneration } = world.get(version.id.replace(/\/versions\/[^/]+$/i, ''))?.properties ?? {}
  const isRefused = provisioningState === 'Creating' && sourceGeneration !== undefined && sourceGeneration !== hyperVGeneration
  return { ...resource, properties: { ...resource.properties, replicationStatus: replicationStatus(version, isRefused, clock) } }
}

/**
 * A shallow version is one replica in the region where it is made, and stays shallow.
 * https://developer.hashicorp.com/packer/integrations/hashicorp/azure/latest/components/builder/arm#shallow-replication
 * https://learn.microsoft.com/rest/api/compute/gallery-image-versions/create-or-update#replicationmode
 */
function refuseShallowCopies(sent: PublishingProfile, before: PublishingProfile | undefined): void {
  const target = 'galleryImageVersion.properties.publishingProfile.replicationMode'
  const { replicationMode = before?.replicationMode ?? 'Full', targetRegions = [] } = sent
  if (before && (before.replicationMode ?? 'Full') !== replicationMode)
    throw new Refusal(409, 'PropertyChangeNotAllowed', `Changing property '${target}' is not allowed.`, { target })
  const isCopied = targetRegions.length > 1 || targetRegions.some(({ regionalReplicaCount = 1 }) => regionalReplicaCount > 1)
  if (replicationMode === 'Shallow' && isCopied)
    throw new Refusal(400, 'InvalidParameter', `The value of parameter '${target}' is invalid.`, { target })
}

interface PublishingProfile {
  readonly replicationMode?: 'Full' | 'Shallow'
  readonly targetRegions?: readonly TargetRegion[]
}

const DISPLAY_NAMES: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ...['West Europe', 'North Europe', 'East US', 'East US 2', 'Central US', 'North Central US', 'South Central US', 'West Central US'],
    ...['West US', 'West US 2', 'West US 3', 'UK South', 'UK West', 'France Central', 'Germany West Central', 'Switzerland North'],
    ...['Sweden Central', 'Norway East', 'Italy North', 'Poland Central', 'Spain Central', 'Canada Central', 'Canada East', 'Brazil South'],
    ...['Japan East', 'Japan West', 'Korea Central', 'Southeast Asia', 'East Asia', 'Central India', 'South India', 'Australia East'],
    ...['Australia Southeast', 'South Africa North', 'UAE North', 'Qatar Central', 'Israel Central', 'Mexico Central'],
  ].map((name) => [plainRegion(name), name]),
)

function displayName(region: string): string {
  return DISPLAY_NAMES[plainRegion(region)] ?? region
}
