import { describe, expect, test } from 'vitest'
import { byVersionDescending, nextVersion, snapshotName } from '../../../src/image/names.ts'
import { fingerprintOf, isOfRun, isOwn, provenanceTags, runTag, TAGS } from '../../../src/image/tags.ts'
import { armId, parseArmId, regionName, sameId } from '../../../src/model/arm-id.ts'
import { RUN as RUN_CONTEXT } from '../../fixtures/run-context.ts'

const run = { ...RUN_CONTEXT, runAttempt: 1 }

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
  const tags = provenanceTags({ image: 'golden', target: '/g/golden', version: '1.0.0', source: '/vm', fingerprint: 'f' }, run, {
    team: 'x',
  })
  expect(tags.team).toBe('x')
  expect(isOwn(tags, 'Golden')).toBe(true)
  expect(isOwn(tags, 'other')).toBe(false)
  expect(isOwn({ team: 'x' }, 'golden')).toBe(false)
})

describe('fingerprint', () => {
  const target = { imageId: '/images/golden', kind: 'gallery' }
  const base = fingerprintOf({ disks: ['u'] }, target)

  test('is the same for the same content, whatever the case of the image id', () => {
    expect(fingerprintOf({ disks: ['u'] }, { ...target, imageId: '/IMAGES/golden' })).toBe(base)
  })

  test('changes with the content and with what is made of it', () => {
    expect(fingerprintOf({ disks: ['other'] }, target)).not.toBe(base)
    expect(fingerprintOf({ disks: ['u'] }, { ...target, kind: 'managed' })).not.toBe(base)
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

describe('a run', () => {
  const mine = runTag({ ...run, runAttempt: 2 })
  test.each([
    ['this very job', mine, true],
    ['a job of an earlier attempt', runTag({ ...run, runAttempt: 1, job: 'other', nonce: 'ffffff' }), true],
    ['another job of this attempt', runTag({ ...run, runAttempt: 2, nonce: 'ffffff' }), false],
    ['a later attempt', runTag({ ...run, runAttempt: 3 }), false],
    ['another workflow run', runTag({ ...run, runUrl: `${run.runUrl}0` }), false],
    ['nobody', '', false],
    ['somebody outside GitHub', runTag({ ...run, runUrl: '', nonce: 'ffffff' }), false],
  ])('takes up what %s left: %j is %j', (_, tag, expected) => {
    expect(isOfRun({ [TAGS.run]: tag }, mine)).toBe(expected)
  })

  test('fits into a tag, with the longest names that GitHub has', () => {
    const longest = `https://github.com/${'o'.repeat(39)}/${'r'.repeat(100)}/actions/runs/99999999999`
    expect(runTag({ ...run, runUrl: longest, runAttempt: 99, job: 'j'.repeat(100) }).length).toBeLessThanOrEqual(256)
  })
})
