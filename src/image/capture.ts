/** Snapshots of the OS disk and every data disk, and what happens to them once the image exists. */
import { ActionError } from '../errors/explanation.ts'
import { nameOf, resourceGroupId } from '../model/arm-id.ts'
import type { RegionReplication, ScriptRequest } from '../model/compute.ts'
import { emit, type StepContext } from '../run/context.ts'
import { allSideBySide } from '../run/side-by-side.ts'
import { snapshotMismatch } from './content-check.ts'
import { withCopy } from './copy.ts'
import { VersionGoneError } from './follow-version.ts'
import type { BuildPlan, SnapshotPlan, SnapshotReport } from './image-plan.ts'
import { createGalleryAndDefinition } from './publish.ts'
import { whileStopped } from './restart.ts'
import { withRestorePoint } from './restore-point.ts'
import { isComplete, isReplicated } from './standing.ts'
import { TAGS } from './tags.ts'
import { VersionTakenError } from './taken.ts'
import { type Captured, sweepTemporaries } from './temporary-resources.ts'

/** Takes all snapshots at once. A VM that was stopped for it is started again afterwards, whatever happened. */
export async function capture(plan: BuildPlan, context: StepContext): Promise<Captured<readonly SnapshotReport[]>> {
  const { prepare, deallocate, osType, copy, restorePoint } = plan
  const owner = { image: plan.tags[TAGS.image] ?? '', run: plan.tags[TAGS.run] ?? '' }
  // An interrupted run left all of them: the VM was prepared and stopped for these.
  if (plan.snapshots.every(({ exists }) => exists)) {
    const swept = copy?.vm ?? restorePoint?.collection.id
    if (swept) await sweepTemporaries(resourceGroupId(swept), owner, context)
    return withoutTemporaries(takeSnapshots(plan, context))
  }
  if (copy) {
    const whole = await withoutOldMoment(plan, context)
    return withCopy({ plan: whole, copy }, context, () => takeSnapshots(whole, context))
  }
  if (prepare) await prepareVm({ ...prepare, osType }, context)
  if (restorePoint) {
    const whole = await withoutOldMoment(plan, context)
    return withRestorePoint({ plan: whole, restorePoint }, context, () => takeSnapshots(whole, context))
  }
  if (!deallocate) return withoutTemporaries(takeSnapshots(plan, context))
  return whileStopped({ vm: deallocate, run: owner.run }, context, () => takeSnapshots(plan, context))
}

const withoutTemporaries = async <T>(captured: Promise<T>): Promise<Captured<T>> => ({
  captured: await captured,
  finished: Promise.resolve(),
})

/** The script runs in the golden VM itself; what Run Command has installed for it is removed, so that no node finds it. */
async function prepareVm(request: ScriptRequest, context: StepContext): Promise<void> {
  const { vm } = request
  emit(context, { kind: 'resource', change: 'updating', type: 'virtual machine', id: vm, detail: 'running prepare-script' })
  const printed = await context.compute.runScript(request, context.signal)
  emit(context, { kind: 'notice', level: 'info', text: `Output of prepare-script:\n${printed}` })
  try {
    await context.compute.removeRunCommand(request, context.signal)
  } catch (error) {
    if (context.signal.aborted || !(error instanceof ActionError)) throw error
    const text = `The Run Command extension in ${nameOf(vm)} could not be removed, and will be in the image: ${error.message}`
    emit(context, { kind: 'notice', level: 'warning', text })
  }
}

/** Some snapshots of a copy or restore point that is gone and others of a new one would be disks of two moments: all are taken again. */
async function withoutOldMoment(plan: BuildPlan, { compute, signal }: StepContext): Promise<BuildPlan> {
  const old = plan.snapshots.filter(({ exists, isStale }) => exists || isStale)
  await allSideBySide(old, ({ id }) => compute.deleteSnapshot(id, signal))
  return { ...plan, snapshots: plan.snapshots.map((snapshot) => ({ ...snapshot, exists: false, isStale: false })) }
}

/**
 * Gallery and definition are made meanwhile: they are needed as soon as the snapshots are there. One that fails does not hide how the
 * others ended: all are waited for.
 */
