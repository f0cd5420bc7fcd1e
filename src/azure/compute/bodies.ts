/** Bodies of image requests, as the SDK takes them. */
import type * as sdk from '@azure/arm-compute'
import type {
  ImageDefinitionRequest,
  ImageDisk,
  ImageVersionRequest,
  ImageVersionUpdate,
  ManagedImageRequest,
  ReplicaEncryption,
} from '../../model/compute.ts'

export function definitionBody({ identifier, features, purchasePlan, tags, ...request }: ImageDefinitionRequest): sdk.GalleryImage {
  const { publisher, offer, sku } = identifier
  const { location, osType, osState, hyperVGeneration, architecture } = request
  return {
    location,
    tags: { ...tags },
    osType,
    osState,
    hyperVGeneration,
    architecture,
    identifier: { publisher, offer, sku },
    features: Object.entries(features).map(([name, value]) => ({ name, value })),
    ...(purchasePlan && { purchasePlan }),
  }
}

/** LUNs are kept. `allowDeletionOfReplicatedLocations` so that an old version can be pruned. */
export function versionBody({
  location,
  content,
  targetRegions,
  replicationMode,
  isExcludedFromLatest,
  endOfLifeDate,
  tags,
}: ImageVersionRequest): sdk.GalleryImageVersion {
  return {
    location,
    tags: { ...tags },
    storageProfile: versionStorage(content),
    publishingProfile: {
      targetRegions: targetRegions.map(({ name, replicas, storageAccountType, encryption }) => ({
        name,
        regionalReplicaCount: replicas,
        ...(storageAccountType && { storageAccountType }),
        ...(encryption && { encryption: encryptionBody(encryption) }),
      })),
      replicationMode,
      ...(isExcludedFromLatest && { excludeFromLatest: true }),
      ...(endOfLifeDate && { endOfLifeDate: new Date(endOfLifeDate) }),
    },
    safetyProfile: { allowDeletionOfReplicatedLocations: true },
  }
}

const encryptionBody = ({ osDisk, dataDisks }: ReplicaEncryption): sdk.EncryptionImages => ({
  osDiskImage: { diskEncryptionSetId: osDisk },
  dataDiskImages: dataDisks.map(({ lun, id }) => ({ lun, diskEncryptionSetId: id })),
})

/** The version as it is, with what may change: a PUT replaces the whole, as in recordings of `az sig image-version update`. */
export function updatedVersion(
  version: sdk.GalleryImageVersion,
  { isExcludedFromLatest, endOfLifeDate, tags = version.tags }: ImageVersionUpdate,
): sdk.GalleryImageVersion {
  const { location, storageProfile, safetyProfile, publishingProfile } = version
  return {
    location,
    ...(tags && { tags: { ...tags } }),
    ...(safetyProfile && { safetyProfile }),
    storageProfile: storageProfile ?? {},
    publishingProfile: {
      ...publishingProfile,
      ...(isExcludedFromLatest !== undefined && { excludeFromLatest: isExcludedFromLatest }),
      ...(endOfLifeDate && { endOfLifeDate: new Date(endOfLifeDate) }),
    },
  }
}

function versionStorage(content: ImageVersionRequest['content']): sdk.GalleryImageVersionStorageProfile {
  switch (content.kind) {
    case 'vm':
      return { source: { virtualMachineId: content.id } }
    case 'image':
      return { source: { id: content.id } }
    case 'disks':
      return {
        osDiskImage: versionDisk(content.osDisk),
        dataDiskImages: content.dataDisks.map((disk) => ({ lun: disk.lun, ...versionDisk(disk) })),
      }
  }
}

function versionDisk({ source, caching }: ImageDisk): sdk.GalleryOSDiskImage {
  return {
    hostCaching: caching,
    source: source.kind === 'snapshot' ? { id: source.id } : { uri: source.uri, storageAccountId: source.storageAccountId },
  }
}

export function imageBody({ location, hyperVGeneration, osType, content, tags }: ManagedImageRequest): sdk.Image {
  const body = { location, hyperVGeneration, tags: { ...tags } }
  switch (content.kind) {
    case 'vm':
      return { ...body, sourceVirtualMachine: { id: content.id } }
    case 'image':
      throw new Error('a managed image is not made of a managed image')
    case 'disks':
      return {
        ...body,
        storageProfile: {
          osDisk: { osType, osState: 'Generalized', ...imageDisk(content.osDisk) },
          dataDisks: content.dataDisks.map((disk) => ({ lun: disk.lun, ...imageDisk(disk) })),
        },
      }
  }
}

function imageDisk({ source, caching }: ImageDisk): Pick<sdk.ImageDisk, 'snapshot' | 'blobUri' | 'caching'> {
  return source.kind === 'snapshot' ? { snapshot: { id: source.id }, caching } : { blobUri: source.uri, caching }
}
