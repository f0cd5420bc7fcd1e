import { AzureError } from '../errors/azure-error.ts'
import type { LongOperation } from '../model/arm.ts'
import { regionName } from '../model/arm-id.ts'
import type { ImageVersion, RegionReplication } from '../model/compute.ts'
import { emit, type StepContext } from '../run/context.ts'
import { allSideBySide } from '../run/side-by-side.ts'
import { versionMismatch } from './content-check.ts'
import { followVersion, VersionGoneError } from './follow-version.ts'
import type { BuildPlan, PoolImage } from './image-plan.ts'
import { reasonNotToDelete } from './read-holders.ts'
import { failedRegions } from './standing.ts'
import { TAGS } from './tags.ts'
import { VersionTakenError } from './taken.ts'

/** Snapshots → gallery image version (or managed images), until the first region of a Batch account has its replica. */
export async function publish(plan: BuildPlan, context: StepContext): Promise<readonly RegionReplication[]> {
  if (plan.imageKind === 'managed') {
    await publishManagedImages(plan, context)
    return []
  }
  const { ledger } = context
  if (plan.existing?.state === 'failed') await deleteFailedVersion(plan, context)
  let operation: LongOperation | undefined
  if (plan.existing?.state === 'creating') {
    emit(context, { kind: 'resource', change: 'adopted', type: 'image version', id: plan.id, detail: 'begun by an earlier run' })
  } else {
    ledger.record({ id: plan.id, kind: 'imageVersion', accounts: plan.accounts })
    emit(context, { kind: 'resource', change: 'creating', type: 'image version', id: plan.id })
    operation = await createVersion(plan, context)
  }
  const refuse = operation ? (seen: ImageVersion) => refuseOthersVersion(plan, seen, context) : undefined
  const version = await followVersion({ ...plan, operation, ...(refuse && { refuse }) }, context)
  for (const id of [plan.id, plan.definition?.id, plan.gallery?.id]) if (id) ledger.settle(id)
  emit(context, { kind: 'resource', change: 'created', type: 'image version', id: plan.id })
  warnOfFailedRegions(plan, version, context)
  return version.replication
}

/** Azure refuses other disks under a number that is taken. @throws VersionTakenError */
async function createVersion(plan: BuildPlan, { compute, ledger, signal }: StepContext): Promise<LongOperation> {
  const { id, content, location, targetRegions, replicationMode, isExcludedFromLatest, endOfLifeDate, tags } = plan
  try {
    return await compute.createImageVersion(
      {
        ...{ id, content, location, targetRegions, replicationMode, tags },
        ...(isExcludedFromLatest && { isExcludedFromLatest }),
        ...(endOfLifeDate && { endOfLifeDate }),
      },
      signal,
    )
  } catch (error) {
    // Whatever code Azure gives: the existing version decides whether somebody else's is in the way.
    const isRefused = error instanceof AzureError && (error.status === 400 || error.status === 409)
    const there = isRefused ? await compute.getImageVersion(id).catch(() => undefined) : undefined
    const isHeld = isRefused && error.status === 409 && plan.gallery?.hasSoftDelete === true
    const refusal = isHeld ? `was refused, and in this gallery a deleted version keeps its number (${error.message})` : undefined
    const seen = there ? versionMismatch(plan, there) : refusal
    if (!seen) throw error
    ledger.settle(id)
    throw new VersionTakenError(plan.version, seen)
  }
}

/** Deletes a failed version, which is read again first: a pool may be on it, or a region complete, by now. @throws VersionTakenError */
async function deleteFailedVersion({ id, version: name, accounts }: BuildPlan, context: StepContext): Promise<void> {
  const { compute, signal } = context
  const version = await compute.getImageVersion(id)
  if (!version) return
  const reason =
    version.provisioningState === 'Failed' ? await reasonNotToDelete(version, accounts, context) : `is ${version.provisioningState} by now`
  if (reason) throw new VersionTakenError(name, `exists, and ${reason}`)
  emit(context, { kind: 'resource', change: 'deleting', type: 'image version', id, detail: 'it failed in an earlier run' })
  await compute.deleteImageVersion(id, signal)
}

