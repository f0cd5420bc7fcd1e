/** What an image needs apart from its source: disk encryption sets, resource providers, cores, free version numbers. */
import type { Config } from '../config/config.ts'
import type { Gallery } from '../model/compute.ts'
import type { StepContext } from '../run/context.ts'
import { observeCopyRoom } from './copy-room.ts'
import { observeEncryptionSets } from './encryption-sets.ts'
import type { Observed } from './observed.ts'
import { observeProviders } from './providers.ts'
import { observeSoftDeleted } from './soft-deleted.ts'

export type Prerequisites = Pick<Observed, 'encryptionSets' | 'unregistered' | 'copyRoom' | 'softDeletedVersions'>

export async function observePrerequisites(
  config: Config,
  found: { readonly source: Promise<Pick<Observed, 'vm'>>; readonly gallery: Promise<Gallery | undefined> | undefined },
  context: StepContext,
): Promise<Prerequisites> {
  const [encryptionSets, unregistered, copyRoom, softDeletedVersions] = await Promise.all([
    observeEncryptionSets(config.image, context),
    observeProviders(config, context),
    found.source.then(({ vm }) => observeCopyRoom(config, vm?.vm, context)),
    found.gallery?.then((gallery) => observeSoftDeleted(config.image, gallery, context)),
  ])
  return {
    ...(encryptionSets && { encryptionSets }),
    ...(unregistered && { unregistered }),
    ...(copyRoom && { copyRoom }),
    ...(softDeletedVersions && { softDeletedVersions }),
  }
}
