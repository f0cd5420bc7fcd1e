/** `capture: restore-point`: all disks of a running VM at one moment. */
import { AzureError } from '../errors/azure-error.ts'
import { ActionError, explainInLine } from '../errors/explanation.ts'
import { resourceGroupId } from '../model/arm-id.ts'
import { emit, type StepContext, waitFor } from '../run/context.ts'
import type { BuildPlan } from './image-plan.ts'
import { disksOfPoint, type RestorePointAnswer, type RestorePointPlan } from './restore-point-plan.ts'
import { TAGS } from './tags.ts'
import type { TemporaryResource } from './temporary.ts'
import { type Captured, putTemporaries, removeTemporaries, removingBeside, sweepTemporaries } from './temporary-resources.ts'

/**
 * Makes disks of a restore point, gives them to `capture`, and begins to delete both; when something fails, they are gone before that is
 * thrown.
 */
export async function withRestorePoint<T>(
  { plan, restorePoint }: { readonly plan: BuildPlan; readonly restorePoint: RestorePointPlan },
  context: StepContext,
  capture: () => Promise<T>,
): Promise<Captured<T>> {
  const { collection } = restorePoint
  const owner = { image: plan.tags[TAGS.image] ?? '', run: plan.tags[TAGS.run] ?? '' }
  await sweepTemporaries(resourceGroupId(collection.id), owner, context)
  let disks: readonly TemporaryResource[] = []
  try {
    await putTemporaries([[collection]], context)
    disks = await takeRestorePoint(restorePoint, context)
    await putTemporaries([disks], context)
    return removingBeside(await capture(), [[collection], disks], context)
  } catch (error) {
    // With the signal aborted nothing more can be sent: the ledger has it all.
    if (!context.signal.aborted) {
      await removeTemporaries([[collection], disks], context).catch((failure) =>
        emit(context, { kind: 'notice', level: 'warning', text: `The restore point could not be deleted: ${explainInLine(failure)}` }),
      )
    }
    throw error
  }
}

/** The restore point goes with its collection, and so is not in the ledger itself. */
async function takeRestorePoint(plan: RestorePointPlan, context: StepContext): Promise<readonly TemporaryResource[]> {
  const { id, apiVersion } = plan.point
  emit(context, { kind: 'resource', change: 'creating', type: 'temporary resource', id })
  await putPoint(plan.point, context)
  emit(context, { kind: 'resource', change: 'created', type: 'temporary resource', id })
  const disks = disksOfPoint(plan, ((await context.arm.get(id, apiVersion)) ?? {}) as RestorePointAnswer)
  if (!disks) throw new IncompleteRestorePointError(id)
  return disks
}

/**
 * Azure refuses to change a restore point. The collection is this attempt's own, so one that is there is from a request whose answer was
 * lost.
 */
async function putPoint({ id, apiVersion, body }: RestorePointPlan['point'], context: StepContext): Promise<void> {
  const { arm, signal } = context
  const stateNow = async () => ((await arm.get(id, apiVersion)) as RestorePointAnswer | undefined)?.properties?.provisioningState
  try {
    await arm.put({ id, apiVersion, body }, signal)
  } catch (error) {
    if (!(error instanceof AzureError && (error.status === 400 || error.status === 409))) throw error
    const ended = await waitFor(
      context,
      () => 'the restore point to be complete',
      () => POINT_DELAY_MS,
      async () => {
        const state = (await stateNow()) ?? 'absent'
        return /^(?:Creating|Updating)$/i.test(state) ? undefined : state
      },
    )
    if (ended !== 'Succeeded') throw error
  }
}

const POINT_DELAY_MS = 5_000

class IncompleteRestorePointError extends ActionError {
  constructor(id: string) {
    super({
      title: 'Restore point incomplete',
      message: `restore point ${id} does not contain every disk of the VM`,
      hint: 'Check whether a disk was detached meanwhile, and run again; or use `capture: copy` or `capture: deallocate`.',
      link: 'https://learn.microsoft.com/azure/virtual-machines/virtual-machines-create-restore-points',
    })
  }
}
