import { expect, test } from 'vitest'
import { AzureError } from '../../../src/errors/azure-error.ts'
import { explain } from '../../../src/errors/explanation.ts'
import { allSideBySide, sideBySide } from '../../../src/run/side-by-side.ts'

const refused = (name: string, message: string) =>
  new AzureError({
    operation: 'delete snapshot',
    resourceId: `/s/${name}`,
    method: 'DELETE',
    url: 'u',
    status: 409,
    body: { error: { code: 'ScopeLocked', message } },
  })
const failing = (count: number, message: (name: string) => string) =>
  allSideBySide(
    Array.from({ length: count }, (_, index) => `s${index}`),
    (name) => Promise.reject(refused(name, message(name))),
  )

test('results come in the order of the items, and no more are worked on at once than may be', async () => {
  let [now, most] = [0, 0]
  const doubled = await sideBySide([3, 1, 2], 2, async (ms) => {
    most = Math.max(most, ++now)
    await new Promise((resolve) => setTimeout(resolve, ms))
    now -= 1
    return ms * 2
  })
  expect({ doubled, most }).toEqual({ doubled: [6, 2, 4], most: 2 })
})

test('a failure waits for the others, and is thrown as it is', async () => {
  const failure = refused('a', 'locked')
  let hasEnded = false
  const work = async (item: string) => {
    if (item === 'a') throw failure
    await new Promise((resolve) => setTimeout(resolve, 5))
    hasEnded = true
  }
  await expect(allSideBySide(['a', 'b'], work)).rejects.toBe(failure)
  expect(hasEnded).toBe(true)
})

test('one that all share is reported once', async () => {
  const reason = new Error('the run was cancelled')
  await expect(allSideBySide([1, 2], () => Promise.reject(reason))).rejects.toBe(reason)
})

test('different ones are all reported, with what to do about each kind once', async () => {
  const { title, message, hint } = explain(await failing(2, (name) => `${name} is locked`).catch((error) => error))
  expect(title).toBe('Forbidden by a resource lock: delete snapshot s0 (ScopeLocked), and 1 more')
  expect(message).toBe(
    [0, 1].map((one) => `Forbidden by a resource lock: delete snapshot s${one} (ScopeLocked): s${one} is locked`).join('\n'),
  )
  expect(hint.match(/remove the lock/g)).toHaveLength(1)
})

test('more than an annotation has room for are counted', async () => {
  const { message } = explain(await failing(100, (name) => `${name} is locked`).catch((error) => error))
  expect(message.split('\n')).toHaveLength(21)
  expect(message).toMatch(/\nand 80 more$/)
})
