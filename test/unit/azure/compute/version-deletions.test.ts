import { expect, test } from 'vitest'
import { VersionDeletions } from '../../../../src/azure/compute/version-deletions.ts'
import type { FollowedOperation } from '../../../../src/azure/long-operation.ts'
import type { ArmId } from '../../../../src/model/arm-id.ts'

const DEFINITION = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/images/images/golden'
const idOf = (name: string, definition = DEFINITION) => `${definition}/versions/${name}` as ArmId

function deletions() {
  let nowMs = 0
  const clock = { now: () => new Date(nowMs), sleep: async () => undefined }
  return {
    all: new VersionDeletions(clock),
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}

/** Answers these, the last one for ever, and counts the questions. */
function operation(...answers: readonly ('InProgress' | 'Succeeded' | Error)[]) {
  let asked = 0
  const poll: FollowedOperation['poll'] = async () => {
    const answer = answers[Math.min(asked++, answers.length - 1)] ?? 'InProgress'
    if (answer instanceof Error) throw answer
    return answer
  }
  return { operation: { isOver: false, retryAfterS: 7, output: async () => 'output', poll }, asked: () => asked }
}

test('while the first of a definition is in progress, no other is asked; how each ends, its own operation says', async () => {
  const { all, pass } = deletions()
  const [first, second, third] = [operation('InProgress', 'Succeeded'), operation(new Error('deletion failed')), operation('Succeeded')]
  const asked = () => [first, second, third].map((one) => one.asked())
  const followed = [first, second, third].map((one, index) => all.follow(idOf(`1.0.${index}`), one.operation))
  const poll = () => Promise.allSettled(followed.map((one) => one.poll()))
  expect(await poll()).toMatchObject([{ value: 'InProgress' }, { value: 'InProgress' }, { value: 'InProgress' }])
  expect(asked()).toEqual([1, 0, 0])
  pass(4_000)
  expect(await poll()).toMatchObject([{ value: 'Succeeded' }, { reason: { message: 'deletion failed' } }, { value: 'Succeeded' }])
  expect(asked()).toEqual([2, 1, 1])
})

test('a first one that fails is no word about the others', async () => {
  const { all } = deletions()
  const [first, second] = [operation(new Error('deletion failed')), operation('InProgress')]
  const followed = [first, second].map((one, index) => all.follow(idOf(`1.0.${index}`), one.operation))
  await expect(followed[0]?.poll()).rejects.toThrow('deletion failed')
  expect(await followed[1]?.poll()).toBe('InProgress')
  expect([first.asked(), second.asked()]).toEqual([1, 1])
})

test('one that never ends does not keep the others waiting for ever', async () => {
  const { all, pass } = deletions()
  const [first, second] = [operation('InProgress'), operation('Succeeded')]
  const [, followed] = [first, second].map((one, index) => all.follow(idOf(`1.0.${index}`), one.operation))
  for (let minutes = 0; minutes < 5; minutes += 1) {
    expect(await followed?.poll()).toBe('InProgress')
    pass(60_000)
  }
  expect(await followed?.poll()).toBe('Succeeded')
})

test('another definition is asked for itself', async () => {
  const { all } = deletions()
  all.follow(idOf('1.0.0'), operation('InProgress').operation)
  expect(await all.follow(idOf('1.0.0', `${DEFINITION}2`), operation('Succeeded').operation).poll()).toBe('Succeeded')
})

test('what the operation asks for and gives stays', async () => {
  const followed = deletions().all.follow(idOf('1.0.0'), operation('InProgress').operation)
  expect([followed.isOver, followed.retryAfterS, await followed.output()]).toEqual([false, 7, 'output'])
})
