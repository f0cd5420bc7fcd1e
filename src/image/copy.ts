import { ActionError, explain } from '../errors/explanation.ts'
import { type ArmId, partsOf, sameId } from '../model/arm-id.ts'
import { emit, type StepContext } from '../run/context.ts'
import { allSideBySide } from '../run/side-by-side.ts'
import { type CopyPlan, leftovers, TEMPORARY_TAG, type TemporaryResource } from './copy-plan.ts'
import type { BuildPlan } from './image-plan.ts'
import { isOfRun, TAGS } from './tags.ts'

/**
 * Boots a copy of the golden VM, generalizes it inside, gives its disks to `capture`, and deletes it: also when something fails. A run
 * that is killed leaves that to the post step, and what even that leaves, to the next run.
 */
export async function withCopy<T>(plan: BuildPlan, copy: CopyPlan, context: StepContext, capture: () => Promise<T>): Promise<T> {
  const run = plan.tags[TAGS.run] ?? ''
  await sweepCopies(copy.vm, plan.tags[TAGS.image] ?? '', run, context)
  try {
    for (const group of copy.groups) await putAll(group, context)
    for (const [index, script] of copy.scripts.entries()) {
      const detail = index === copy.scripts.length - 1 ? 'generalizing' : 'running prepare-script'
      emit(context, { kind: 'resource', change: 'updating', type: 'virtual machine', id: copy.vm, detail })
      const printed = await context.compute.runScript(copy.vm, copy.osType, script, context.signal)
      emit(context, { kind: 'notice', level: 'info', text: `${detail}, it printed:\n${printed}` })
    }
    emit(context, { kind: 'resource', change: 'updating', type: 'virtual machine', id: copy.vm, detail: 'deallocating' })
    await context.compute.deallocateVm(copy.vm, context.signal)
    await refuseOthers(plan, run, context)
    const captured = await capture()
    await removeCopy(copy, context)
    return captured
  } catch (error) {
    // With the signal aborted nothing more can be sent: the ledger has it all.
    if (!context.signal.aborted) {
      await removeCopy(copy, context).catch((failure) =>
        emit(context, { kind: 'notice', level: 'warning', text: `The throw-away copy is not gone: ${explain(failure).message}` }),
      )
    }
    throw error
  }
}

/** Two runs that began at once took the same version. The later one gives way: its disks are not those of the snapshots there. */
async function refuseOthers({ snapshots, version }: BuildPlan, run: string, { compute }: StepContext): Promise<void> {
  const found = await Promise.all(snapshots.map(({ id }) => compute.getSnapshot(id)))
  const others = found.find((snapshot) => snapshot && !isOfRun(snapshot.tags, run))
  if (others) throw new VersionTakenError(version, others.tags[TAGS.run] ?? 'another run')
}

class VersionTakenError extends ActionError {
  constructor(version: string, by: string) {
    super({
      title: 'Another run makes this version',
      message: `version ${version} is being made by ${by}, which began at the same time; nothing of it was touched`,
      hint: 'Wait for that run, then run again. A `concurrency` group in the workflow keeps runs from meeting.',
      link: 'https://docs.github.com/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency',
    })
  }
}

/** One that fails does not hide how the others ended: all are waited for, so that none appears after the deletion. */
async function putAll(group: readonly TemporaryResource[], context: StepContext): Promise<void> {
  await allSideBySide(group, async ({ id, apiVersion, body }) => {
    context.ledger.record({ id, kind: 'temporary' })
    emit(context, { kind: 'resource', change: 'creating', type: 'temporary resource', id })
    await context.arm.put(id, apiVersion, body, context.signal)
    emit(context, { kind: 'resource', change: 'created', type: 'temporary resource', id })
  })
}

async function removeCopy({ groups }: CopyPlan, context: StepContext): Promise<void> {
  for (const group of groups.toReversed()) {
    await allSideBySide(group, (resource) => remove(resource, context))
  }
}

async function remove({ id, apiVersion }: Pick<TemporaryResource, 'id' | 'apiVersion'>, context: StepContext): Promise<void> {
  await context.arm.delete(id, apiVersion, context.signal)
  context.ledger.settle(id)
  emit(context, { kind: 'resource', change: 'deleted', type: 'temporary resource', id })
}

/** Deletes what copies of dead runs have left in the group of `anyOfGroup`. */
export async function sweepCopies(anyOfGroup: ArmId, image: string, run: string, context: StepContext): Promise<void> {
  const { resourceGroup } = partsOf(anyOfGroup)
  const found = await context.arm.find(anyOfGroup, `tagName eq '${TEMPORARY_TAG}' and tagValue eq '${image}'`)
  const here = found.filter(({ id }) => id.toLowerCase().includes(`/resourcegroups/${resourceGroup.toLowerCase()}/`))
  const going = leftovers(here, image, run, context.clock.now())
  for (const resource of going) await remove(resource, context)
  const left = here.filter(({ id }) => !going.some((one) => sameId(one.id, id)))
  if (left.length === 0) return
  const runs = [...new Set(left.map(({ tags }) => tags[TAGS.run] ?? 'another run'))].join(', ')
  const text = `${left.length} temporary resources of ${runs} are left alone: it may still be at work. Once they are 6 hours old, the next run deletes them.`
  emit(context, { kind: 'notice', level: 'warning', text })
}
