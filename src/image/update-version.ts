/** Changes on a version that exists already: failed regions are tried again, the end of its life is set. */
import type { ArmId } from '../model/arm-id.ts'
import { emit, type StepContext } from '../run/context.ts'
import type { VersionUpdate } from './image-plan.ts'

/** Nobody waits for the regions that are tried again: the Batch region has its replica. */
export async function updateVersion(
  { id, update }: { readonly id: ArmId; readonly update?: VersionUpdate },
  context: StepContext,
): Promise<void> {
  const { compute, signal } = context
  const { retriedRegions = [], endOfLifeDate } = update ?? {}
  const regions = retriedRegions.join(', ')
  const details = [
    ...(regions ? [`replication to ${regions} failed and is tried again`] : []),
    ...(endOfLifeDate ? [`its life ends on ${endOfLifeDate.slice(0, 10)}`] : []),
  ]
  const detail = details.join('; ')
  emit(context, { kind: 'resource', change: 'updating', type: 'image version', id, detail })
  await compute.updateImageVersion(id, endOfLifeDate ? { endOfLifeDate } : {}, signal)
  emit(context, { kind: 'resource', change: 'updated', type: 'image version', id, detail })
  if (!regions) return
  const text = `The replica of image version ${id} in ${regions} had failed; replication there was begun again. If it keeps failing, remove the region from the version and add it again.`
  emit(context, { kind: 'notice', level: 'warning', text })
}
