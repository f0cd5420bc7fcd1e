import { describe, expect, test } from 'vitest'
import type { ArmId } from '../../src/arm-id.ts'
import { armId, parseArmId, sameId } from '../../src/arm-id.ts'
import type { Disk, VirtualMachine } from '../../src/ports.ts'
import { byVersionDescending, fingerprintOf, isOwn, nextVersion, provenanceTags, regionName, snapshotName } from '../../src/provenance.ts'

const run = { repository: 'o/r', sha: 'abc', runId: '1', runUrl: 'https://github.com/o/r/actions/runs/1', actor: 'a', eventName: 'push' }

describe('versions', () => {
  const now = new Date('2026-11-23T23:59:59Z')
  test.each([
    [[], '2026.1123.0'],
    [['2026.1122.7'], '2026.1123.0'],
    [['2026.1123.0', '2026.1123.3'], '2026.1123.4'],
    [['2026.1123.x'], '2026.1123.0'],
  ])('after %j comes %s', (taken, expected) => {
    expect(nextVersion(now, taken)).toBe(expected)
  })

  test('are ordered by number', () => {
    const names = ['2026.105.0', '2026.1123.2', '2026.1123.10'].map((name) => ({ name }))
    expect(names.sort(byVersionDescending).map(({ name }) => name)).toEqual(['2026.1123.10', '2026.1123.2', '2026.105.0'])
  })
})

test('a snapshot name stays within 80 characters and keeps version and disk', () => {
  const name = snapshotName('g'.repeat(80), '2026.1123.0', 5)
  expect(name).toHaveLength(80)
  expect(name.endsWith('-2026.1123.0-lun5')).toBe(true)
})

test('own resources are known by their tags', () => {
  const tags = provenanceTags({ image: 'golden', version: '1.0.0', source: '/vm', fingerprint: 'f' }, run, { team: 'x' })
  expect(tags.team).toBe('x')
  expect(isOwn(tags, 'Golden')).toBe(true)
  expect(isOwn(tags, 'other')).toBe(false)
  expect(isOwn({ team: 'x' }, 'golden')).toBe(false)
})

describe('fingerprint', () => {
  const vm = { vmId: 'v', dataDisks: [{ lun: 0 }] } as unknown as VirtualMachine
  const disk: Disk = {
    id: '/d',
    name: 'd',
    location: 'westeurope',
    diskSizeGB: 30,
    uniqueId: 'u',
    lastOwnershipUpdateTime: '2026-11-22T00:00:00Z',
  }
  const source = { kind: 'vm', id: '/VM' as ArmId, capture: 'live' } as const
  const target = { imageId: '/images/golden', kind: 'gallery' }
  const base = fingerprintOf(source, vm, [disk], target)

  test('is the same for the same content, whatever the case of ids', () => {
    expect(fingerprintOf({ ...source, id: '/vm' as ArmId }, vm, [{ ...disk, id: '/D' }], target)).toBe(base)
  })

  test.each<[string, Disk]>([
    ['another disk', { ...disk, uniqueId: 'other' }],
    ['the disk was used since', { ...disk, lastOwnershipUpdateTime: '2026-11-23T00:00:00Z' }],
    ['the disk grew', { ...disk, diskSizeGB: 64 }],
  ])('changes with %s', (_, changed) => {
    expect(fingerprintOf(source, vm, [changed], target)).not.toBe(base)
  })
})

test('regions are compared without spaces and case', () => {
  expect(regionName('West Europe')).toBe('westeurope')
})

describe('ARM ids', () => {
  const id = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/a/images/b/versions/1.0.0'
  test('fall into parts and come together again', () => {
    const parts = parseArmId(id)
    expect(parts).toEqual({
      subscriptionId: 's',
      resourceGroup: 'g',
      type: 'Microsoft.Compute/galleries/images/versions',
      names: ['a', 'b', '1.0.0'],
    })
    expect(parts && armId(parts)).toBe(id)
  })

  test.each(['', 'golden', '/subscriptions/s', `${id}/more`])('%j is none', (text) => {
    expect(parseArmId(text)).toBeUndefined()
  })

  test('are equal without regard to case; nothing equals nothing', () => {
    expect(sameId(id, id.toUpperCase())).toBe(true)
    expect(sameId(undefined, undefined)).toBe(false)
  })
})
