/** Why nodes cannot be allocated: the errors that a pool has after its resize. */
import type { ResizeFailure } from '../scenarios/scenario.ts'
import type { World } from '../world.ts'
import { sizeOf } from './catalogue.ts'
import type { Pool } from './pool.ts'

export const TIMED_OUT = {
  code: 'AllocationTimedout',
  message: 'Desired number of dedicated nodes could not be allocated as the resize timeout was reached',
}

/** What the compute provider refuses, in the wrapping that Batch gives it. */
export function imageError({ properties }: Pool, world: World): ResizeFailure | undefined {
  const { imageReference, securityProfile } = properties.deploymentConfiguration?.virtualMachineConfiguration ?? {}
  const id: string = imageReference?.id ?? ''
  if (!id || id.includes('/foreign-')) return undefined
  const version = world.get(id)
  const message = 'Desired number of dedicated nodes could not be allocated'
  if (!version) {
    return {
      code: 'AllocationFailed',
      message,
      details: [{ code: 'Reason', message: 'The server encountered an internal error.' }],
    }
  }
  // A managed image says itself what a definition says of a version.
  const definition = world.get(id.replace(/\/versions\/.*$/i, ''))
  const generation: string = definition?.properties.hyperVGeneration ?? 'V1'
  const size = sizeOf(properties.vmSize)
  const provider = (code: string, text: string): ResizeFailure => ({
    code: 'AllocationFailed',
    message,
    details: [
      { code: 'Provider Error Json', message: JSON.stringify({ error: { code, message: text } }) },
      { code: 'Provider Error Json Truncated', message: 'False' },
    ],
  })
  if (size && !size.HyperVGenerations.split(',').includes(generation)) {
    const digit = generation.slice(1)
    return provider(
      'BadRequest',
      `The selected VM size '${properties.vmSize}' cannot boot Hypervisor Generation '${digit}'. If this was a Create operation please check that the Hypervisor Generation of the Image matches the Hypervisor Generation of the selected VM Size. If this was an Update operation please select a Hypervisor Generation '${digit}' VM Size.`,
    )
  }
  const features: readonly { name: string; value: string }[] = definition?.properties.features ?? []
  const needs = features.find(({ name }) => name === 'SecurityType')?.value
  if (needs === 'TrustedLaunch' && String(securityProfile?.securityType).toLowerCase() !== 'trustedlaunch') {
    return provider(
      'BadRequest',
      "The provided gallery image only supports creation of VMs and VM Scale Sets with 'TrustedLaunch' security type.",
    )
  }
  return undefined
}
