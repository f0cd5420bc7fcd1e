/** Which pools are one under several names, and which only look like it. */
import { describe, expect, test } from 'vitest'
import type { Pool } from '../../../src/model/batch.ts'
import { greenName, isOfFamily, servedName, servingPool, strandedPools } from '../../../src/pool/family.ts'
import { MARKS } from '../../../src/pool/marks.ts'

const ACCOUNT = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Batch/batchAccounts/a'

interface Given {
  /** The value of the mark of successors. */
  readonly mark?: string
  readonly created?: string
  readonly [property: string]: unknown
}

function poolOf(name: string, { mark, created = '2026-01-01', ...more }: Given = {}): Pool {
  return {
    id: `${ACCOUNT}/pools/${name}`,
    name,
    properties: {
      provisioningState: 'Succeeded',
      creationTime: created,
      ...(mark && { metadata: [{ name: MARKS.successorOf, value: mark }] }),
      ...more,
    },
  } as unknown as Pool
}
const successor = (name: string, more: Given = {}) => poolOf(name, { mark: `render/${name}`, ...more })
const LONG = 'r'.repeat(64)
const LONG_GREEN = greenName(LONG, 'images/golden/versions/2026.1124.0')

describe('a successor', () => {
  test.each<[string, Pool, string | undefined]>([
    ['made by this action', successor('render-2026-1124-0'), 'render'],
    ['whose name Azure gives back in another case', poolOf('Render-2026-1124-0', { mark: 'render/render-2026-1124-0' }), 'render'],
    ['made by an earlier version, whose marks do not name their pool', poolOf('render-2026-1124-0', { mark: 'render' }), 'render'],
    ['of a name that is too long', poolOf(LONG_GREEN, { mark: `${LONG}/${LONG_GREEN}` }), LONG],
    ['that a person cloned', poolOf('render-test', { mark: 'render/render-2026-1124-0' }), undefined],
    ['that a person cloned, with a mark of an earlier version', poolOf('render-test', { mark: 'render' }), undefined],
    ['that a person cloned under a foreign name', poolOf('animation-2026-1124-0', { mark: 'render' }), undefined],
    ['only by its name', poolOf('render-2026-1124-0'), undefined],
  ])('%s', (_, pool, expected) => {
    expect(servedName(pool)).toBe(expected)
    if (expected === undefined) expect(isOfFamily('render', pool)).toBe(false)
  })
})

describe('which pool serves under a name', () => {
  test.each<[string, readonly Pool[], string | undefined]>([
    ['itself', [poolOf('render'), poolOf('other')], 'render'],
    ['its successor', [successor('render-1-1-0')], 'render-1-1-0'],
    ['not a pool that only looks like one', [poolOf('render-1-2-3')], undefined],
    [
      'not a clone, though it is older',
      [poolOf('copy', { mark: 'render/render-1-1-0', created: '2025-01-01' }), poolOf('render')],
      'render',
    ],
    [
      'the older of two, until it is retired',
      [successor('render-1-2-0', { created: '2026-03-01' }), successor('render-1-1-0', { created: '2026-02-01' })],
      'render-1-1-0',
    ],
    [
      'not one that is being deleted',
      [poolOf('render', { provisioningState: 'Deleting' }), successor('render-1-1-0', { created: '2026-02-01' })],
      'render-1-1-0',
    ],
  ])('%s', (_, pools, expected) => {
    expect(servingPool('render', pools)?.name).toBe(expected)
  })
})

describe('pools that interrupted runs have left', () => {
  const BEFORE_MS = Date.parse('2026-11-23T03:00:00Z')
  const LONG_AGO = '2026-11-20T00:00:00Z'
  const LATELY = '2026-11-23T20:00:00Z'
  const old = poolOf('render', { created: '2026-11-01T00:00:00Z' })

  test.each<[string, readonly Pool[], readonly (readonly string[])[]]>([
    ['beside the one that serves', [old, successor('render-1', { created: LONG_AGO })], [['render-1', 'render']]],
    ['not one that took over', [successor('render-1', { created: LONG_AGO })], []],
    ['not a young one', [old, successor('render-1', { created: LATELY })], []],
    [
      'not one that was changed or resized lately',
      [
        old,
        successor('render-1', { created: LONG_AGO, lastModified: LATELY }),
        successor('render-2', { created: LONG_AGO, allocationStateTransitionTime: LATELY }),
      ],
      [],
    ],
    ["not somebody else's, whatever its name", [old, poolOf('render-1', { created: LONG_AGO })], []],
    ['not a clone', [old, poolOf('render-test', { mark: 'render/render-1', created: LONG_AGO })], []],
    ['not one on its way out', [old, successor('render-1', { created: LONG_AGO, provisioningState: 'Deleting' })], []],
    ['not one of an unknown age', [old, successor('render-1', { created: '' })], []],
  ])('%s', (_, pools, expected) => {
    expect(strandedPools(pools, BEFORE_MS).map(({ pool, serving }) => [pool.name, serving.name])).toEqual(expected)
  })
})
