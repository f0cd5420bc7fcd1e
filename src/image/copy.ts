/** `capture: copy`: the golden VM lives on while a throw-away copy of it is generalized and captured. */
import { explainInLine } from '../errors/explanation.ts'
import { resourceGroupId } from '../model/arm-id.ts'
import { emit, type StepContext } from '../run/context.ts'
import type { CopyPlan } from './copy-plan.ts'
import { SETTLE_MS } from './generalize.ts'
import type { BuildPlan } from './image-plan.ts'
import { isOfRun, TAGS } from './tags.ts'
import { VersionTakenError } from './taken.ts'
import { type Captured, putTemporaries, removeTemporaries, removingBeside, sweepTemporaries } from './temporary-resources.ts'

/**
 * Boots a copy of the golden VM, generalizes it inside, gives its disks to `capture`, and begins to delete it; when something fails, it is
 * gone before that is thrown. An interrupted run leaves that to the post step, and whatever even that leaves, to the next run.
 */
export async function withCopy<T>(
  { plan, copy }: { readonly plan: BuildPlan; readonly copy: CopyPlan },
  context: StepContext,
  capture: () => Promise<T>,
): Promise<Captured<T>> {
  const owner = { image: plan.tags[TAGS.image] ?? '', run: plan.tags[TAGS.run] ?? '' }
  await sweepTemporaries(resourceGroupId(copy.vm), owner, context)
  try {
    await putTemporaries(copy.groups, context)
    await generalize(copy, context)
    await refuseOthers(plan, owner.run, context)
    return removingBeside(await capture(), copy.groups, context)
  } catch (error) {
    // With the signal aborted nothing more can be sent: the ledger has it all.
    if (!context.signal.aborted) {
      await removeTemporaries(copy.groups, context).catch((failure) =>
        emit(context, { kind: 'notice', level: 'warning', text: `The throw-away copy could not be deleted: ${explainInLine(failure)}` }),
      )
    }
    throw error
  }
}

async function generalize({ vm, osType, scripts }: CopyPlan, context: StepContext): Promise<void> {
  const updating = (detail: string) => emit(context, { kind: 'resource', change: 'updating', type: 'virtual machine', id: vm, detail })
  for (const [index, script] of scripts.entries()) {
    const detail = index === scripts.length - 1 ? 'generalizing' : 'running prepare-script'
    updating(detail)
    const printed = await context.compute.runScript({ vm, osType, script }, context.signal)
    emit(context, { kind: 'notice', level: 'info', text: `Output of ${detail}:\n${printed}` })
  }
  await context.clock.sleep(SETTLE_MS, context.signal)
  updating('deallocating')
  await context.compute.deallocateVm(vm, context.signal)
}

/** Two runs that began at once took the same version. The later one gives way: its disks are not those of the snapshots there. */
async function refuseOthers({ snapshots, version }: BuildPlan, run: string, { compute }: StepContext): Promise<void> {
  const found = await Promise.all(snapshots.map(({ id }) => compute.getSnapshot(id)))
  const others = found.find((snapshot) => snapshot && !isOfRun(snapshot.tags, run))
  if (others) throw new VersionTakenError(version, `is being made by ${others.tags[TAGS.run] ?? 'another run'}`)
}
