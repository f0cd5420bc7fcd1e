/** Long operations, followed by hand: what each answer means, and what may go wrong on the way. */
import { RestError } from '@azure/core-rest-pipeline'
import { describe, expect, test } from 'vitest'
import type { RawAnswer } from '../../../src/azure/failure.ts'
import { follow, operationOf } from '../../../src/azure/long-operation.ts'
import { PACES } from '../../../src/azure/pace.ts'
import { explain } from '../../../src/errors/explanation.ts'
import { ATTEMPT, answer, ORIGIN } from '../../fixtures/raw-answers.ts'

const STATUS = `${ORIGIN}/operations/1?t=1&s=signature`
const RESULT = `${ORIGIN}/results/1?t=1&s=signature`

/** An operation whose URLs give these answers in turn, the last one for ever. */
function operation(headers: Record<string, string>, answers: readonly (RawAnswer | Error)[], started = answer(202, '', headers)) {
  const asked: string[] = []
  const ask = async (url: string): Promise<RawAnswer> => {
    const next = answers[Math.min(asked.length, answers.length - 1)]
    asked.push(url)
    if (next instanceof Error) throw next
    return next ?? answer(500)
  }
  return { asked, followed: operationOf({ started, attempt: ATTEMPT, ask, origin: ORIGIN }) }
}

const ASYNC = { 'azure-asyncoperation': STATUS }
const LOCATION = { location: RESULT }
const running = answer(200, { status: 'InProgress' })
const succeeded = answer(200, { status: 'Succeeded' })

describe('a poll', () => {
  test.each<[string, Record<string, string>, RawAnswer, string]>([
    ['InProgress by its status', ASYNC, running, 'InProgress'],
    ['InProgress by a status not known', ASYNC, answer(200, { status: 'Updating' }), 'InProgress'],
    ['Succeeded by its status', ASYNC, succeeded, 'Succeeded'],
    ['InProgress by a 202 of its location', LOCATION, answer(202), 'InProgress'],
    ['Succeeded by a 200 of its location', LOCATION, answer(200, { id: 'x' }), 'Succeeded'],
    ['Succeeded by a 204 of its location', LOCATION, answer(204), 'Succeeded'],
    ['the status before the location', { ...ASYNC, ...LOCATION }, running, 'InProgress'],
  ])('%s', async (_, headers, polled, expected) => {
    expect(await operation(headers, [polled]).followed.poll()).toBe(expected)
  })

  test.each(['Failed', 'Canceled'])('throws the innermost words of an operation that ended %s', async (status) => {
    const error = { code: 'Conflict', message: 'outer', details: [{ code: 'DiskBusy', message: 'The disk is being moved.' }] }
    await expect(operation(ASYNC, [answer(200, { status, error })]).followed.poll()).rejects.toMatchObject({
      code: 'DiskBusy',
      message: 'The disk is being moved.',
    })
  })

  test('reads the resource at once where the operation has ended and the resource was last seen in progress', async () => {
    const asked: string[] = []
    const creating = answer(201, { properties: { provisioningState: 'Creating' } }, ASYNC)
    const ask = async (url: string): Promise<RawAnswer> => {
      asked.push(url)
      return url === STATUS ? succeeded : answer(200, { properties: { provisioningState: 'Succeeded' } })
    }
    const followed = operationOf({ started: creating, attempt: ATTEMPT, ask, origin: ORIGIN, resourceUrl: `${ORIGIN}/r` })
    expect(await followed.poll()).toBe('Succeeded')
    expect(asked).toEqual([STATUS, `${ORIGIN}/r`])
  })

  test('an operation that ended with its start asks nothing', async () => {
    const { asked, followed } = operation({}, [], answer(200, { id: 'x' }))
    expect(await followed.poll()).toBe('Succeeded')
    expect(asked).toEqual([])
  })
})

describe('polls that are lost', () => {
  const LOST = [404, 408, 429, 500, 502, 503, 504].map((status) => [String(status), answer(status)] as const)
  const broken = ['no answer', new RestError('it broke', { code: 'ECONNRESET' })] as const

  test.each([...LOST, broken])('%s, up to three in a row, do not end the operation', async (_, lost) => {
    const { followed } = operation(ASYNC, [lost, lost, lost, running, lost, lost, lost, succeeded])
    const seen: string[] = []
    for (let poll = 0; poll < 8; poll += 1) seen.push(await followed.poll())
    expect(seen.at(-1)).toBe('Succeeded')
    expect(seen.slice(0, -1)).toEqual(Array(7).fill('InProgress'))
  })

  test.each([...LOST, broken])('%s permanently is reported, with what was being done', async (_, lost) => {
    const { asked, followed } = operation(ASYNC, [lost])
    for (let poll = 0; poll < 3; poll += 1) expect(await followed.poll()).toBe('InProgress')
    const error = await followed.poll().catch((thrown: unknown) => thrown)
    expect(explain(error).title).toContain('create snapshot golden-os')
    expect(asked).toHaveLength(4)
  })

  test.each([400, 401, 403, 409])('a refusal (%i) is reported at once', async (status) => {
    const { followed } = operation(ASYNC, [answer(status, { error: { code: 'No', message: 'because' } })])
    await expect(followed.poll()).rejects.toMatchObject({ code: 'No', status })
  })

  test('the end of the run is not taken for a lost poll', async () => {
    const { followed } = operation(ASYNC, [Object.assign(new Error('aborted'), { name: 'AbortError' })])
    await expect(followed.poll()).rejects.toMatchObject({ name: 'AbortError' })
  })
})

describe('an output', () => {
  test('is in the status, where it is given there', async () => {
    const { followed } = operation(ASYNC, [answer(200, { status: 'Succeeded', properties: { output: { value: [1] } } })])
    await followed.poll()
    expect(await followed.output()).toEqual({ value: [1] })
  })

  test('is at the location otherwise', async () => {
    const { followed, asked } = operation({ ...ASYNC, ...LOCATION }, [succeeded, answer(200, { value: [2] })])
    await followed.poll()
    expect(await followed.output()).toEqual({ value: [2] })
    expect(asked).toEqual([STATUS, RESULT])
  })

  test('that is refused is an error, not an empty one', async () => {
    const { followed } = operation({ ...ASYNC, ...LOCATION }, [succeeded, answer(403, { error: { code: 'No', message: 'because' } })])
    await followed.poll()
    await expect(followed.output()).rejects.toMatchObject({ code: 'No' })
  })
})

test.each(['http://management.azure.com/x', 'https://management.azure.com.evil.example/x', 'https://management.azure.com:8443/x'])(
  'our token does not go to %s',
  (url) => {
    expect(() => operation({ 'azure-asyncoperation': url }, [running])).toThrow('leads to another host')
    expect(() => operation({ location: url }, [running])).toThrow('leads to another host')
  },
)

test('waiting honours the Retry-After of each answer', async () => {
  const slept: number[] = []
  let now = 0
  const clock = {
    now: () => new Date(now),
    sleep: async (ms: number) => {
      slept.push(ms)
      now += ms
    },
  }
  const started = answer(202, '', { ...ASYNC, 'retry-after': '7' })
  const { followed } = operation(ASYNC, [answer(200, { status: 'InProgress' }, { 'retry-after': '12' }), running, succeeded], started)
  await follow({ operation: followed, pace: PACES.image, clock, signal: new AbortController().signal })
  expect(slept).toEqual([7_000, 12_000, 2_000])
})
