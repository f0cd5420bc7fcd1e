/** What Batch offers in the region: VM sizes, and Marketplace images with their node agents. */

export interface Size {
  readonly name: string
  readonly familyName: string
  readonly vCPUs: number
  readonly HyperVGenerations: string
  readonly CpuArchitectureType: string
  readonly DiskControllerTypes?: string
  readonly TrustedLaunchDisabled?: string
}

export const SIZES: readonly Size[] = [
  { name: 'Standard_D2s_v5', familyName: 'standardDSv5Family', vCPUs: 2, HyperVGenerations: 'V1,V2', CpuArchitectureType: 'x64' },
  { name: 'Standard_D4s_v5', familyName: 'standardDSv5Family', vCPUs: 4, HyperVGenerations: 'V1,V2', CpuArchitectureType: 'x64' },
  { name: 'Standard_D8s_v5', familyName: 'standardDSv5Family', vCPUs: 8, HyperVGenerations: 'V1,V2', CpuArchitectureType: 'x64' },
  { name: 'Standard_A1_v2', familyName: 'standardAv2Family', vCPUs: 1, HyperVGenerations: 'V1', CpuArchitectureType: 'x64' },
  {
    name: 'Standard_D4ps_v5',
    familyName: 'standardDPSv5Family',
    vCPUs: 4,
    HyperVGenerations: 'V2',
    CpuArchitectureType: 'Arm64',
    TrustedLaunchDisabled: 'True',
  },
  {
    name: 'Standard_D4s_v6',
    familyName: 'standardDSv6Family',
    vCPUs: 4,
    HyperVGenerations: 'V2',
    CpuArchitectureType: 'x64',
    DiskControllerTypes: 'NVMe',
  },
]

export function sizeOf(vmSize: string): Size | undefined {
  return SIZES.find(({ name }) => name.toLowerCase() === vmSize.toLowerCase())
}

export interface SupportedImage {
  readonly publisher: string
  readonly offer: string
  readonly sku: string
  readonly agent: string
  readonly os?: 'windows'
  readonly end?: string
  readonly isUnverified?: boolean
}

export const IMAGES: readonly SupportedImage[] = [
  { publisher: 'canonical', offer: 'ubuntu-24_04-lts', sku: 'server', agent: 'batch.node.ubuntu 24.04' },
  {
    publisher: 'canonical',
    offer: '0001-com-ubuntu-server-jammy',
    sku: '22_04-lts',
    agent: 'batch.node.ubuntu 22.04',
    end: '2027-06-30T00:00:00Z',
  },
  { publisher: 'almalinux', offer: 'almalinux', sku: '8-gen2', agent: 'batch.node.el 8', isUnverified: true },
  {
    publisher: 'microsoftwindowsserver',
    offer: 'windowsserver',
    sku: '2022-datacenter',
    agent: 'batch.node.windows amd64',
    os: 'windows',
  },
]
