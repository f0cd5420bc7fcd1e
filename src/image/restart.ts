/** A run that stops a VM must start it again: the post step knows that from the ledger, a later run from the mark on the VM. */
import { AzureError } from '../errors/azure-error.ts'
import { explainInLine } from '../errors/explanation.ts'
import { StoppedVmError } from '../errors/run-errors.ts'
import { type ArmId, nameOf } from '../model/arm-id.ts'
import type { VirtualMachine } from '../model/compute.ts'
import { emit, type StepContext } from '../run/context.ts'
import { isStopping } from './source.ts'
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

/**
 * Starts the VM. A deallocation that an interrupted run began may still be under way: it refuses the start, or ends after it.
 * @throws StoppedVmError where it is stopped whenever it was started
 */
export async function startUntilUp(
  vm: ArmId,
  { compute, clock, signal }: Pick<StepContext, 'compute' | 'clock' | 'signal'>,
): Promise<void> {
  let power: string | undefined
  for (let starts = 0; starts < MOST_STARTS; ) {
    try {
      await compute.startVm(vm, signal)
      starts += 1
    } catch (error) {
      if (!(error instanceof AzureError && error.status === 409)) throw error
      const seen = await compute.getVm(vm)
      if (UP.test(powerOf(seen) ?? '')) return
      if (!seen || !isStopping(seen)) throw error
      await clock.sleep(BUSY_DELAY_MS, signal)
      continue
    }
    power = powerOf(await compute.getVm(vm))
    if (!power || !DOWN.test(power)) return
  }
  throw new StoppedVmError(nameOf(vm), power ?? 'unknown')
}

const MOST_STARTS = 3
const BUSY_DELAY_MS = 10_000
const UP = /^(?:starting|running)$/i
const DOWN = /^(?:stopping|stopped|deallocating|deallocated)$/i

const powerOf = (vm: VirtualMachine | undefined): string | undefined =>
  vm?.statuses.find((code) => /^PowerState\//i.test(code))?.replace(/^PowerState\//i, '')

async function start(vm: ArmId, context: StepContext): Promise<void> {
  const { arm, ledger, signal } = context
  await startUntilUp(vm, context)
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