async function takeSnapshots(plan: BuildPlan, context: StepContext): Promise<readonly SnapshotReport[]> {
  const taking = plan.snapshots.map((snapshot) => async () => [await takeSnapshot(snapshot, plan, context)])
  const placing = async () => {
    await createGalleryAndDefinition(plan, context)
    return []
  }
  const reports = (await allSideBySide([...taking, placing], (begin) => begin())).flat()
  await refuseForeignContent(plan, reports, context)
  return reports
}

/**
 * Another run may have put a snapshot of the same name at the same moment: a PUT on what is there leaves its content. @throws
 * VersionTakenError
 */
async function refuseForeignContent(plan: BuildPlan, reports: readonly SnapshotReport[], { compute, ledger }: StepContext): Promise<void> {
  const [first] = plan.snapshots
  if (!first || reports.every(({ state }) => state !== 'created')) return
  const seen = snapshotMismatch(plan, (await compute.listSnapshots(resourceGroupId(first.id))) ?? [])
  if (!seen) return
  for (const { id } of reports) ledger.settle(id)
  throw new VersionTakenError(plan.version, seen)
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
    emit(context, {
      kind: 'resource',
      change: 'deleting',
      type: 'snapshot',
      id,
      detail: 'left by an earlier run; its disks have changed since',
    })
    await compute.deleteSnapshot(id, signal)
  }
  ledger.record({ id, kind: 'snapshot' })
  emit(context, { kind: 'resource', change: 'creating', type: 'snapshot', id })
  await compute.createSnapshot(id, { location: plan.location, sourceResourceId: sourceId, tags: plan.tags }, signal)
  emit(context, { kind: 'resource', change: 'created', type: 'snapshot', id })
  return { id, disk, state: 'created' }
}

/** Deletes the snapshots once every region has its replica; until then they are kept, and a later run deletes them. */
export async function dropSnapshots(
  plan: BuildPlan,
  snapshots: readonly SnapshotReport[],
  context: StepContext,
): Promise<readonly SnapshotReport[]> {
  const mayGo = plan.imageKind === 'gallery' && !plan.keepSnapshots && snapshots.length > 0
  const version = mayGo ? await context.compute.getImageVersion(plan.id) : undefined
  if (mayGo && !version) throw new VersionGoneError(plan.version, 'before the run ended')
  return version && isReplicated(version) ? deleteSnapshots(plan, snapshots, context) : keepSnapshots(snapshots, context)
}

function keepSnapshots(snapshots: readonly SnapshotReport[], { ledger }: StepContext): readonly SnapshotReport[] {
  for (const { id } of snapshots) ledger.settle(id)
  return snapshots.map((snapshot) => ({ ...snapshot, state: 'kept' }))
}

/** Deletes what this run took, or took over. Every replica of the version must be known to be complete. */
function deleteSnapshots(plan: BuildPlan, snapshots: readonly SnapshotReport[], context: StepContext): Promise<readonly SnapshotReport[]> {
  const { compute, ledger, signal } = context
  return allSideBySide(snapshots, async (snapshot): Promise<SnapshotReport> => {
    const planned = plan.snapshots.find(({ id }) => id === snapshot.id)
    if (planned) await compute.deleteSnapshot(planned.id, signal)
    ledger.settle(snapshot.id)
    if (!planned) return { ...snapshot, state: 'kept' }
    emit(context, { kind: 'resource', change: 'deleted', type: 'snapshot', id: snapshot.id })
    return { ...snapshot, state: 'deleted' }
  })
}

/**
 * Begins to delete the snapshots while the pools come up, where all replicas are there already. Its failure is reported by whoever waits
 * for `done`.
 */
export function deleteReplicatedSnapshots(
  plan: BuildPlan,
  snapshots: readonly SnapshotReport[],
  replication: readonly RegionReplication[],
  context: StepContext,
): { readonly done: Promise<readonly SnapshotReport[]> } | undefined {
  if (!isComplete(replication, plan.targetRegions) || plan.keepSnapshots) return undefined
  const done = deleteSnapshots(plan, snapshots, context)
  done.catch(() => {})
  return { done }
}
