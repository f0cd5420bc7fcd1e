/**
 * The operation groups of arm-compute that this action calls. `ComputeManagementClient` holds all 56 of them with their models, which would
 * be half a megabyte more for the runner to load. The package exports no single group, so they are imported by path, with their types; its
 * version is pinned. `test/contract/arm-compute.test.ts` and the type check fail where an update moves them. https://github.com/Azure/azure-sdk-for-js/tree/main/sdk/compute/arm-compute
 */

import type { ComputeManagementClient, ComputeManagementClientOptionalParams } from '@azure/arm-compute'
import { createComputeManagement } from '@azure/arm-compute/api'
import type { TokenCredential } from '@azure/core-auth'
import { _getDiskEncryptionSetsOperations } from '../../../node_modules/@azure/arm-compute/dist/esm/classic/diskEncryptionSets/index.js'
import { _getDisksOperations } from '../../../node_modules/@azure/arm-compute/dist/esm/classic/disks/index.js'
import { _getGalleriesOperations } from '../../../node_modules/@azure/arm-compute/dist/esm/classic/galleries/index.js'
import { _getGalleryImagesOperations } from '../../../node_modules/@azure/arm-compute/dist/esm/classic/galleryImages/index.js'
import { _getGalleryImageVersionsOperations } from '../../../node_modules/@azure/arm-compute/dist/esm/classic/galleryImageVersions/index.js'
import { _getImagesOperations } from '../../../node_modules/@azure/arm-compute/dist/esm/classic/images/index.js'
import { _getSnapshotsOperations } from '../../../node_modules/@azure/arm-compute/dist/esm/classic/snapshots/index.js'
import { _getSoftDeletedResourceOperations } from '../../../node_modules/@azure/arm-compute/dist/esm/classic/softDeletedResource/index.js'
import { _getUsageOperations } from '../../../node_modules/@azure/arm-compute/dist/esm/classic/usage/index.js'
import { _getVirtualMachinesOperations } from '../../../node_modules/@azure/arm-compute/dist/esm/classic/virtualMachines/index.js'

type Groups =
  | 'diskEncryptionSets'
  | 'disks'
  | 'galleries'
  | 'galleryImages'
  | 'galleryImageVersions'
  | 'images'
  | 'snapshots'
  | 'softDeletedResource'
  | 'usage'
  | 'virtualMachines'

export type ComputeClient = Pick<ComputeManagementClient, Groups | 'pipeline'>

/** A client of one subscription. */
export function createComputeClient(
  credential: TokenCredential,
  subscriptionId: string,
  options: ComputeManagementClientOptionalParams,
): ComputeClient {
  const context = createComputeManagement(credential, subscriptionId, options)
  return {
    pipeline: context.pipeline,
    diskEncryptionSets: _getDiskEncryptionSetsOperations(context),
    disks: _getDisksOperations(context),
    galleries: _getGalleriesOperations(context),
    galleryImages: _getGalleryImagesOperations(context),
    galleryImageVersions: _getGalleryImageVersionsOperations(context),
    images: _getImagesOperations(context),
    snapshots: _getSnapshotsOperations(context),
    softDeletedResource: _getSoftDeletedResourceOperations(context),
    usage: _getUsageOperations(context),
    virtualMachines: _getVirtualMachinesOperations(context),
  }
}
