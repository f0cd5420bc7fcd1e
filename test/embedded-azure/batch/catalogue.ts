/** What Batch offers in the region: VM sizes, and Marketplace images with their node agents. */

export interface Size {
  readonly name: string
  readonly familyName: string
  readonly batchSupportEndOfLife?: string
  readonly vCPUs: number
  readonly MemoryGB: number
  readonly HyperVGenerations: string
  readonly CpuArchitectureType: string
  readonly LowPriorityCapable: string
  readonly PremiumIO: string
  readonly GPUs?: number
  readonly RdmaEnabled?: string
  readonly DiskControllerTypes?: string
  readonly TrustedLaunchDisabled?: string
}

/** Both generations, x64, premium disks: what is usual. */
const usual = (name: string, familyName: string, vCPUs: number, MemoryGB: number, other: Partial<Size> = {}): Size => ({
  name: `Standard_${name}`,
  familyName,
  vCPUs,
  MemoryGB,
  HyperVGenerations: 'V1,V2',
  CpuArchitectureType: 'x64',
  LowPriorityCapable: 'True',
  PremiumIO: 'True',
  ...other,
})
const OLD = { HyperVGenerations: 'V1', PremiumIO: 'False', TrustedLaunchDisabled: 'True' }
const ARM64 = { HyperVGenerations: 'V2', CpuArchitectureType: 'Arm64', TrustedLaunchDisabled: 'True' }

/** Names and families have no common form: some families are written with spaces. */
export const SIZES: readonly Size[] = [
  usual('D2s_v3', 'standardDSv3Family', 2, 8),
  usual('D4s_v3', 'standardDSv3Family', 4, 16),
  usual('D2s_v5', 'standardDSv5Family', 2, 8),
  usual('D4s_v5', 'standardDSv5Family', 4, 16),
  usual('D8s_v5', 'standardDSv5Family', 8, 32),
  usual('D16s_v5', 'standardDSv5Family', 16, 64),
  usual('D32s_v5', 'standardDSv5Family', 32, 128),
  usual('D4d_v5', 'standardDDv5Family', 4, 16, { PremiumIO: 'False' }),
  usual('D4as_v5', 'standardDASv5Family', 4, 16),
  usual('E8s_v5', 'standardESv5Family', 8, 64),
  usual('F4s_v2', 'standardFSv2Family', 4, 8),
  // Generation 1 only
  usual('A1', 'standardA0_A7Family', 1, 1.75, { ...OLD, LowPriorityCapable: 'False', batchSupportEndOfLife: '2024-08-31T00:00:00Z' }),
  usual('A1_v2', 'standardAv2Family', 1, 2, OLD),
  usual('A2_v2', 'standardAv2Family', 2, 4, OLD),
  usual('D1_v2', 'standardDv2Family', 1, 3.5, OLD),
  // Generation 2 only
  usual('DC2s_v2', 'standardDCSv2Family', 2, 8, { HyperVGenerations: 'V2' }),
  usual('DC4as_v5', 'standardDCASv5Family', 4, 16, { HyperVGenerations: 'V2' }),
  usual('D4ps_v5', 'standardDPSv5Family', 4, 16, ARM64),
  usual('D8ps_v6', 'standardDpsv6Family', 8, 32, { ...ARM64, DiskControllerTypes: 'NVMe' }),
  usual('D4s_v6', 'standardDsv6Family', 4, 16, { HyperVGenerations: 'V2', DiskControllerTypes: 'NVMe' }),
  usual('E4bs_v5', 'standardEBSv5Family', 4, 32, { DiskControllerTypes: 'SCSI,NVMe' }),
  // No Trusted Launch though generation 2
  usual('M8ms', 'standardMSFamily', 8, 218.75, { TrustedLaunchDisabled: 'True' }),
  usual('M64', 'standardMSFamily', 64, 1024, { TrustedLaunchDisabled: 'True' }),
  usual('HB120rs_v3', 'standardHBrsv3Family', 120, 448, { RdmaEnabled: 'True', TrustedLaunchDisabled: 'True' }),
  usual('NC4as_T4_v3', 'Standard NCASv3_T4 Family', 4, 28, { GPUs: 1 }),
  usual('NC6s_v3', 'standardNCSv3Family', 6, 112, { GPUs: 1, TrustedLaunchDisabled: 'True' }),
  usual('NV12s_v3', 'standardNVSv3Family', 12, 112, { GPUs: 1, TrustedLaunchDisabled: 'True' }),
  usual('ND96asr_v4', 'Standard NDASv4_A100 Family', 96, 900, {
    HyperVGenerations: 'V2',
    LowPriorityCapable: 'False',
    GPUs: 8,
    RdmaEnabled: 'True',
  }),
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
  readonly capabilities?: readonly string[]
}

const GENERATION_2 = ['Generation2VMImage']

export const IMAGES: readonly SupportedImage[] = [
  { publisher: 'canonical', offer: 'ubuntu-24_04-lts', sku: 'server', agent: 'batch.node.ubuntu 24.04', capabilities: GENERATION_2 },
  {
    publisher: 'canonical',
    offer: '0001-com-ubuntu-server-jammy',
    sku: '22_04-lts',
    agent: 'batch.node.ubuntu 22.04',
    end: '2027-06-30T00:00:00Z',
  },
  {
    publisher: 'canonical',
    offer: '0001-com-ubuntu-server-jammy',
    sku: '22_04-lts-gen2',
    agent: 'batch.node.ubuntu 22.04',
    end: '2027-06-30T00:00:00Z',
    capabilities: GENERATION_2,
  },
  {
    publisher: 'canonical',
    offer: '0001-com-ubuntu-server-focal',
    sku: '20_04-lts',
    agent: 'batch.node.ubuntu 20.04',
    end: '2025-04-23T00:00:00Z',
  },
  {
    publisher: 'microsoft-dsvm',
    offer: 'ubuntu-hpc',
    sku: '2204',
    agent: 'batch.node.ubuntu 22.04',
    capabilities: ['DockerCompatible', 'SupportsRDMAOnly', 'Generation2VMImage', 'IntelMPIRuntimeInstalled'],
  },
  { publisher: 'almalinux', offer: 'almalinux', sku: '8-gen2', agent: 'batch.node.el 8', isUnverified: true, capabilities: GENERATION_2 },
  { publisher: 'almalinux', offer: 'almalinux', sku: '9-gen1', agent: 'batch.node.el 9' },
  { publisher: 'almalinux', offer: 'almalinux', sku: '9-gen2', agent: 'batch.node.el 9', isUnverified: true, capabilities: GENERATION_2 },
  {
    publisher: 'microsoftwindowsserver',
    offer: 'windowsserver',
    sku: '2019-datacenter',
    agent: 'batch.node.windows amd64',
    os: 'windows',
  },
  {
    publisher: 'microsoftwindowsserver',
    offer: 'windowsserver',
    sku: '2022-datacenter',
    agent: 'batch.node.windows amd64',
    os: 'windows',
  },
  {
    publisher: 'microsoftwindowsserver',
    offer: 'windowsserver',
    sku: '2022-datacenter-g2',
    agent: 'batch.node.windows amd64',
    os: 'windows',
    isUnverified: true,
    capabilities: GENERATION_2,
  },
]
