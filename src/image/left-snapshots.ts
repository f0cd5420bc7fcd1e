/** Snapshots that earlier runs left of versions that are complete. */
import { explain } from '../errors/explanation.ts'
import { type ArmId, resourceGroupId } from '../model/arm-id.ts'
import type { ImageVersion } from '../model/compute.ts'
import { emit, type StepContext } from '../run/context.ts'
import { allSideBySide } from '../run/side-by-side.ts'
import { holdersOf, referencesOf, showHolder } from './references.ts'
import { isReplicated } from './standing.ts'

/** A snapshot, and the version that was made from it. */
export interface LeftSnapshot {
  readonly id: ArmId
  readonly versionId: ArmId
}

/**
 * Deletes them, but for those that are still needed: by a managed image, for its whole life, and by a version until it is in every region.
 * A version is `Succeeded` minutes before that.
 */
export async function dropLeftSnapshots(left: readonly LeftSnapshot[], context: StepContext): Promise<void> {
  const [first] = left
  if (!first) return
  const warn = (text: string) => emit(context, { kind: 'notice', level: 'warning', text })
  const images = await context.compute.listImages(resourceGroupId(first.id)).catch((error) => {
    context.signal.throwIfAborted()
    warn(`Snapshots that earlier runs left are kept: the managed images that may need them cannot be read (${explain(error).message}).`)
    return undefined
  })
  if (!images) return
  const references = referencesOf(images.map(({ id, sourceIds }) => ({ id, body: sourceIds })))
  const versions = new Map<ArmId, Promise<ImageVersion | undefined>>()
  const versionOf = (id: ArmId) => versions.get(id) ?? versions.set(id, context.compute.getImageVersion(id)).get(id)
  await allSideBySide(left, async ({ id, versionId }) => {
    const version = await versionOf(versionId)
    if (!version || !isReplicated(version)) return
    const [holder] = holdersOf(references, { id })
    if (holder) return warn(`Snapshot ${id} is kept: ${showHolder(holder)} is made of it.`)
    await context.compute.deleteSnapshot(id, context.signal)
    emit(context, { kind: 'resource', change: 'deleted', type: 'snapshot', id, detail: 'left by an earlier run' })
  })
}
