/** A run that stops a VM must start it again: the post step knows that from the ledger, a later run from the mark on the VM. */
import { explainInLine } from '../errors/explanation.ts'
import type { ArmId } from '../model/arm-id.ts'
import { emit, type StepContext } from '../run/context.ts'
import { TAGS } from './tags.ts'
import { type Captured, finishing } from './temporary-resources.ts'

/** Stops the VM for as long as `body` runs, and starts it afterwards, whatever happened. */
export async function whileStopped<T>(
  { vm, run }: { readonly vm: ArmId; readonly run: string },
  context: StepContext,
  body: () => Promise<T>,
): Promise<Captured<T>> {
  return startingAfter(vm, context, async () => {
    await mark(vm, run, context)
    emit(context, { kind: 'resource', change: 'updating', type: 'virtual machine', id: vm, detail: 'deallocating' })
    await context.compute.deallocateVm(vm, context.signal)
    return body()
  })
}

/**
 * Starts the VM after `body`, beside whatever comes next; where `body` fails, the VM runs before that is thrown. With the signal aborted
 * nothing more can be sent: the ledger and the mark on the VM have it.
 */
export async function startingAfter<T>(vm: ArmId, context: StepContext, body: () => Promise<T>): Promise<Captured<T>> {
  context.ledger.record({ id: vm, kind: 'startVm' })
  const started = async () => {
    if (!context.signal.aborted) await start(vm, context)
  }
  try {
    return finishing(await body(), started())
  } catch (error) {
    await started()
    throw error
  }
}

/** Starts a VM that an interrupted run has stopped. */
export async function startOwed(vm: ArmId, context: StepContext): Promise<void> {
  context.ledger.record({ id: vm, kind: 'startVm' })
  await start(vm, context)
}

async function start(vm: ArmId, context: StepContext): Promise<void> {
  const { compute, arm, ledger, signal } = context
  const isRunning = (await compute.getVm(vm))?.statuses.includes('PowerState/running')
  if (!isRunning) await compute.startVm(vm, signal)
  ledger.settle(vm)
  emit(context, { kind: 'resource', change: 'updated', type: 'virtual machine', id: vm, detail: 'started again' })
  await arm
    .tag({ id: vm, operation: 'Delete', tags: { [TAGS.restart]: '' } }, signal)
    .catch((error) => warn(error, 'The mark stays on the VM', context))
}

/** Without the mark, a runner that is lost together with its disk leaves the VM stopped. */
async function mark(vm: ArmId, run: string, context: StepContext): Promise<void> {
  const value = run || context.clock.now().toISOString()
  await context.arm
    .tag({ id: vm, operation: 'Merge', tags: { [TAGS.restart]: value } }, context.signal)
    .catch((error) => warn(error, 'The VM could not be marked as stopped by this run; if the runner is lost, start it by hand', context))
}

function warn(error: unknown, what: string, context: StepContext): void {
  context.signal.throwIfAborted()
  emit(context, { kind: 'notice', level: 'warning', text: `${what}: ${explainInLine(error)}` })
}
