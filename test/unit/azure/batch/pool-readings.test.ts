import { expect, test } from 'vitest'
import { PoolReadings } from '../../../../src/azure/batch/pool-readings.ts'
import type { ArmId } from '../../../../src/model/arm-id.ts'
import type { Pool } from '../../../../src/model/batch.ts'

const { signal } = new AbortController()
const idOf = (name: string) => `/subscriptions/s/resourceGroups/g/providers/Microsoft.Batch/batchAccounts/a/pools/${name}` as ArmId
const poolOf = (name: string, etag: string) => ({ id: idOf(name).toUpperCase(), name, etag, properties: {} }) as Pool

/** An account whose pools change with every request; `listed` are those that its list shows. */
function account(listed: readonly string[], fails = false) {
  const requests: string[] = []
  const readings = new PoolReadings({
    get: async (id) => {
      requests.push(id)
      return poolOf(id.slice(id.lastIndexOf('/') + 1), String(requests.length))
    },
    list: async () => {
      requests.push('list')
      if (fails) throw new Error('403')
      return listed.map((name) => poolOf(name, String(requests.length)))
    },
    clock: { now: () => new Date(0), sleep: async () => undefined },
  })
  return { requests, read: (names: readonly string[]) => Promise.all(names.map((name) => readings.read(idOf(name), signal))) }
}

test('a few pools are read one by one', async () => {
  const { requests, read } = account([])
  await read(['a', 'b', 'c'])
  expect(requests).toEqual([idOf('a'), idOf('b'), idOf('c')])
})

test('more pools share one list, and the next reading is a new one', async () => {
  const names = ['a', 'b', 'c', 'd', 'e']
  const { requests, read } = account(names)
  await read(names)
  requests.length = 0
  expect((await read(names)).map((pool) => pool?.name)).toEqual(names)
  expect(requests).toEqual(['list'])
  const [later] = await read(names)
  expect(later?.etag).toBe('2')
})

test.each<[string, ReturnType<typeof account>]>([
  ['that lacks a pool', account(['a', 'b', 'c', 'd'])],
  ['that cannot be read', account([], true)],
])('a list %s says nothing of it', async (_, { requests, read }) => {
  await read(['a', 'b', 'c', 'd', 'late'])
  requests.length = 0
  expect((await read(['late']))[0]?.name).toBe('late')
  expect(requests).toEqual(['list', idOf('late')])
})
