/** The Compute quotas of the region in which `capture: copy` makes its throw-away VM. */
import type { Config } from '../config/config.ts'
import { AzureError } from '../errors/azure-error.ts'
import { type ArmId, partsOf } from '../model/arm-id.ts'
import type { VirtualMachine } from '../model/compute.ts'
import { emit, type StepContext } from '../run/context.ts'
import { withChosenCapture } from './choose-capture.ts'
import type { Observed } from './observed.ts'
import { visible } from './visible.ts'

/**
 * The usages of the region, and the VM sizes there with their families. `undefined` where no copy is made, or where the identity may not
 * read them: then Azure itself will accept or refuse the VM.
 */
export async function observeCopyRoom(config: Config, vm: VirtualMachine | undefined, context: StepContext): Promise<Observed['copyRoom']> {
  const { source, image } = withChosenCapture(config, vm)
  if (!vm || !image || source.kind !== 'vm' || source.capture !== 'copy') return undefined
  const { subscriptionId } = partsOf(image.resourceGroup)
  const [usages, sizes] = await Promise.all([
    visible(context.compute.listUsages(subscriptionId, vm.location), ({ explanation }) =>
      emit(context, {
        kind: 'notice',
        level: 'info',
        text: `The core quotas of the subscription cannot be checked in advance. ${explanation.hint}`,
      }),
    ),
    sizesIn(image.resourceGroup, vm.location, context),
  ])
  return usages && { usages, sizes }
}

/** Batch lists sizes with their families; a subscription without Batch, or a region without it, has no such list. */
async function sizesIn(group: ArmId, location: string, { batch }: StepContext) {
  try {
    return await batch.listVmSizes(group, location)
  } catch (error) {
    if (error instanceof AzureError && error.status !== undefined && error.status < 500) return []
    throw error
  }
}
