/** Waits until an image version can be used in a region, and says why it never will. */
import { AzureError } from '../errors/azure-error.ts'
import { ActionError } from '../errors/explanation.ts'
import type { LongOperation } from '../model/arm.ts'
import type { ArmId } from '../model/arm-id.ts'
import type { ImageVersion } from '../model/compute.ts'
import { emit, type StepContext, waitFor } from '../run/context.ts'
import { publishedState, replicaIn } from './standing.ts'

/** No version was recorded to be complete sooner than after 45 s. */
const SOONEST_MS = 20_000

/** A version takes minutes (45 to 646 s recorded, hours reported): it is read again after two thirds of the time it seems to need, at least every 45 s. */
export function versionDelayMs(waitedMs: number, progress: number): number {
  const leftMs = progress > 0 ? (waitedMs * (100 - progress)) / progress : waitedMs
  return Math.min(45_000, Math.max(4_000, (leftMs * 2) / 3))
}

/** How long a region may make no progress once the version has failed in another. */
const LONGEST_STANDSTILL_MS = 600_000

/** What is waited for. */
export interface AwaitedVersion {
  readonly id: ArmId
  /** Its number. */
  readonly version: string
  /** The first replica there counts, not the version as a whole. */
  readonly waitForRegions: readonly string[]
  /** What made it, where this run did; a failed one knows why. */
  readonly operation?: LongOperation | undefined
  /** Called with each reading; throws where the run must not continue with it. */
  readonly refuse?: (seen: ImageVersion) => void
}

/**
 * Waits for the replica in one of these regions, not in all.
 * @throws VersionGoneError where there is no such version any more
 * @throws AzureError where the replica failed in all of them
 */
export async function followVersion(awaited: AwaitedVersion, context: StepContext): Promise<ImageVersion> {
  const { id, version: name, waitForRegions, operation, refuse } = awaited
  let reported = ''
  let reached = 0
  let [madeBefore, progressedAtMs] = ['', 0]
  let hasFailed = false
  const delayMs = (waitedMs: number) => versionDelayMs(waitedMs, reached)
  if (operation) await context.clock.sleep(SOONEST_MS, context.signal)
  return waitFor(
    context,
    () => `image version ${name}`,
    delayMs,
    async () => {
      const version = await context.compute.getImageVersion(id)
      if (!version || isBeingDeleted(version)) throw new VersionGoneError(name)
      refuse?.(version)
      const progress = version.replication
        .map(({ region, state, progress: percent }) => `${region} ${state} ${Math.floor(percent / 25)}`)
        .join()
      if (progress !== reported) emit(context, { kind: 'replication', imageId: id, regions: version.replication })
      reported = progress
      const replicas = waitForRegions.flatMap((region) => replicaIn(version.replication, region) ?? [])
      reached = Math.max(0, ...replicas.map((replica) => replica.progress))
      const states = waitForRegions.map((region) => publishedState(version, region))
      const nowMs = context.clock.now().getTime()
      const made = replicas.map(({ progress: percent }) => percent).join()
      if (made !== madeBefore) [madeBefore, progressedAtMs] = [made, nowMs]
      if (states.includes('ready')) return version
      const isAbandoned = version.provisioningState === 'Failed' && nowMs - progressedAtMs > LONGEST_STANDSTILL_MS
      if (states.includes('replicating') && !isAbandoned) return undefined
      // The state of a region may come later than that of the version.
      if (hasFailed || replicas.every(({ state }) => state !== 'Replicating')) return failVersion(awaited, version)
      hasFailed = true
      return undefined
    },
  )
}

const isBeingDeleted = ({ provisioningState }: ImageVersion): boolean => provisioningState === 'Deleting'

/** The resource only says `Failed`; the operation, or a region, says why. */
async function failVersion(
  { id, operation, waitForRegions }: AwaitedVersion,
  { replication, provisioningState }: ImageVersion,
): Promise<never> {
  await operation?.poll().catch((error) => {
    if (!(error instanceof AzureError) || error.hasReason) throw error
  })
  const details = replication.map(({ region, details: text }) => text && `${region}: ${text}`).filter(Boolean)
  throw new AzureError({
    operation: 'create image version',
    resourceId: id,
    method: 'PUT',
    url: id,
    status: 200,
    code: 'ReplicationFailed',
    body:
      details.join('; ') ||
      (provisioningState === 'Failed' ? 'the version ended Failed' : `it has no replica in ${waitForRegions.join(', ')}`),
  })
}

/** Somebody deleted a version that the run is about. */
export class VersionGoneError extends ActionError {
  /** @param when Default: while it was published. */
  constructor(version: string, when = 'while it was published') {
    super({
      title: 'Image version deleted',
      message: `version ${version} was deleted ${when}`,
      hint: 'Someone deleted it. Existing nodes keep running, but no new ones can be allocated. Run again to publish it again.',
    })
  }
}
