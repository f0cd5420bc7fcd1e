/** Pure: what an image definition must state so that Azure accepts these disks and Batch can start them. */
import type { Architecture, Disk, HyperVGeneration, MarketplaceImage, OsType, PurchasePlan, VirtualMachine } from './compute.ts'

/** The security type of disks and definitions that name none. */
export const STANDARD = 'Standard'

export interface ImageTraits {
  readonly osType: OsType
  readonly generation: HyperVGeneration
  readonly architecture: Architecture
  /** Features of the definition, by Azure's names. */
  readonly features: Readonly<Record<string, string>>
  readonly purchasePlan?: PurchasePlan
  /** The Marketplace image that the VM was made from. */
  readonly imageReference?: MarketplaceImage
}

/** Without a VM, the disks alone are evidence. */
export function readImageTraits(vm: VirtualMachine | undefined, disks: readonly Disk[]): ImageTraits {
  const os = disks[0]
  const plan = os?.purchasePlan ?? vm?.plan
  const { publisher, offer, sku, version } = vm?.imageReference ?? {}
  return {
    osType: os?.osType ?? vm?.osType ?? 'Linux',
    generation: os?.hyperVGeneration ?? 'V1',
    architecture: os?.architecture ?? 'x64',
    features: featuresOf(os, vm),
    ...(plan && { purchasePlan: plan }),
    ...(publisher && offer && sku && { imageReference: { publisher, offer, sku, ...(version && { version }) } }),
  }
}

/**
 * Whether Azure makes versions of a definition with this security type from disks with that one. Disks with security data need their own
 * type (https://github.com/hashicorp/packer-plugin-azure/issues/304). Disks without security data fit `…Supported` definitions since the
 * gallery api-version that made this type the default. Older api-versions refused them (`errors/image-refusals.ts` has their words).
 */
export function fitsSecurityType(definition: string = STANDARD, disks: string = STANDARD): boolean {
  return definition === disks || (disks === STANDARD && definition.endsWith('Supported'))
}

/** A Trusted Launch disk needs `TrustedLaunch`: its security data is refused by `TrustedLaunchSupported`. */
function featuresOf(os: Disk | undefined, vm: VirtualMachine | undefined): Readonly<Record<string, string>> {
  const hasTrustedLaunch = os?.securityType === 'TrustedLaunch' || vm?.securityType === 'TrustedLaunch'
  return {
    ...(hasTrustedLaunch && { SecurityType: 'TrustedLaunch' }),
    ...(os?.diskControllerTypes?.includes('NVMe') && { DiskControllerTypes: os.diskControllerTypes }),
    ...(os?.acceleratedNetwork && { IsAcceleratedNetworkSupported: 'True' }),
  }
}
