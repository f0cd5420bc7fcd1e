/** Snapshots that earlier runs left of versions that are complete. */
import { explain } from '../errors/explanation.ts'
import { type ArmId, resourceGroupId } from '../model/arm-id.ts'
import { emit, type StepContext } from '../run/context.ts'
import { allSideBySide } from '../run/side-by-side.ts'
import { holdersOf, referencesOf, showHolder } from './references.ts'

/** Deletes them, but for those that a managed image is made of: it needs them for its whole life. */
export async function dropLeftSnapshots(left: readonly ArmId[], context: StepContext): Promise<void> {
  const [first] = left
  if (!first) return
  const warn = (text: string) => emit(context, { kind: 'notice', level: 'warning', text })
  const images = await context.compute.listImages(resourceGroupId(first)).catch((error) => {
    context.signal.throwIfAborted()
    warn(`Snapshots that earlier runs left are kept: the managed images that may need them cannot be read (${explain(error).message}).`)
    return undefined
  })
  if (!images) return
  const references = referencesOf(images.map(({ id, sourceIds }) => ({ id, body: sourceIds })))
  await allSideBySide(left, async (id) => {
    const [holder] = holdersOf(references, { id })
    if (holder) return warn(`Snapshot ${id} is kept: ${showHolder(holder)} is made of it.`)
    await context.compute.deleteSnapshot(id, context.signal)
    emit(context, { kind: 'resource', change: 'deleted', type: 'snapshot', id, detail: 'left by an earlier run' })
  })
}
