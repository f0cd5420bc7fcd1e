import { describe, expect, test } from 'vitest'
import { disksOfPoint, planRestorePoint } from '../../../src/image/restore-point-plan.ts'
import { TEMPORARY_TAG, temporaryApiVersion } from '../../../src/image/temporary.ts'
import type { ArmId } from '../../../src/model/arm-id.ts'

const plan = planRestorePoint({
  group: '/subscriptions/s/resourceGroups/g' as ArmId,
  name: 'golden-1.0.0-copy-1',
  vm: { id: '/vms/golden', location: 'westeurope' },
  captured: [
    { disk: 'os', sourceId: '/disks/os', caching: 'ReadWrite' },
    { disk: 7, sourceId: '/disks/data', caching: 'None' },
  ],
  tags: { 'image-pool-image': 'golden' },
})
const answer = (luns: readonly number[]) => ({
  properties: {
    sourceMetadata: {
      storageProfile: {
        osDisk: { diskRestorePoint: { id: '/points/os' } },
        // As Azure likes: in no order of ours.
        dataDisks: luns.map((lun) => ({ lun, diskRestorePoint: { id: `/points/${lun}` } })).toReversed(),
      },
    },
  },
})

describe('a restore point', () => {
  test('is of all disks of the VM, and consistent without anything installed inside', () => {
    expect(plan.collection.body).toMatchObject({ location: 'westeurope', properties: { source: { id: '/vms/golden' } } })
    expect(plan.point.body).toEqual({ properties: { consistencyMode: 'CrashConsistent' } })
    expect(plan.point.id.startsWith(`${plan.collection.id}/restorePoints/`)).toBe(true)
  })

  test('is found again by a later run, and can be deleted', () => {
    expect(plan.collection.body).toMatchObject({ tags: { [TEMPORARY_TAG]: 'golden' } })
    expect(temporaryApiVersion(plan.collection.id)).toBe(plan.point.apiVersion)
  })

  test('gives a disk for each captured one, each at its LUN', () => {
    expect(disksOfPoint(plan, answer([3, 7]))).toMatchObject([
      { id: plan.disks[0], body: { properties: { creationData: { createOption: 'Restore', sourceResourceId: '/points/os' } } } },
      { id: plan.disks[1], body: { properties: { creationData: { createOption: 'Restore', sourceResourceId: '/points/7' } } } },
    ])
  })

  test.each([
    ['a disk is not in it', answer([3])],
    ['it says nothing', {}],
  ])('is useless where %s', (_, said) => {
    expect(disksOfPoint(plan, said)).toBeUndefined()
  })
})
