import { AzureError } from '../errors/azure-error.ts'
import { ActionError } from '../errors/explanation.ts'
import type { LongOperation } from '../model/arm.ts'
import { regionName } from '../model/arm-id.ts'
import type { ImageVersion, RegionReplication } from '../model/compute.ts'
import { emit, type StepContext, waitFor } from '../run/context.ts'
import { allSideBySide } from '../run/side-by-side.ts'
import type { BuildPlan, PoolImage } from './image-plan.ts'
import { TAGS } from './tags.ts'

/** Snapshots → gallery image version (or managed images), until the Batch region has its replica. */
export async function publish(plan: BuildPlan, context: StepContext): Promise<readonly RegionReplication[]> {
  if (plan.imageKind === 'managed') {
    await publishManagedImages(plan, context)
    return []
  }
  const { compute, ledger, signal } = context
  if (plan.existing?.state === 'failed') {
    emit(context, { kind: 'resource', change: 'deleting', type: 'image version', id: plan.id, detail: 'it failed in an earlier run' })
    await compute.deleteImageVersion(plan.id, signal)
  }
  let operation: LongOperation | undefined
  if (plan.existing?.state === 'creating') {
    emit(context, { kind: 'resource', change: 'adopted', type: 'image version', id: plan.id, detail: 'begun by an earlier run' })
  } else {
    ledger.record({ id: plan.id, kind: 'imageVersion' })
    emit(context, { kind: 'resource', change: 'creating', type: 'image version', id: plan.id })
    operation = await compute.createImageVersion(
      { id: plan.id, content: plan.content, location: plan.location, targetRegions: plan.targetRegions, tags: plan.tags },
      signal,
    )
  }
  const version = await followVersion(plan, operation, context)
  ledger.settle(plan.id)
  emit(context, { kind: 'resource', change: 'created', type: 'image version', id: plan.id })
  return version.replication
}

/** The gallery and the definition that hold the image version; existing ones are left alone. */
export async function createGalleryAndDefinition({ gallery, definition, location, tags }: BuildPlan, context: StepContext): Promise<void> {
  const { compute, signal } = context
  if (gallery && !gallery.exists) {
    emit(context, { kind: 'resource', change: 'creating', type: 'gallery', id: gallery.id })
    await compute.createGallery({ id: gallery.id, location, tags: definition?.create?.tags ?? tags }, signal)
    emit(context, { kind: 'resource', change: 'created', type: 'gallery', id: gallery.id })
  }
  if (definition?.create) {
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
    emit(context, { kind: 'resource', change: 'deleting', type: 'managed image', id, detail: 'it failed in an earlier run' })
    await compute.deleteImage(id, signal)
  }
  ledger.record({ id, kind: 'image' })
  emit(context, { kind: 'resource', change: 'creating', type: 'managed image', id })
  const { location, hyperVGeneration, osType, content } = plan
  const tags = pool ? { ...plan.tags, [TAGS.pool]: pool } : plan.tags
  await compute.createImage({ id, location, hyperVGeneration, osType, content, tags }, signal)
  ledger.settle(id)
  emit(context, { kind: 'resource', change: 'created', type: 'managed image', id })
}

/** A version takes minutes (45 to 646 s recorded, hours reported): it is read again halfway to its expected end, at least every 30 s. */
export function versionDelayMs(waitedMs: number, progress: number): number {
  const leftMs = progress > 0 ? (waitedMs * (100 - progress)) / progress : waitedMs
  return Math.min(30_000, Math.max(4_000, leftMs / 2))
}

/** Waits for the replica in the Batch region, not for all regions. */
async function followVersion(plan: BuildPlan, operation: LongOperation | undefined, context: StepContext): Promise<ImageVersion> {
  let reported = ''
  let reached = 0
  const delayMs = (waitedMs: number) => versionDelayMs(waitedMs, reached)
  if (operation) await context.clock.sleep(delayMs(0), context.signal)
  return waitFor(
    context,
    () => `image version ${plan.version}`,
    delayMs,
    async () => {
      const version = await context.compute.getImageVersion(plan.id)
      if (!version) throw new VersionGoneError(plan.version)
      const progress = version.replication
        .map(({ region, state, progress: percent }) => `${region} ${state} ${Math.floor(percent / 25)}`)
        .join()
      if (progress !== reported) emit(context, { kind: 'replication', imageId: plan.id, regions: version.replication })
      reported = progress
      const replica = version.replication.find(({ region }) => regionName(region) === plan.waitForRegion)
      reached = replica?.progress ?? 0
      if (version.provisioningState === 'Failed' || replica?.state === 'Failed') return failVersion(plan, version, operation)
      return version.provisioningState === 'Succeeded' || replica?.state === 'Completed' ? version : undefined
    },
  )
}

/** The resource only says `Failed`; the operation, or a region, says why. */
async function failVersion(plan: BuildPlan, { replication }: ImageVersion, operation: LongOperation | undefined): Promise<never> {
  await operation?.poll().catch((error) => {
    if (!(error instanceof AzureError) || error.hasReason) throw error
  })
  const details = replication.map(({ region, details: text }) => text && `${region}: ${text}`).filter(Boolean)
  throw new AzureError({
    operation: 'create image version',
    resourceId: plan.id,
    method: 'PUT',
    url: plan.id,
    status: 200,
    code: 'ReplicationFailed',
    body: details.join('; ') || 'the version ended Failed',
  })
}

/** If somebody deletes a version while pools come up, they keep running but can never grow again. @throws VersionGoneError */
export async function confirmPublished({ id, version }: BuildPlan, { compute }: StepContext): Promise<void> {
  if (!(await compute.getImageVersion(id))) throw new VersionGoneError(version, 'before the run ended')
}

export class VersionGoneError extends ActionError {
  constructor(version: string, when = 'while it was published') {
    super({
      title: 'Image version deleted',
      message: `version ${version} was deleted ${when}`,
      hint: 'Someone deleted it. Existing nodes keep running, but no new ones can be allocated. Run again to publish it again.',
    })
  }
}