/**
 * The gallery and the definition that hold the image version; existing ones are left alone. Until there is a version in them they are
 * nothing that anybody asked for: a run that fails says that it has made them.
 */
export async function createGalleryAndDefinition({ gallery, definition, location, tags }: BuildPlan, context: StepContext): Promise<void> {
  const { compute, ledger, signal } = context
  if (gallery && !gallery.exists) {
    ledger.record({ id: gallery.id, kind: 'gallery' })
    emit(context, { kind: 'resource', change: 'creating', type: 'gallery', id: gallery.id })
    await compute.createGallery({ id: gallery.id, location, tags: definition?.create?.tags ?? tags }, signal)
    emit(context, { kind: 'resource', change: 'created', type: 'gallery', id: gallery.id })
  }
  if (definition?.create) {
    ledger.record({ id: definition.id, kind: 'imageDefinition' })
    emit(context, { kind: 'resource', change: 'creating', type: 'image definition', id: definition.id })
    await compute.createImageDefinition(definition.id, definition.create, signal)
    emit(context, { kind: 'resource', change: 'created', type: 'image definition', id: definition.id })
  }
}

/** All images are made of the same disks, side by side. A failure does not hide how the others ended. */
async function publishManagedImages(plan: BuildPlan, context: StepContext): Promise<void> {
  await allSideBySide(plan.poolImages ?? [], (image) => publishManagedImage(image, plan, context))
}

async function publishManagedImage({ id, pool, state }: PoolImage, plan: BuildPlan, context: StepContext): Promise<void> {
  const { compute, ledger, signal } = context
  if (state === 'succeeded') {
    emit(context, { kind: 'resource', change: 'adopted', type: 'managed image', id, detail: 'made by an earlier run' })
    return
  }
  if (state === 'failed') {
    const reason = await reasonNotToDelete({ id }, plan.accounts, context)
    if (reason) throw new VersionTakenError(plan.version, `has a managed image that failed, and it ${reason}`)
    emit(context, { kind: 'resource', change: 'deleting', type: 'managed image', id, detail: 'it failed in an earlier run' })
    await compute.deleteImage(id, signal)
  }
  ledger.record({ id, kind: 'image', accounts: plan.accounts })
  emit(context, { kind: 'resource', change: 'creating', type: 'managed image', id })
  const { location, hyperVGeneration, osType, content } = plan
  const tags = pool ? { ...plan.tags, [TAGS.pool]: pool } : plan.tags
  await compute.createImage({ id, location, hyperVGeneration, osType, content, tags }, signal)
  ledger.settle(id)
  emit(context, { kind: 'resource', change: 'created', type: 'managed image', id })
}

/** PUTs of two runs silently overwrite each other. @throws VersionTakenError */
function refuseOthersVersion(plan: BuildPlan, version: ImageVersion, { ledger }: StepContext): void {
  const seen = versionMismatch(plan, version)
  if (!seen) return
  ledger.settle(plan.id)
  throw new VersionTakenError(plan.version, seen)
}

/** Of a region where pools are, they say so themselves. */
function warnOfFailedRegions({ version: name, waitForRegions }: BuildPlan, version: ImageVersion, context: StepContext): void {
  const failed = failedRegions(version).filter((region) => !waitForRegions.includes(regionName(region)))
  if (failed.length === 0) return
  const text = `Image version ${name} has no replica in ${failed.join(', ')}: replication failed there. The Batch region is complete. The next run has the failed regions tried again; if that does not help, remove them from the version and add them again.`
  emit(context, { kind: 'notice', level: 'warning', text })
}

/** If somebody deletes a version while pools come up, they keep running but can never grow again. @throws VersionGoneError */
export async function confirmPublished({ id, version }: BuildPlan, { compute }: StepContext): Promise<void> {
  if (!(await compute.getImageVersion(id))) throw new VersionGoneError(version, 'before the run ended')
}
