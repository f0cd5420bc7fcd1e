/** What ARM may answer to a poll besides what was recorded. */
import { expect, test } from 'vitest'
import type { RawAnswer } from '../../src/azure/failure.ts'
import { follow, operationOf } from '../../src/azure/long-operation.ts'
import { PACES } from '../../src/azure/pace.ts'

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

interface Case {
  readonly method?: string
  readonly start: Answered
  /** Of the operation's URL, in order. */
  readonly polls?: readonly Answered[]
  /** Of the resource, in order, the last one for ever; absent where it may not be asked. */
  readonly resource?: readonly Answered[]
}

const RESOURCE = `${ARM}/subscriptions/s/snapshots/a?api-version=1`

/** Follows an operation that is answered so. @returns the URLs asked, and the waits before them */
async function followed({ method = 'PUT', start, polls = [], resource }: Case) {
  const left = { polls: [...polls], resource: [...(resource ?? [])] }
  const urls: string[] = []
  const waits: number[] = []
  const clock = { now: () => new Date(0), sleep: async (ms: number) => void waits.push(ms) }
  const ask = async (url: string) => {
    urls.push(url)
    if (url === RESOURCE) return answer((left.resource.length > 1 ? left.resource.shift() : left.resource[0]) ?? GONE)
    return answer(left.polls.shift() ?? { status: 404, body: { error: { code: 'NotFound', message: 'asked too often' } } })
  }
  const operation = operationOf({
    started: answer(start),
    attempt: { ...ATTEMPT, method },
    ask,
    origin: ARM,
    ...(resource && { resourceUrl: RESOURCE }),
  })
  await follow({ operation, pace: PACES.disk, clock, signal: new AbortController().signal })
  return { urls, waits }
}

const GONE = { status: 404, body: { error: { code: 'ResourceNotFound', message: 'gone' } } }
const inState = (provisioningState: string, more: object = {}): Answered => ({
  body: { id: '/a', properties: { provisioningState, ...more } },
})
const CREATING = { ...inState('Creating'), status: 201 }
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
  const { urls, waits } = await followed({ start, polls })
  expect(urls).toEqual(Array.from({ length: asked }, () => POLL))
  expect(waits.every((ms) => ms >= PACES.disk.firstMs)).toBe(true)
})

const done200 = inState('Succeeded')
test.each<[string, Case, { readonly polls?: number; readonly resource?: number }]>([
  [
    '201 and Creating without a header',
    { start: CREATING, resource: [inState('Creating'), inState('Updating'), done200] },
    { resource: 3 },
  ],
  ['200 and Updating without a header', { start: inState('Updating'), resource: [done200] }, { resource: 1 }],
  ['202 without a header or a body', { start: { status: 202 }, resource: [inState('Creating'), done200] }, { resource: 2 }],
  ['201 and Succeeded without a header', { start: { ...done200, status: 201 } }, {}],
  ['201 and a state that nobody knows', { start: { ...inState('Warming'), status: 201 }, resource: [done200] }, { resource: 1 }],
  ['204', { start: { status: 204 } }, {}],
  [
    '201, Creating and Location',
    { start: { ...CREATING, headers: LOCATION }, polls: [{ status: 202 }, { status: 200 }], resource: [done200] },
    { polls: 2, resource: 1 },
  ],
  [
    'Location that gives the resource while it is still created',
    { start: { status: 202, headers: LOCATION }, polls: [inState('Creating'), done200] },
    { polls: 2 },
  ],
  [
    'Location that gives an operation',
    { start: { status: 202, headers: LOCATION }, polls: [{ body: { status: 'InProgress' } }, done], resource: [done200] },
    { polls: 2, resource: 1 },
  ],
  [
    'an operation that has succeeded before its resource',
    { start: { ...CREATING, headers: AAO }, polls: [done], resource: [inState('Creating'), done200] },
    { polls: 1, resource: 2 },
  ],
  [
    'an operation that gives its resource',
    { start: { ...CREATING, headers: AAO }, polls: [{ body: { status: 'Succeeded', properties: { output: { id: '/a' } } } }] },
    { polls: 1 },
  ],
  [
    'a resource that is shown as created for ever, though its operation has succeeded',
    { start: { ...CREATING, headers: AAO }, polls: [done], resource: [inState('Creating')] },
    { polls: 1, resource: 10 },
  ],
  [
    'a resource that may not be read, though its operation has succeeded',
    { start: { ...CREATING, headers: AAO }, polls: [done], resource: [{ status: 403 }] },
    { polls: 1, resource: 1 },
  ],
  ['an operation that Azure has forgotten', { start: { ...CREATING, headers: AAO }, resource: [done200] }, { polls: 4, resource: 1 }],
  [
    'a deletion without a header',
    { method: 'DELETE', start: { status: 202 }, resource: [inState('Deleting'), inState('Succeeded'), GONE] },
    { resource: 3 },
  ],
  [
    'a deletion that Azure has forgotten',
    { method: 'DELETE', start: { status: 202, headers: LOCATION }, resource: [GONE] },
    { polls: 4, resource: 1 },
  ],
  ['a deletion with a header', { method: 'DELETE', start: { status: 202, headers: AAO }, polls: [done], resource: [] }, { polls: 1 }],
  ['an action without a header', { method: 'POST', start: { status: 202 }, resource: [inState('Updating'), done200] }, { resource: 2 }],
  [
    'operation-location',
    {
      start: { status: 202, headers: { 'operation-location': POLL } },
      polls: [{ body: { status: 'Running' } }, done],
      resource: [done200],
    },
    { polls: 2, resource: 1 },
  ],
  [
    'null in place of a body',
    { start: { status: 202, headers: AAO }, polls: [{ body: 'null' }], resource: [done200] },
    { polls: 1, resource: 1 },
  ],
])('%s', async (_, given, { polls = 0, resource = 0 }) => {
  const { urls } = await followed(given)
  expect(urls).toEqual([...Array.from({ length: polls }, () => POLL), ...Array.from({ length: resource }, () => RESOURCE)])
})

