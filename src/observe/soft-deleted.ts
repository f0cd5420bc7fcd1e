/** Versions that were deleted in a gallery with soft delete: for days, they keep their numbers without being in the list of versions. */
import { type ImageSettings, imageTargetId } from '../config/config.ts'
import { AzureError } from '../errors/azure-error.ts'
import type { Gallery } from '../model/compute.ts'
import { emit, type StepContext } from '../run/context.ts'

/**
 * Numbers of soft-deleted versions of the definition; `undefined` where the gallery deletes at once.
 * https://learn.microsoft.com/azure/virtual-machines/soft-delete-gallery
 */
export async function observeSoftDeleted(
  image: ImageSettings | undefined,
  gallery: Gallery | undefined,
  context: StepContext,
): Promise<readonly string[] | undefined> {
  if (!image?.gallery || !gallery?.isSoftDeleteEnabled) return undefined
  try {
    return (await context.compute.listSoftDeletedVersions(imageTargetId(image))) ?? []
  } catch (error) {
    if (!(error instanceof AzureError && error.status !== undefined && error.status < 500)) throw error
    const text = `Soft-deleted versions cannot be listed, so a number may turn out to be taken: ${error.message}`
    emit(context, { kind: 'notice', level: 'info', text })
    return []
  }
}
