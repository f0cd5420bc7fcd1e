/** What this run has just put is not known everywhere at once. */
import { createHttpHeaders, createPipelineRequest, type HttpMethods } from '@azure/core-rest-pipeline'
import { describe, expect, test } from 'vitest'
import { patientWithFreshResources } from '../../../src/azure/fresh-resources.ts'

const GALLERY = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/images'
const PARENT_MISSING = '{"error":{"code":"ParentResourceNotFound","message":"no parent"}}'
const MISSING = '{"error":{"code":"ResourceNotFound","message":"not found"}}'

type Asked = readonly [method: HttpMethods, path: string, body?: string]

/** Sends the requests in turn, each answered by `answers` in turn, then 200. @returns how often the last one was sent, and its status */
async function sent(requests: readonly Asked[], answers: readonly (readonly [number, string])[], longestMs = 1_000) {
  const policy = patientWithFreshResources({ longestMs, everyMs: 1 })
  let times = 0
  let status = 0
  for (const [index, [method, path, body]] of requests.entries()) {
    const isLast = index === requests.length - 1
    const left = [...answers]
    const request = createPipelineRequest({ url: `https://arm${path}?api-version=1`, method, ...(body && { body }) })
    const answer = await policy.sendRequest(request, async () => {
      if (isLast) times += 1
      const [code, bodyAsText] = (isLast ? left.shift() : undefined) ?? [200, '{}']
      return { request, status: code, headers: createHttpHeaders(), bodyAsText }
    })
    status = answer.status
  }
  return { times, status }
}

const late = (body: string): readonly (readonly [number, string])[] => [
  [404, body],
  [404, body],
]

describe('is asked again', () => {
  test.each<[string, readonly Asked[], string]>([
    ['a write below a parent that is missing', [['PUT', `${GALLERY}/images/golden`]], PARENT_MISSING],
    [
      'a read below a parent that was put',
      [
        ['PUT', GALLERY],
        ['GET', `${GALLERY}/images`],
      ],
      PARENT_MISSING,
    ],
    [
      'a read of what was put',
      [
        ['PUT', GALLERY],
        ['GET', GALLERY],
      ],
      MISSING,
    ],
    [
      'a read of it in another case',
      [
        ['PUT', GALLERY],
        ['GET', GALLERY.toUpperCase()],
      ],
      MISSING,
    ],
    [
      'an action on what was put',
      [
        ['PUT', GALLERY],
        ['POST', `${GALLERY}/share`],
      ],
      MISSING,
    ],
    [
      'a change of what was put',
      [
        ['PUT', GALLERY],
        ['PATCH', GALLERY],
      ],
      MISSING,
    ],
    [
      'a write that refers to what was put',
      [
        ['PUT', GALLERY],
        ['PUT', '/subscriptions/s/other', JSON.stringify({ source: { id: GALLERY } })],
      ],
      MISSING,
    ],
  ])('%s', async (_, requests, body) => {
    expect(await sent(requests, late(body))).toEqual({ times: 3, status: 200 })
  })
})

describe('is believed', () => {
  test.each<[string, readonly Asked[], string]>([
    ['a read of what was never put', [['GET', GALLERY]], MISSING],
    ['a read below a parent that was never put', [['GET', `${GALLERY}/images`]], PARENT_MISSING],
    [
      'a read of what was deleted',
      [
        ['PUT', GALLERY],
        ['DELETE', GALLERY],
        ['GET', GALLERY],
      ],
      MISSING,
    ],
    [
      'a read of what was deleted with its parent',
      [
        ['PUT', `${GALLERY}/images/golden`],
        ['DELETE', GALLERY],
        ['GET', `${GALLERY}/images/golden`],
      ],
      MISSING,
    ],
    [
      'a read of a child that was never put',
      [
        ['PUT', GALLERY],
        ['GET', `${GALLERY}/images/golden`],
      ],
      MISSING,
    ],
    [
      'a deletion',
      [
        ['PUT', GALLERY],
        ['DELETE', GALLERY],
      ],
      MISSING,
    ],
  ])('%s', async (_, requests, body) => {
    expect(await sent(requests, late(body))).toEqual({ times: 1, status: 404 })
  })

  test('what stays missing', async () => {
    const forEver = Array.from({ length: 10_000 }, () => [404, MISSING] as const)
    expect(
      await sent(
        [
          ['PUT', GALLERY],
          ['GET', GALLERY],
        ],
        forEver,
        30,
      ),
    ).toMatchObject({ status: 404 })
  })
})

test('a run that ends waits no longer', async () => {
  const policy = patientWithFreshResources({ longestMs: 60_000, everyMs: 60_000 })
  const request = createPipelineRequest({ url: `https://arm${GALLERY}`, method: 'PUT', abortSignal: AbortSignal.timeout(5) })
  const answer = { request, status: 404, headers: createHttpHeaders(), bodyAsText: PARENT_MISSING }
  await expect(policy.sendRequest(request, async () => answer)).rejects.toThrow()
})
