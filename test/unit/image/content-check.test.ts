import { expect, test } from 'vitest'
import { snapshotMismatch, versionMismatch } from '../../../src/image/content-check.ts'
import { TAGS } from '../../../src/image/tags.ts'
import type { ArmId } from '../../../src/model/arm-id.ts'
import type { ImageVersion, Snapshot } from '../../../src/model/compute.ts'

const MINE = 'https://github.com/o/r/actions/runs/1/attempts/1#refresh-aaaaaa'
const THEIRS = 'https://github.com/o/r/actions/runs/1/attempts/1#refresh-bbbbbb'
const id = (name: string) => `/snapshots/${name}` as ArmId
const tags = { [TAGS.run]: MINE, [TAGS.fingerprint]: 'f' }
const plan = {
  tags,
  isLive: true,
  content: {
    kind: 'disks' as const,
    osDisk: { source: { kind: 'snapshot' as const, id: id('os') }, caching: 'None' as const },
    dataDisks: [],
  },
  snapshots: ['os', 'lun0'].map((name) => ({
    ...{ id: id(name), disk: 'os' as const, sourceId: `/disks/${name}`, caching: 'None' as const },
    ...{ exists: false, isStale: false },
  })),
}

test.each<[string, Partial<ImageVersion>, RegExp | undefined]>([
  ['as sent', { sourceIds: [id('OS')], tags }, undefined],
  ['of other disks', { sourceIds: [id('other')], tags: { ...tags, [TAGS.run]: THEIRS } }, /other disks, by https/],
  ['of the same disks, sent by two', { sourceIds: [id('os')], tags: { ...tags, [TAGS.run]: THEIRS } }, undefined],
  [
    'of another source under the same names',
    { sourceIds: [id('os')], tags: { [TAGS.run]: THEIRS, [TAGS.fingerprint]: 'g' } },
    /another source/,
  ],
  ['whose tags somebody replaced', { sourceIds: [id('os')], tags: { owner: 'x' } }, undefined],
])('a version %s', (_, seen, expected) => {
  const found = versionMismatch(plan, { ...({} as ImageVersion), ...seen })
  if (expected) expect(found).toMatch(expected)
  else expect(found).toBeUndefined()
})

const snapshot = (name: string, more: Partial<Snapshot> = {}): Snapshot =>
  ({ id: id(name), name, sourceResourceId: `/disks/${name}`, tags, ...more }) as Snapshot

test.each<[string, readonly Snapshot[], RegExp | undefined]>([
  ['as taken', [snapshot('os'), snapshot('lun0')], undefined],
  ['of the disk of another machine', [snapshot('os', { sourceResourceId: '/disks/theirs' }), snapshot('lun0')], /another disk, os/],
  ['of two runs of one running machine', [snapshot('os'), snapshot('lun0', { tags: { ...tags, [TAGS.run]: THEIRS } })], /two moments/],
  ['of another source', ['os', 'lun0'].map((name) => snapshot(name, { tags: { ...tags, [TAGS.fingerprint]: 'g' } })), /another source/],
])('snapshots %s', (_, found, expected) => {
  const seen = snapshotMismatch(plan, found)
  if (expected) expect(seen).toMatch(expected)
  else expect(seen).toBeUndefined()
})
