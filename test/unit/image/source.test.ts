import { describe, expect, test } from 'vitest'
import type { Source } from '../../../src/config/config.ts'
import { sourceContent } from '../../../src/image/source.ts'
import type { ArmId } from '../../../src/model/arm-id.ts'
import type { AttachedDisk, Disk, Snapshot, VirtualMachine } from '../../../src/model/compute.ts'
import type { Observed } from '../../../src/observe/observed.ts'

const none: Observed = { versions: [], images: [], snapshots: [], pools: [], vmSizes: [] }
const osDisk: Disk = {
  id: '/disks/os',
  name: 'os',
  location: 'westeurope',
  diskSizeGB: 30,
  uniqueId: 'u',
  osType: 'Linux',
  hyperVGeneration: 'V2',
  lastOwnershipUpdateTime: '2026-11-22T00:00:00Z',
}
const vm: VirtualMachine = {
  id: '/vms/golden',
  name: 'golden',
  location: 'westeurope',
  osType: 'Linux',
  osDisk: { name: 'os', managedDiskId: '/disks/os', caching: 'ReadWrite' },
  dataDisks: [{ name: 'd5', lun: 5, managedDiskId: '/disks/d5', caching: 'None' }],
  statuses: ['PowerState/deallocated'],
  tags: {},
}
const observed: Observed = { ...none, vm: { vm, extensions: [], disks: [osDisk, { ...osDisk, id: '/disks/d5', uniqueId: 'd5' }] } }
const source: Source = { kind: 'vm', id: '/vms/golden' as ArmId, capture: 'live' }
const identity = (of: Source, seen: Observed) => JSON.stringify(sourceContent(of, seen)?.identity)

describe('a VM', () => {
  test('gives all its disks to be captured, LUNs kept', () => {
    expect(sourceContent(source, observed)?.captured).toEqual([
      { disk: 'os', sourceId: '/disks/os', caching: 'ReadWrite' },
      { disk: 5, sourceId: '/disks/d5', caching: 'None' },
    ])
  })

  test('that is generalized is the image itself: nothing is captured', () => {
    const content = sourceContent({ ...source, capture: 'generalized' }, observed)
    expect(content).toMatchObject({ captured: [], content: { kind: 'vm', id: '/vms/golden' } })
  })

  test.each([
    ['live', 'PowerState/running', true],
    ['live', 'PowerState/deallocated', false],
    ['live', 'PowerState/stopped', false],
    ['live', 'PowerState/starting', true],
    ['live', 'PowerState/deallocating', true],
    ['generalized', 'PowerState/running', false],
    ['deallocate', 'PowerState/running', true],
  ] as const)('captured %s while %s is live: %s', (capture, status, expected) => {
    const seen = { ...observed, vm: { vm: { ...vm, statuses: [status] }, extensions: [], disks: [osDisk] } }
    expect(sourceContent({ ...source, capture }, seen)?.isLive).toBe(expected)
  })

  test.each<[string, Partial<Disk>]>([
    ['another disk', { uniqueId: 'other' }],
    ['the disk was used since', { lastOwnershipUpdateTime: '2026-11-23T00:00:00Z' }],
    ['the disk grew', { diskSizeGB: 64 }],
  ])('is another one with %s', (_, change) => {
    const seen = { ...observed, vm: { vm, extensions: [], disks: [{ ...osDisk, ...change }] } }
    expect(identity(source, seen)).not.toBe(identity(source, { ...observed, vm: { vm, extensions: [], disks: [osDisk] } }))
  })

  test('is another one with a disk at another LUN, or cached otherwise', () => {
    const [data] = vm.dataDisks
    const { disks = [] } = observed.vm ?? {}
    const plain = identity(source, observed)
    for (const change of [{ lun: 7 }, { caching: 'ReadOnly' as const }]) {
      const dataDisks = [{ ...(data as AttachedDisk), ...change }]
      expect(identity(source, { ...observed, vm: { vm: { ...vm, dataDisks }, extensions: [], disks } })).not.toBe(plain)
    }
    const osDisk = { ...vm.osDisk, caching: 'None' as const }
    expect(identity(source, { ...observed, vm: { vm: { ...vm, osDisk }, extensions: [], disks } })).not.toBe(plain)
  })

  test('is another one with another script, and the same with its id in another case', () => {
    expect(identity({ ...source, prepareScript: 'apt-get upgrade' }, observed)).not.toBe(identity(source, observed))
    expect(identity({ ...source, id: '/VMS/Golden' as ArmId }, observed)).toBe(identity(source, observed))
  })
})

const snapshot = (name: string, more: Partial<Snapshot> = {}): Snapshot => ({
  ...osDisk,
  id: `/snapshots/${name}`,
  name,
  provisioningState: 'Succeeded',
  tags: {},
  ...more,
})

describe('snapshots', () => {
  const given: Source = {
    kind: 'snapshots',
    disks: [
      { disk: 'os', source: '/snapshots/os' },
      { disk: 3, source: '/snapshots/data' },
    ],
  }

  test('are used as they are; OS and generation are the OS snapshot’s own', () => {
    const content = sourceContent(given, { ...none, sourceSnapshots: [snapshot('data'), snapshot('os', { hyperVGeneration: 'V1' })] })
    expect(content).toMatchObject({
      captured: [],
      imageTraits: { osType: 'Linux', generation: 'V1' },
      content: { osDisk: { source: { id: '/snapshots/os' } }, dataDisks: [{ lun: 3, source: { id: '/snapshots/data' } }] },
    })
  })

  test('with one missing are no content at all', () => {
    expect(sourceContent(given, { ...none, sourceSnapshots: [snapshot('os')] })).toBeUndefined()
  })
})

test('VHDs are read through their storage account, in its region', () => {
  const uri = 'https://packer.blob.core.windows.net/images/os.vhd'
  const given: Source = { kind: 'vhd', disks: [{ disk: 'os', source: uri }], osType: 'Windows', hyperVGeneration: 'V1' }
  expect(sourceContent(given, none)).toBeUndefined()
  expect(
    sourceContent(given, { ...none, storageAccounts: [{ id: '/sa', location: 'eastus', host: 'packer.blob.core.windows.net' }] }),
  ).toMatchObject({
    location: 'eastus',
    imageTraits: { osType: 'Windows', generation: 'V1' },
    content: { osDisk: { source: { kind: 'vhd', uri, storageAccountId: '/sa' } } },
  })
})

test('a managed image is another one when the disks below it are', () => {
  const image = {
    id: '/images/i',
    name: 'i',
    location: 'westeurope',
    provisioningState: 'Succeeded',
    sourceIds: ['/s1'],
    luns: [],
    tags: {},
  }
  const given: Source = { kind: 'managed-image', id: '/images/i' as ArmId }
  expect(identity(given, { ...none, sourceImage: image })).not.toBe(
    identity(given, { ...none, sourceImage: { ...image, sourceIds: ['/s2'], luns: [] } }),
  )
})
