import { describe, expect, test } from 'vitest'
import type { SupportedImage } from '../../../src/model/batch-service.ts'
import type { Disk, VirtualMachine } from '../../../src/model/compute.ts'
import { readImageTraits } from '../../../src/model/image-traits.ts'
import { resolveNodeAgent } from '../../../src/pool/node-agent.ts'

const disk: Disk = { id: 'd', name: 'd', location: 'westeurope', diskSizeGB: 30 }
const vm: VirtualMachine = {
  id: 'v',
  name: 'v',
  location: 'westeurope',
  osType: 'Windows',
  osDisk: { name: 'd', caching: 'None' },
  dataDisks: [],
  statuses: [],
  tags: {},
}
const plan = { name: 'n', publisher: 'p', product: 'x' }

describe('the definition of an image', () => {
  test('is by the OS disk, then by the VM, then as Azure takes it', () => {
    expect(readImageTraits(vm, [{ ...disk, osType: 'Linux', hyperVGeneration: 'V2', architecture: 'Arm64' }])).toMatchObject({
      osType: 'Linux',
      generation: 'V2',
      architecture: 'Arm64',
    })
    expect(readImageTraits(vm, [disk])).toEqual({ osType: 'Windows', generation: 'V1', architecture: 'x64', features: {} })
    expect(readImageTraits(undefined, [])).toEqual({ osType: 'Linux', generation: 'V1', architecture: 'x64', features: {} })
  })

  test.each<[string, Partial<Disk>, Partial<VirtualMachine>, object]>([
    ['Trusted Launch of the disk', { securityType: 'TrustedLaunch' }, {}, { SecurityType: 'TrustedLaunch' }],
    ['Trusted Launch of the VM', {}, { securityType: 'TrustedLaunch' }, { SecurityType: 'TrustedLaunch' }],
    ['NVMe', { diskControllerTypes: 'SCSI, NVMe' }, {}, { DiskControllerTypes: 'SCSI, NVMe' }],
    ['only SCSI', { diskControllerTypes: 'SCSI' }, {}, {}],
    ['accelerated network', { acceleratedNetwork: true }, {}, { IsAcceleratedNetworkSupported: 'True' }],
  ])('has the features of %s', (_, ofDisk, ofVm, features) => {
    expect(readImageTraits({ ...vm, ...ofVm }, [{ ...disk, ...ofDisk }]).features).toEqual(features)
  })

  test('carries the plan of the disk, then that of the VM', () => {
    expect(readImageTraits({ ...vm, plan: { ...plan, name: 'vm' } }, [{ ...disk, purchasePlan: plan }]).purchasePlan).toEqual(plan)
    expect(readImageTraits({ ...vm, plan }, [disk]).purchasePlan).toEqual(plan)
  })

  test('knows the Marketplace image only where all of it is given', () => {
    const image = { publisher: 'p', offer: 'o', sku: 's' }
    expect(readImageTraits({ ...vm, imageReference: image }, [disk]).imageReference).toEqual(image)
    expect(readImageTraits({ ...vm, imageReference: { id: '/versions/1' } }, [disk]).imageReference).toBeUndefined()
  })
})

describe('the node agent', () => {
  const supported = (sku: string, nodeAgentSkuId: string): SupportedImage => ({
    nodeAgentSkuId,
    imageReference: { publisher: 'canonical', offer: 'ubuntu', sku },
    osType: 'Linux',
    verificationType: 'verified',
  })
  const all = [supported('22_04', 'agent 22'), supported('24_04', 'agent 24')]

  test('is that of the same publisher, offer and SKU, in any case, of any version', () => {
    expect(resolveNodeAgent({ publisher: 'Canonical', offer: 'Ubuntu', sku: '24_04', version: '1' }, all)?.nodeAgentSkuId).toBe('agent 24')
  })

  test('is not guessed from a likeness', () => {
    expect(resolveNodeAgent({ publisher: 'canonical', offer: 'ubuntu', sku: '24_04-gen2' }, all)).toBeUndefined()
    expect(resolveNodeAgent({ publisher: 'canonical:ubuntu', offer: '', sku: '24_04' }, all)).toBeUndefined()
  })
})
