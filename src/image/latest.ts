/**
 * `latest: when-healthy`: a version is published excluded from *latest*, and included once all pools are healthy on it. What a run did not
 * come to, the next one that finds the pools healthy does; a version that somebody excluded by hand stays excluded.
 */
import { AzureError } from '../errors/azure-error.ts'
import type { ArmId } from '../model/arm-id.ts'
import type { ImageVersion } from '../model/compute.ts'
import { emit, type StepContext, waitFor } from '../run/context.ts'
import { VersionGoneError, versionDelayMs } from './follow-version.ts'
import type { BuiltVersion } from './managed-images.ts'
import { TAGS } from './tags.ts'

/** Value of the tag `image-pool-latest` until the version is included; after that, `included`. */
export const AWAITS_HEALTH = 'when-healthy'
const INCLUDED = 'included'

/** Excluded by this action, and not by somebody who withdrew the version. */
export function isAwaitingHealth({ isExcludedFromLatest = false, tags }: Pick<BuiltVersion, 'isExcludedFromLatest' | 'tags'>): boolean {
  return isExcludedFromLatest && tags[TAGS.latest] === AWAITS_HEALTH
}

/** All pools are healthy on it. Other regions may still be replicating: while they do, Azure takes no change. */
export async function includeInLatest(
  { id, version: name }: { readonly id: ArmId; readonly version: string },
  context: StepContext,
): Promise<void> {
  const version = await settled(id, name, context)
  if (!isAwaitingHealth(version)) return
  const detail = 'included in latest: all pools are healthy on it'
  emit(context, { kind: 'resource', change: 'updating', type: 'image version', id, detail })
  const tags = { ...version.tags, [TAGS.latest]: INCLUDED }
  await context.compute.updateImageVersion(id, { isExcludedFromLatest: false, tags }, context.signal)
  const { isExcludedFromLatest } = await settled(id, name, context)
  if (isExcludedFromLatest) throw stillExcluded(id)
  emit(context, { kind: 'resource', change: 'updated', type: 'image version', id, detail })
}

/** The version once nothing changes it. @throws VersionGoneError */
function settled(id: ArmId, name: string, context: StepContext): Promise<ImageVersion> {
  return waitFor(
    context,
    () => `image version ${name} to be changed`,
    (waitedMs) => versionDelayMs(waitedMs, 0),
    async () => {
      const version = await context.compute.getImageVersion(id)
      if (!version) throw new VersionGoneError(name, 'before the run ended')
      return /^(?:Succeeded|Failed)$/.test(version.provisioningState) ? version : undefined
    },
  )
}

function stillExcluded(id: ArmId): AzureError {
  return new AzureError({
    ...{ operation: 'update image version', resourceId: id, method: 'PUT', url: id, status: 200 },
    code: 'UpdateFailed',
    body: 'Azure took the change, and the version is still excluded from latest',
  })
}
