/** Pure: what `capture: auto` means for the golden VM, by its state in Azure. */
import type { Capture, Config } from '../config/config.ts'
import type { VirtualMachine } from '../model/compute.ts'

export interface CaptureChoice {
  readonly capture: Capture
  /** As a clause: `golden is marked as generalized`. */
  readonly why: string
}

/**
 * A VM that is marked as generalized can never start again, so the image is made from the VM itself. For any other VM, nobody has
 * guaranteed that the system inside is generalized: a copy of it is generalized instead. https://learn.microsoft.com/azure/virtual-machines/generalize
 */
function chooseCapture({ name, statuses }: VirtualMachine): CaptureChoice {
  return statuses.includes('OSState/generalized')
    ? { capture: 'generalized', why: `${name} is marked as generalized` }
    : { capture: 'copy', why: `${name} is not marked as generalized, so a throw-away copy is generalized instead` }
}

/** The same settings with `capture: auto` resolved. It stays unresolved where the VM does not exist, which a preflight rule reports. */
export function withChosenCapture<C extends Pick<Config, 'source'>>(config: C, vm: VirtualMachine | undefined): C {
  const { source } = config
  if (source.kind !== 'vm' || source.capture !== 'auto' || !vm) return config
  const { capture, why } = chooseCapture(vm)
  return { ...config, source: { ...source, capture, whyChosen: why } }
}