const why = { code: 'DiskBusy', message: 'The disk is being moved.' }
test.each<[string, Case, object]>([
  ['the resource without a header', { start: CREATING, resource: [inState('Failed', { error: why })] }, why],
  ['the resource, with no reason', { start: CREATING, resource: [inState('Failed')] }, { code: 'OperationFailed', hasReason: false }],
  [
    'the resource, though its operation has succeeded',
    { start: { ...CREATING, headers: AAO }, polls: [done], resource: [inState('Failed', { error: why })] },
    why,
  ],
  ['the start itself', { start: { ...inState('Failed', { error: why }), status: 200 } }, why],
  ['an operation with an error and no status', { start: { status: 202, headers: AAO }, polls: [{ body: { error: why } }] }, why],
  [
    'an operation whose error is among its properties',
    { start: { status: 202, headers: AAO }, polls: [{ body: { status: 'Failed', properties: { error: why } } }] },
    why,
  ],
  [
    'an operation whose reason is JSON in a text',
    {
      start: { status: 202, headers: AAO },
      polls: [{ body: { status: 'Failed', properties: { statusMessage: JSON.stringify({ error: why }) } } }],
    },
    why,
  ],
  [
    'an operation whose reason is three details deep',
    {
      start: { status: 202, headers: AAO },
      polls: [{ body: { status: 'Failed', error: { code: 'A', message: 'a', details: [{ code: 'B', message: 'b', details: [why] }] } } }],
    },
    why,
  ],
  [
    'an operation that was cancelled',
    { start: { status: 202, headers: AAO }, polls: [{ body: { status: 'Cancelled', error: null } }] },
    { code: 'OperationFailed' },
  ],
  ['a result that is an error with 200', { start: { status: 202, headers: LOCATION }, polls: [{ body: { error: why } }] }, why],
  ['a result that is refused', { start: { status: 202, headers: LOCATION }, polls: [{ status: 409, body: { error: why } }] }, why],
  ['a deletion', { method: 'DELETE', start: { status: 202 }, resource: [inState('Failed', { error: why })] }, why],
  [
    'a resource that may not be read, where nothing else says how it goes',
    { start: CREATING, resource: [{ status: 403, body: { error: why } }] },
    { ...why, status: 403 },
  ],
])('failed: %s', async (_, given, expected) => {
  await expect(followed(given)).rejects.toMatchObject(expected)
})

test('the newest URL is asked, and no other host', async () => {
  const moved = `${ARM}/subscriptions/s/operationResults/2?t=5`
  const { urls } = await followed({
    start: { status: 202, headers: LOCATION },
    polls: [{ status: 202, headers: { location: moved } }, { status: 200 }],
    resource: [done200],
  })
  expect(urls).toEqual([POLL, moved, RESOURCE])
  const abroad = { status: 202, headers: { location: 'https://elsewhere.example/1' } }
  await expect(followed({ start: { status: 202, headers: LOCATION }, polls: [abroad, { status: 200 }] })).rejects.toThrow(/another host/)
})

test.each(['Failed', 'Canceled', 'failed'])('an operation that ended %s says why', async (status) => {
  const error = { code: 'ImageBlobNotFound', message: 'Unable to find VHD blob' }
  await expect(followed({ start: { status: 201, headers: AAO }, polls: [{ body: { status, error } }] })).rejects.toMatchObject(error)
})

test('a poll that is refused says so', async () => {
  const body = { error: { code: 'AuthorizationFailed', message: 'no' } }
  await expect(followed({ start: { status: 201, headers: AAO }, polls: [{ status: 403, body }] })).rejects.toMatchObject({
    code: 'AuthorizationFailed',
    status: 403,
  })
})
