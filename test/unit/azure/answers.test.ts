import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  createDefaultHttpClient,
  createPipelineRequest,
  type PipelineRequest,
  type PipelineResponse,
  RestError,
} from '@azure/core-rest-pipeline'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { keepAsking } from '../../../src/azure/answers.ts'

const URL_ASKED = 'https://management.azure.com/subscriptions/s?api-version=2025-01-01'

test.each([
  ['EHOSTUNREACH', 'ECONNREFUSED'],
  ['ENETUNREACH', 'ECONNREFUSED'],
  ['EAI_AGAIN', 'ENOTFOUND'],
])('a host that stays unreachable (%s) is distinguished from one that hangs up', async (code, known) => {
  const next = () => Promise.reject(new RestError('it broke', { code }))
  const request = createPipelineRequest({ url: URL_ASKED })
  await expect(keepAsking({ deadlineMs: Number.POSITIVE_INFINITY }).sendRequest(request, next)).rejects.toMatchObject({ code: known })
})

describe('a try', () => {
  /** Never answers, and rejects once the request is aborted. */
  const hang = ({ abortSignal }: PipelineRequest) =>
    new Promise<PipelineResponse>((_, reject) => {
      abortSignal?.addEventListener('abort', () => reject(Object.assign(new Error('aborted'), { name: 'AbortError' })))
    })

  test('that hangs is ended, in a way that is tried again', async () => {
    const request = createPipelineRequest({ url: URL_ASKED })
    const tried = keepAsking({ deadlineMs: Number.POSITIVE_INFINITY }, 20).sendRequest(request, hang)
    await expect(tried).rejects.toMatchObject({ code: 'ETIMEDOUT', message: 'no answer within 0.02 s' })
    expect(request.abortSignal).toBeUndefined()
  })

  test('that its caller ends stays ended', async () => {
    const controller = new AbortController()
    const request = createPipelineRequest({ url: URL_ASKED, abortSignal: controller.signal })
    const tried = keepAsking({ deadlineMs: Number.POSITIVE_INFINITY }, 3_600_000).sendRequest(request, hang)
    controller.abort()
    await expect(tried).rejects.toMatchObject({ name: 'AbortError' })
    expect(request.abortSignal).toBe(controller.signal)
  })
})

describe('over a real socket', () => {
  let server: Server
  let tries = 0

  beforeEach(async () => {
    tries = 0
    server = createServer((_request, response) => {
      tries += 1
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' })
      response.write('{"value": ')
      setImmediate(() => response.destroy())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })

  afterEach(() => {
    server.close()
  })

  test('a connection that breaks within a body counts as broken', async () => {
    const { port } = server.address() as AddressInfo
    const request = createPipelineRequest({ url: `http://127.0.0.1:${port}/`, allowInsecureConnection: true })
    const http = createDefaultHttpClient()
    const tried = keepAsking({ deadlineMs: Number.POSITIVE_INFINITY }).sendRequest(request, (asked) => http.sendRequest(asked))
    await expect(tried).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(tries).toBe(1)
  })
})
