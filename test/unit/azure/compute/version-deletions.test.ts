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

test('many deletions of a definition share one list', async () => {
  const { all, readings, pass } = deletions(
    [
      ['1.0.0', 'Deleting'],
      ['9.0.0', 'Succeeded'],
    ],
    [['9.0.0', 'Succeeded']],
  )
  const followed = ['1.0.0', '1.0.1', '1.0.2'].map((name) => all.follow(idOf(name), unasked))
  expect(await Promise.all(followed.map((one) => one.poll()))).toEqual(['InProgress', 'Succeeded', 'Succeeded'])
  expect(readings()).toBe(1)
  pass(20_000)
  expect(await followed[0]?.poll()).toBe('Succeeded')
  expect(readings()).toBe(2)
})

test.each([
  ['a version that is listed as it was', [['1.0.0', 'Succeeded']] as const],
  ['an empty list', []],
  ['a definition that is not found', undefined],
  ['a list that is refused', new Error('403')],
])('%s says nothing: the operation is asked', async (_, list) => {
  const failing = operation(() => Promise.reject(new Error('deletion failed')))
  await expect(deletions(list).all.follow(idOf('1.0.0'), failing).poll()).rejects.toThrow('deletion failed')
})

test('what the operation asks for and gives stays', async () => {
  const followed = deletions([]).all.follow(idOf('1.0.0'), unasked)
  expect([followed.isOver, followed.retryAfterS, await followed.output()]).toEqual([false, 7, 'output'])
})
