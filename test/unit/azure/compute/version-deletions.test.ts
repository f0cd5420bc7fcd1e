import { expect, test } from 'vitest'
import { VersionDeletions } from '../../../../src/azure/compute/version-deletions.ts'
import type { FollowedOperation } from '../../../../src/azure/long-operation.ts'
import type { ArmId } from '../../../../src/model/arm-id.ts'
import type { ImageVersion } from '../../../../src/model/compute.ts'

const DEFINITION = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/images/images/golden'
const idOf = (name: string) => `${DEFINITION}/versions/${name}` as ArmId

/** What the list says at each reading, in order. */
function deletions(...lists: readonly (readonly (readonly [name: string, state: string])[] | undefined | Error)[]) {
  let nowMs = 0
  let read = 0
  const list = async () => {
    const found = lists[Math.min(read++, lists.length - 1)]
    if (found instanceof Error) throw found
    return found?.map(([name, provisioningState]) => ({ id: idOf(name).toUpperCase(), name, provisioningState }) as ImageVersion)
  }
  const clock = { now: () => new Date(nowMs), sleep: async () => undefined }
  return {
    all: new VersionDeletions(list, clock),
    readings: () => read,
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}

function operation(poll: FollowedOperation['poll']): FollowedOperation {
  return { isOver: false, retryAfterS: 7, output: async () => 'output', poll }
}

const unasked = operation(() => Promise.reject(new Error('the operation was asked')))

test('a deletion that is alone follows its operation', async () => {
  const { all, readings } = deletions([['1.0.0', 'Deleting']])
  expect(
    await all
      .follow(
        idOf('1.0.0'),
        operation(async () => 'InProgress'),
      )
      .poll(),
  ).toBe('InProgress')
  expect(readings()).toBe(0)
})

test('several deletions of a definition share one list while it says Deleting; how each ends, its operation says', async () => {
  const stillThere = ['1.0.0', '1.0.1', '1.0.2'].map((name) => [name, 'Deleting'] as const)
  const { all, readings, pass } = deletions(stillThere, [['1.0.1', 'Failed']])
  let asked = 0
  const succeeding = operation(async () => {
    asked += 1
    return 'Succeeded'
  })
  const failing = operation(() => Promise.reject(new Error('deletion failed')))
  const [first, second, third] = [
    all.follow(idOf('1.0.0'), succeeding),
    all.follow(idOf('1.0.1'), failing),
    all.follow(idOf('1.0.2'), succeeding),
  ]
  expect(await Promise.all([first, second, third].map((one) => one.poll()))).toEqual(['InProgress', 'InProgress', 'InProgress'])
  expect([readings(), asked]).toEqual([1, 0])
  pass(20_000)
  expect(await first.poll()).toBe('Succeeded')
  await expect(second.poll()).rejects.toThrow('deletion failed')
  expect(await third.poll()).toBe('Succeeded')
  expect([readings(), asked]).toEqual([2, 2])
})

test.each([
  ['a version that is listed as it was', [['1.0.0', 'Succeeded']] as const],
  ['an empty list', []],
  ['a definition that is not found', undefined],
  ['a list that is refused', new Error('403')],
])('%s says nothing: the operation is asked', async (_, list) => {
  const { all } = deletions(list)
  all.follow(idOf('1.0.1'), unasked)
  const failing = operation(() => Promise.reject(new Error('deletion failed')))
  await expect(all.follow(idOf('1.0.0'), failing).poll()).rejects.toThrow('deletion failed')
})

test('what the operation asks for and gives stays', async () => {
  const followed = deletions([]).all.follow(idOf('1.0.0'), unasked)
  expect([followed.isOver, followed.retryAfterS, await followed.output()]).toEqual([false, 7, 'output'])
})
