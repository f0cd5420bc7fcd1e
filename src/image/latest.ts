/**
 * `latest: when-healthy`: a version is published excluded from *latest*, and included once all pools are healthy on it. What a run did not
 * come to, the next one that finds the pools healthy does; a version that somebody excluded by hand stays excluded.
 */
import { AzureError } from '../errors/azure-error.ts'
import type { LongOperation } from '../model/arm.ts'
import type { ArmId } from '../model/arm-id.ts'
import type { ImageVersion } from '../model/compute.ts'
import { emit, type StepContext, waitFor } from '../run/context.ts'
import { VersionGoneError, versionDelayMs } from './follow-version.ts'
import { isAwaitingHealth } from './standing.ts'
import { LATEST, TAGS } from './tags.ts'

/**
 * Where all pools are healthy on it. Other regions may still be replicating: the change waits until nothing else changes the version.
 * Answers whether the version is in *latest* now.
 * @throws AzureError, VersionGoneError
 */
export async function includeInLatest(
  { id, version: name }: { readonly id: ArmId; readonly version: string },
  context: StepContext,
): Promise<boolean> {
  const version = await settled(id, name, context)
  if (!isAwaitingHealth(version)) return version.isExcludedFromLatest !== true
  const detail = 'included in latest: all pools are healthy on it'
  emit(context, { kind: 'resource', change: 'updating', type: 'image version', id, detail })
  const tags = { ...version.tags, [TAGS.latest]: LATEST.included }
  const operation = await context.compute.updateImageVersion(id, { isExcludedFromLatest: false, tags }, context.signal)
  const failure = await endOf(operation, name, context)
  // A region that fails again makes the operation fail, although the version is included.
  if ((await settled(id, name, context)).isExcludedFromLatest) throw failure ?? stillExcluded(id)
  emit(context, { kind: 'resource', change: 'updated', type: 'image version', id, detail })
  return true
}

/** The version once nothing changes it. @throws VersionGoneError */
function settled(id: ArmId, name: string, context: StepContext): Promise<ImageVersion> {
  return waitFor(context, words(name), delayMs, async () => {
    const version = await context.compute.getImageVersion(id)
    if (!version) throw new VersionGoneError(name, 'before the run ended')
    return /^(?:Succeeded|Failed)$/.test(version.provisioningState) ? version : undefined
  })
}

/** Why the operation failed; `undefined` where it did not. */
async function endOf(operation: LongOperation, name: string, context: StepContext): Promise<AzureError | undefined> {
  const end = await waitFor(context, words(name), delayMs, async () => {
    try {
      return (await operation.poll()) === 'Succeeded' ? { failure: undefined } : undefined
    } catch (failure) {
      if (context.signal.aborted || !(failure instanceof AzureError)) throw failure
      return { failure }
    }
  })
  return end.failure
}

const words = (name: string) => () => `image version ${name} to be included in latest`
const delayMs = (waitedMs: number): number => versionDelayMs(waitedMs, 0)

function stillExcluded(id: ArmId): AzureError {
  return new AzureError({
    ...{ operation: 'update image version', resourceId: id, method: 'PUT', url: id, status: 200 },
    code: 'UpdateFailed',
    body: 'Azure accepted the change, but the version is still excluded from latest',
  })
}
