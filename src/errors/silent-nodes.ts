/** What to do about nodes that are unusable although Azure reports no error: they never contacted the Batch service. */
import type { Advice } from './explanation.ts'

/**
 * Who guarantees that the system in the image is generalized: this run did it itself (`capture: copy`), the user says so (the other
 * ways to capture a VM), or nobody does (snapshots, VHDs and existing images).
 */
export type Generalization = 'by-this-run' | 'vouched-for' | 'unknown'

export interface SilentNodes {
  readonly generalization: Generalization
  /** The pool is in a subnet of the user's. */
  readonly hasSubnet: boolean
}

const SUBNET =
  'allow outbound access on port 443 to the service tag BatchNodeManagement of the region (network security group, user-defined routes, DNS, a way out of the subnet)'
const NO_SUBNET = 'the pool is in no subnet of yours, so look for what blocks the way inside the image (firewall, proxy, DNS)'

/** The most probable cause first. https://learn.microsoft.com/azure/batch/batch-pool-node-error-checking */
export function silentNodesAdvice({ generalization, hasSubnet }: SilentNodes): Advice {
  const network = hasSubnet ? SUBNET : NO_SUBNET
  switch (generalization) {
    case 'by-this-run':
      return {
        hint: `Nodes that report no error cannot reach Batch: ${network}, and check that the image starts: boot a VM from it and read its boot diagnostics.`,
        link: 'https://learn.microsoft.com/azure/batch/batch-pool-node-error-checking',
      }
    case 'vouched-for': {
      const trusted =
        'this run took that on trust. Run `waagent -deprovision+user` (Linux) or sysprep (Windows) inside, or let `capture: copy` do it'
      return {
        hint: hasSubnet
          ? `Nodes that report no error cannot reach Batch: ${network}. If the network is in order, the system in the image is probably not generalized: ${trusted}.`
          : `Nodes that report no error mostly come from an image that is not generalized; ${trusted}. If it is generalized, ${network}.`,
        link: 'https://learn.microsoft.com/azure/virtual-machines/generalize',
      }
    }
    case 'unknown':
      return {
        hint: `Nodes that report no error mostly come from an image that is not generalized, and nothing here says that this one is: run \`waagent -deprovision+user\` (Linux) or sysprep (Windows) inside before it is captured. If it is generalized, the nodes cannot reach Batch: ${network}.`,
        link: 'https://learn.microsoft.com/azure/virtual-machines/generalize',
      }
  }
}
