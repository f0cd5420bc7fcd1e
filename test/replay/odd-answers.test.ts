/** What ARM may answer to a poll besides what was recorded. */
import { expect, test } from 'vitest'
import type { RawAnswer } from '../../src/azure/failure.ts'
import { follow, operationOf, PACES } from '../../src/azure/long-operation.ts'

const ARM = 'https://management.azure.com'
const POLL = `${ARM}/subscriptions/s/providers/microsoft.COMPUTE/Locations/x/DiskOperations/1?p=1&t=2&c=3&s=4`
const ATTEMPT = { operation: 'create snapshot', resourceId: '/subscriptions/s/snapshots/a', method: 'PUT', url: `${ARM}/a` }

interface Answered {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

const answer = ({ status = 200, headers = {}, body }: Answered): RawAnswer => ({
  status,
  bodyAsText: body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body),
  headers: { get: (name) => headers[name.toLowerCase()] },
})

/** Follows an operation that is answered so. @returns the URLs asked, and the waits before them. */
async function followed(start: Answered, polls: readonly Answered[]) {
  const left = [...polls]
  const urls: string[] = []
  const waits: number[] = []
  const clock = { now: () => new Date(0), sleep: async (ms: number) => void waits.push(ms) }
  const ask = async (url: string) => {
    urls.push(url)
    return answer(left.shift() ?? { status: 404, body: { error: { code: 'NotFound', message: 'asked too often' } } })
  }
  const operation = operationOf({ started: answer(start), attempt: ATTEMPT, ask, origin: ARM })
  await follow({ operation, pace: PACES.disk, clock, signal: new AbortController().signal })
  return { urls, waits }
}

const AAO = { 'azure-asyncoperation': POLL }
const LOCATION = { location: POLL }
const done = { body: { status: 'Succeeded' } }

test.each<[string, Answered, readonly Answered[], number]>([
  ['no header: it ended with its start', { status: 200 }, [], 0],
  ['200 and Azure-AsyncOperation', { status: 200, headers: AAO }, [{ body: { status: 'Updating' } }, done], 2],
  ['200 and Location is no long operation', { status: 200, headers: LOCATION }, [], 0],
  ['Location alone: 202 until it is done', { status: 202, headers: LOCATION }, [{ status: 202 }, { status: 202 }, { status: 200 }], 3],
  ['Location, no content at the end', { status: 202, headers: LOCATION }, [{ status: 202 }, { status: 204 }], 2],
  ['states in another case', { status: 201, headers: AAO }, [{ body: { status: 'inprogress' } }, { body: { status: 'SUCCEEDED' } }], 2],
  ['an empty body is the HTTP status: 202', { status: 202, headers: AAO }, [{ status: 202 }, done], 2],
  ['an empty body is the HTTP status: 200', { status: 202, headers: AAO }, [{ status: 200 }], 1],
  [
    'the resource instead of a status',
    { status: 201, headers: AAO },
    [{ body: { properties: { provisioningState: 'Creating' } } }, { body: { properties: { provisioningState: 'Succeeded' } } }],
    2,
  ],
  ['CRLF and two spaces', { status: 201, headers: AAO }, [{ body: '{\r\n  "status": "Succeeded"\r\n}' }], 1],
  ['Retry-After of nothing', { status: 202, headers: { ...AAO, 'retry-after': '0' } }, [done], 1],
])('%s', async (_, start, polls, asked) => {
  const { urls, waits } = await followed(start, polls)
  expect(urls).toEqual(Array.from({ length: asked }, () => POLL))
  expect(waits.every((ms) => ms >= PACES.disk.firstMs)).toBe(true)
})

test('the newest URL is asked, and no other host', async () => {
  const moved = `${ARM}/subscriptions/s/operationResults/2?t=5`
  const { urls } = await followed({ status: 202, headers: LOCATION }, [{ status: 202, headers: { location: moved } }, { status: 200 }])
  expect(urls).toEqual([POLL, moved])
  const abroad = { status: 202, headers: { location: 'https://elsewhere.example/1' } }
  await expect(followed({ status: 202, headers: LOCATION }, [abroad, { status: 200 }])).rejects.toThrow(/another host/)
})

test.each(['Failed', 'Canceled', 'failed'])('an operation that ended %s says why', async (status) => {
  const error = { code: 'ImageBlobNotFound', message: 'Unable to find VHD blob' }
  await expect(followed({ status: 201, headers: AAO }, [{ body: { status, error } }])).rejects.toMatchObject(error)
})

test('a poll that is refused says so', async () => {
  const body = { error: { code: 'AuthorizationFailed', message: 'no' } }
  await expect(followed({ status: 201, headers: AAO }, [{ status: 403, body }])).rejects.toMatchObject({
    code: 'AuthorizationFailed',
    status: 403,
  })
})
