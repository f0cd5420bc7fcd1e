/** The gate for a version that this run has not built: its replica in the region of the pools that are to start nodes of it. */
import { type ArmId, nameOf } from '../model/arm-id.ts'
import { phase, type StepContext } from '../run/context.ts'
import { followVersion, VersionGoneError } from './follow-version.ts'
import { publishedState } from './standing.ts'
import { updateVersion } from './update-version.ts'

/** A version that pools are put on as it is. */
export interface TakenVersion {
  readonly id: ArmId
  /** Of the Batch account. */
  readonly region: string
  /** A replica that failed is tried again where the version is of this action; a version of others is left as it is. */
  readonly isOwn: boolean
}

type AsPhase = (wait: () => Promise<void>) => Promise<void>

/**
 * Returns once nodes can start from the version in the region. A version is `Succeeded` minutes before a region is complete, and stays so
 * when a region is added to it.
 * @throws VersionGoneError, AzureError where nodes will never start from it there
 */
export async function confirmReplica(
  { id, region, isOwn }: TakenVersion,
  context: StepContext,
  asPhase: AsPhase = (body) => phase(context, 'publish', body),
): Promise<void> {
  const version = await context.compute.getImageVersion(id)
  if (!version || version.provisioningState === 'Deleting') throw new VersionGoneError(nameOf(id), 'before a pool was put on it')
  const state = publishedState(version, region)
  if (state === 'ready') return
  await asPhase(async () => {
    if (state === 'failed' && isOwn) await updateVersion({ id, update: { retriedRegions: [region] } }, context)
    await followVersion({ id, version: nameOf(id), waitForRegions: [region] }, context)
  })
}
