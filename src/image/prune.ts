/** Deletes images and snapshots that retention has given up, each only if a new reading right before confirms it. */
import { type ImageSettings, imageTargetId } from '../config/config.ts'
import { type ArmId, childId, sameId } from '../model/arm-id.ts'
import { emit, type StepContext } from '../run/context.ts'
import { sideBySide } from '../run/side-by-side.ts'
import { look, type RetentionScope } from './find-prunable.ts'
import type { Doomed, RetentionPlan } from './retention.ts'

/**
 * Deletions in progress at the same time. They take minutes, and ARM accepts 200 writes at once.
 * https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
 */
const MOST_AT_ONCE = 100

/** What is about to be deleted is read again right before; a reading serves all deletions that begin within this time. */
const FRESH_MS = 10_000

/** Deletes what `plan` says and a new reading confirms: images first, then the snapshots that they were made from. Returns what was deleted. */
export async function prune(plan: RetentionPlan, scope: RetentionScope, context: StepContext): Promise<RetentionPlan> {
  const planned = plan.images.map(({ id }) => id)
  const expected = { ...scope.expected, images: scope.expected.images.filter((id) => !planned.some((one) => sameId(one, id))) }
  const imagesNow = shared(() => look({ ...scope, expected }, context), context)
  const images = await sideBySide(plan.images, MOST_AT_ONCE, (image) => deleteImage(image, scope.image, imagesNow, context))
  const deleted = images.filter((image) => image !== undefined)
  const after = { ...scope, expected, deleted: deleted.map(({ name }) => name) }
  const snapshotsNow = shared(() => look(after, context), context)
  const snapshots = await sideBySide(plan.snapshots, MOST_AT_ONCE, (snapshot) =>
    deleteSnapshot(snapshot, scope.image, snapshotsNow, context),
  )
  return { images: deleted, snapshots: snapshots.filter((snapshot) => snapshot !== undefined), unread: plan.unread }
}

/** One reading for all that ask within `FRESH_MS` of its start. */
function shared(read: () => Promise<{ readonly plan: RetentionPlan }>, { clock }: StepContext): () => Promise<RetentionPlan> {
  let last: { readonly atMs: number; readonly reading: Promise<RetentionPlan> } | undefined
  return () => {
    const atMs = clock.now().getTime()
    if (!last || atMs - last.atMs > FRESH_MS) last = { atMs, reading: read().then(({ plan }) => plan) }
    return last.reading
  }
}

async function deleteImage(
  image: Doomed,
  settings: ImageSettings,
  lookAgain: () => Promise<RetentionPlan>,
  { signal, ...context }: StepContext,
): Promise<Doomed | undefined> {
  const { id, why } = image
  const type = settings.gallery ? 'image version' : 'managed image'
  const now = await lookAgain()
  if (!now.images.some((one) => sameId(one.id, id))) {
    keep(type, image, now, context)
    return undefined
  }
  emit(context, { kind: 'resource', change: 'deleting', type, id, detail: why })
  await (settings.gallery ? context.compute.deleteImageVersion(id as ArmId, signal) : context.compute.deleteImage(id as ArmId, signal))
  emit(context, { kind: 'resource', change: 'deleted', type, id })
  return image
}

async function deleteSnapshot(
  snapshot: RetentionPlan['snapshots'][number],
  settings: ImageSettings,
  lookAgain: () => Promise<RetentionPlan>,
  { signal, ...context }: StepContext,
): Promise<RetentionPlan['snapshots'][number] | undefined> {
  const { id, version, why } = snapshot
  const now = await lookAgain()
  // A list may lack a version that exists; a direct question proves that it does not.
  const isNeeded = settings.gallery && (await context.compute.getImageVersion(childId(imageTargetId(settings), 'versions', version)))
  if (isNeeded || !now.snapshots.some((one) => sameId(one.id, id))) {
    keep('snapshot', snapshot, now, context)
    return undefined
  }
  await context.compute.deleteSnapshot(id as ArmId, signal)
  emit(context, { kind: 'resource', change: 'deleted', type: 'snapshot', id, detail: why })
  return snapshot
}

function keep(type: string, { name }: Doomed, { unread }: RetentionPlan, context: Pick<StepContext, 'events' | 'clock'>): void {
  const why = unread.length > 0 ? `it is unknown what is in use (not readable: ${unread.join('; ')})` : 'it is in use or has changed since'
  emit(context, { kind: 'notice', level: 'warning', text: `The ${type} ${name} is kept: ${why}.` })
}
