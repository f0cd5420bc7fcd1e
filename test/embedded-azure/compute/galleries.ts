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
} from '../arm/resources.ts'
import { type Answer, type Call, Refusal, type Route } from '../route.ts'
import { SUBSCRIPTION } from '../scenarios/scenario.ts'
import type { Resource } from '../world.ts'
import { DEFINITION_MS, DEFINITIONS, putDefinition } from './definitions.ts'
import { missingKeys, refuseSets } from './encryption-sets.ts'
import { displayName } from './region-names.ts'
import { type Replica, refuseFailedReplicas, replicasOf, replicationStatus, stateOf, type TargetRegion } from './replication.ts'
import { refuseSoftDeletedParts, refuseTaken, removeVersion, softDeletedRoutes } from './soft-delete.ts'
import { systemOf } from './systems.ts'
import { checkOsState, checkSecurityType, isOtherSource, versionSource } from './version-sources.ts'

export const GALLERY =
  '2019-12-01 2020-09-30 2021-07-01 2021-10-01 2022-01-03 2022-03-03 2022-08-03 2023-07-03 2024-03-03 2025-03-03 2025-12-03 2026-03-03'.split(
    ' ',
  )
const GALLERIES = { type: 'Microsoft.Compute/galleries', path: 'capsOperations' } as const
const VERSIONS = { type: 'Microsoft.Compute/galleries/images/versions', path: 'capsOperations' } as const
/** Medians of recorded Azure. */
const DURATION_MS = { gallery: 300, version: 474_000, updateVersion: 150_000, deleteVersion: 91_000 }

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
          ...(call.body.properties?.softDeletePolicy && { softDeletePolicy: call.body.properties.softDeletePolicy }),
          identifier: { uniqueName: `${SUBSCRIPTION}-${call.params.gallery?.toUpperCase()}` },
        },
      }),
    ),
    route('PATCH', '/galleries/:gallery', 'galleries/write', retag(arm, GALLERIES, DURATION_MS.gallery)),
    route('DELETE', '/galleries/:gallery', 'galleries/delete', remove(arm, GALLERIES, DURATION_MS.gallery, refuseNested(arm, 'images'))),

    route('GET', '/galleries/:gallery/images', 'galleries/images/read', list(arm)),
    route('GET', definitionPath, 'galleries/images/read', show(arm)),
    route('PUT', definitionPath, 'galleries/images/write', (call) => putDefinition(arm, call)),
    route('PATCH', definitionPath, 'galleries/images/write', retag(arm, DEFINITIONS, DEFINITION_MS)),
    route('DELETE', definitionPath, 'galleries/images/delete', remove(arm, DEFINITIONS, DEFINITION_MS, refuseNested(arm, 'versions'))),

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
    route('DELETE', versionPath, 'galleries/images/versions/delete', removeVersion(arm, VERSIONS, DURATION_MS.deleteVersion)),
    ...softDeletedRoutes(arm, GALLERY),
  ]
}

/** https://github.com/gardenlinux/gardenlinux/issues/2036 */
const refuseNested =
  ({ world }: Arm, nested: string) =>
  ({ id }: Resource): void => {
    refuseSoftDeletedParts(world, id)
    const ids = world.list(`${id}/${nested}`).map((one) => one.id.replace(/^.*\/providers\//i, ''))
    if (ids.length > 0)
      throw new Refusal(
        409,
        'CannotDeleteResource',
        `Cannot delete resource while nested resources exist. Some existing nested resource IDs include: '${ids.slice(0, 5).join(', ')}'. Please delete all nested resources before deleting this resource.`,
      )
  }

function putVersion(arm: Arm, call: Call): Answer {
  const definition = parentOf(arm, call, /\/versions\/[^/]+$/i)
  if (!/^\d+\.\d+\.\d+$/.test(call.params.version ?? ''))
    throw new Refusal(400, 'InvalidParameter', 'The gallery image version name must be Major.Minor.Patch.', {
      target: 'galleryImageVersionName',
    })
  const { storageProfile: sent, publishingProfile = {}, safetyProfile = {} } = call.body?.properties ?? {}
  const location = plainRegion(String(required(call.body, 'location')))
  refuseTaken(arm, call)
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
  const source = before ? { id: '', kind: 'vhd' as const } : versionSource(arm, sent, location)
  const storageProfile = before?.storageProfile ?? withSizes(arm, sent)
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
  const keys = before ? undefined : missingKeys(arm, disksOf(source.id, storageProfile), regions)
  const lastsMs = before ? DURATION_MS.updateVersion : arm.durations.next('version', DURATION_MS.version)
  const replicas = replicasOf(regions, before ? replicasBefore : {}, lastsMs, arm)
  return create(arm, call, VERSIONS, {
    afterMs: Math.max(lastsMs, ...Object.values(replicas).map((replica) => (replica.fails ? replica.lastsMs : 0))),
    properties: {
      replicas,
      sourceGeneration: before ? before.sourceGeneration : source.hyperVGeneration,
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
      if (keys) {
        version.properties.replicas = {}
        throw keys
      }
      refuseFailedReplicas(replicas)
    },
  })
}

// biome-ignore lint/suspicious/noExplicitAny: the storage profile is whatever the client sent
type StorageProfile = any

/** Sizes are those of the sources as they are when the version is asked for: whoever deletes a source meanwhile changes nothing of them. */
function withSizes({ world }: Arm, sent: StorageProfile): StorageProfile {
  const sized = (disk: StorageProfile) => ({
    ...disk,
    sizeInGB: world.get(disk.source?.id ?? '')?.properties.diskSizeGB ?? disk.sizeInGB ?? 30,
  })
  const osDiskImage = sent.osDiskImage ?? (sent.source && { hostCaching: 'ReadWrite', source: {} })
  return {
    ...sent,
    ...(osDiskImage && { osDiskImage: sized(osDiskImage) }),
    ...(sent.dataDiskImages && { dataDiskImages: sent.dataDiskImages.map(sized) }),
  }
}

function disksOf(os: string, { dataDiskImages = [] }: StorageProfile) {
  const data: readonly { readonly lun: number; readonly source?: { readonly id?: string } }[] = dataDiskImages
  return { os, data: data.map(({ lun, source }) => ({ lun, id: source?.id ?? '' })) }
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
