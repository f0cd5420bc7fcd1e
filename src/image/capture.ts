import type { ArmId } from '../model/arm-id.ts'
import { emit, type StepContext } from '../run/context.ts'
import { allSideBySide } from '../run/side-by-side.ts'
import { sweepCopies, withCopy } from './copy.ts'
import type { BuildPlan, SnapshotPlan, SnapshotReport } from './image-plan.ts'
import { createGalleryAndDefinition, VersionGoneError } from './publish.ts'
import { whileStopped } from './restart.ts'
import { TAGS } from './tags.ts'

/** Snapshots of the OS disk and every data disk at once. A VM that was stopped for it runs again afterwards, whatever happened. */
export async function capture(plan: BuildPlan, context: StepContext): Promise<readonly SnapshotReport[]> {
  const { prepare, deallocate, osType, copy } = plan
  // A dead run left all of them: the VM has been prepared and stopped for these.
  if (plan.snapshots.every(({ exists }) => exists)) {
    if (copy) await sweepCopies(copy.vm, plan.tags[TAGS.image] ?? '', plan.tags[TAGS.run] ?? '', context)
    return takeSnapshots(plan, context)
  }
  if (copy) {
    const whole = await withoutOldMoment(plan, context)
    return withCopy(whole, copy, context, () => takeSnapshots(whole, context))
  }
  if (prepare) {
    emit(context, { kind: 'resource', change: 'updating', type: 'virtual machine', id: prepare.vm, detail: 'running prepare-script' })
    const printed = await context.compute.runScript(prepare.vm, osType, prepare.script, context.signal)
    emit(context, { kind: 'notice', level: 'info', text: `prepare-script printed:\n${printed}` })
  }
  if (!deallocate) return takeSnapshots(plan, context)
  return whileStopped(deallocate, plan.tags[TAGS.run] ?? '', context, () => takeSnapshots(plan, context))
}

/** Some snapshots of a copy that is gone and others of a new one would be disks of two moments: all are taken again. */
async function withoutOldMoment(plan: BuildPlan, { compute, signal }: StepContext): Promise<BuildPlan> {
  const old = plan.snapshots.filter(({ exists, isStale }) => exists || isStale)
  await allSideBySide(old, ({ id }) => compute.deleteSnapshot(id, signal))
  return { ...plan, snapshots: plan.snapshots.map((snapshot) => ({ ...snapshot, exists: false, isStale: false })) }
}

/**
 * The place where the image goes is made meanwhile: it is needed as soon as they are there. One that fails does not hide how the others
 * ended: all are waited for.
 */
async function takeSnapshots(plan: BuildPlan, context: StepContext): Promise<readonly SnapshotReport[]> {
  const taking = plan.snapshots.map((snapshot) => async () => [await takeSnapshot(snapshot, plan, context)])
  const placing = async () => {
    await createGalleryAndDefinition(plan, context)
    return []
  }
  return (await allSideBySide([...taking, placing], (begin) => begin())).flat()
}

async function takeSnapshot(
  { id, disk, sourceId, exists, isStale }: SnapshotPlan,
  plan: BuildPlan,
  context: StepContext,
): Promise<SnapshotReport> {
  const { compute, ledger, signal } = context
  if (exists) {
    emit(context, { kind: 'resource', change: 'adopted', type: 'snapshot', id, detail: 'left complete by an earlier run' })
    return { id, disk, state: 'adopted' }
  }
  if (isStale) {
    emit(context, { kind: 'resource', change: 'deleting', type: 'snapshot', id, detail: 'left by an earlier run, of another moment' })
    await compute.deleteSnapshot(id, signal)
  }
  ledger.record({ id, kind: 'snapshot' })
  emit(context, { kind: 'resource', change: 'creating', type: 'snapshot', id })
  await compute.createSnapshot(id, { location: plan.location, sourceResourceId: sourceId, tags: plan.tags }, signal)
  emit(context, { kind: 'resource', change: 'created', type: 'snapshot', id })
  return { id, disk, state: 'created' }
}

/** What earlier runs left of versions that are complete. */
export async function dropLeftSnapshots(left: readonly ArmId[], context: StepContext): Promise<void> {
  await allSideBySide(left, async (id) => {
    await context.compute.deleteSnapshot(id, context.signal)
    emit(context, { kind: 'resource', change: 'deleted', type: 'snapshot', id, detail: 'left by an earlier run' })
  })
}

/** Snapshots are needed no longer once every region has its replica; until then they are kept, and a later run removes them. */
export async function dropSnapshots(
  plan: BuildPlan,
  snapshots: readonly SnapshotReport[],
  context: StepContext,
): Promise<readonly SnapshotReport[]> {
  const mayGo = plan.imageKind === 'gallery' && !plan.keepSnapshots
  const version = mayGo && snapshots.length > 0 ? await context.compute.getImageVersion(plan.id) : undefined
  if (mayGo && snapshots.length > 0 && !version) throw new VersionGoneError(plan.version, 'before the run ended')
  return settleSnapshots(plan, snapshots, version?.provisioningState === 'Succeeded', context)
}

/** Deletes them, or lets them be, where the replicas of the version are known. */
export function settleSnapshots(
  plan: BuildPlan,
  snapshots: readonly SnapshotReport[],
  isReplicated: boolean,
  context: StepContext,
): Promise<readonly SnapshotReport[]> {
  const { compute, ledger, signal } = context
  return allSideBySide(snapshots, async (snapshot): Promise<SnapshotReport> => {
    const planned = plan.snapshots.find(({ id }) => id === snapshot.id)
    if (!isReplicated || !planned) {
      ledger.settle(snapshot.id)
      return { ...snapshot, state: 'kept' }
    }
    await compute.deleteSnapshot(planned.id, signal)
    ledger.settle(snapshot.id)
    emit(context, { kind: 'resource', change: 'deleted', type: 'snapshot', id: snapshot.id })
    return { ...snapshot, state: 'deleted' }
  })
}
