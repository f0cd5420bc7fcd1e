import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { askEarly, identityRequest } from '../../../src/azure/early-identity-answer.ts'

const RESOURCE = 'https://management.azure.com'
const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function endpointOf(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  closing.push(
    () => server.closeAllConnections(),
    () => server.close(),
  )
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/msi`
}

describe('the request', () => {
  test.each<[string, Readonly<Record<string, string>>, string | undefined]>([
    ['of a virtual machine', {}, 'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01'],
    [
      'of App Service',
      { IDENTITY_ENDPOINT: 'http://127.0.0.1:41/msi', IDENTITY_HEADER: 'h' },
      'http://127.0.0.1:41/msi?api-version=2019-08-01',
    ],
    ['of Azure Arc is left to the library', { IDENTITY_ENDPOINT: 'http://127.0.0.1:41/', IMDS_ENDPOINT: 'http://127.0.0.1:41' }, undefined],
    ['of Service Fabric too', { IDENTITY_ENDPOINT: 'https://h', IDENTITY_HEADER: 'h', IDENTITY_SERVER_THUMBPRINT: 'ab' }, undefined],
    ['of Cloud Shell too', { MSI_ENDPOINT: 'http://127.0.0.1:41/' }, undefined],
    ['of an endpoint without its header', { IDENTITY_ENDPOINT: 'http://127.0.0.1:41/' }, undefined],
    ['of an endpoint that is not a URL', { IDENTITY_ENDPOINT: 'http://', IDENTITY_HEADER: 'h' }, undefined],
  ])('%s', (_, environment, expected) => {
    const url = identityRequest({ clientId: 'abc' }, RESOURCE, environment)?.url
    expect(url).toBe(expected && `${expected}&resource=https%3A%2F%2Fmanagement.azure.com&client_id=abc`)
  })
})

describe('the answer', () => {
  test('is given once, to whoever asks for the same in any order', async () => {
    const endpoint = await endpointOf((request, response) => {
      response.setHeader('content-type', 'application/json')
      response.statusCode = request.headers['x-identity-header'] === 'h' ? 200 : 401
      response.end('{"access_token":"t"}')
    })
    const early = askEarly({ url: `${endpoint}?a=1&resource=r`, headers: { 'x-identity-header': 'h' } })
    await early.sent
    expect(await early.take(`${endpoint}?a=1&resource=other`)).toBeUndefined()
    const answer = await early.take(`${endpoint}?resource=r&a=1`)
    expect(answer).toMatchObject({ status: 200, body: '{"access_token":"t"}', headers: { 'content-type': 'application/json' } })
    expect(await early.take(`${endpoint}?a=1&resource=r`)).toBeUndefined()
  })

  test('is nothing where the request cannot be made', async () => {
    const endpoint = await endpointOf((_, response) => response.end())
    const early = askEarly({ url: endpoint, headers: { 'x-identity-header': 'two\nlines' } })
    await early.sent
    expect(await early.take(endpoint)).toBeUndefined()
  })

  test('is nothing where nobody listens, or the connection is lost', async () => {
    const nobody = askEarly({ url: 'http://127.0.0.1:9/', headers: {} })
    await nobody.sent
    expect(await nobody.take('http://127.0.0.1:9/')).toBeUndefined()
    const endpoint = await endpointOf((request) => request.socket.destroy())
    const lost = askEarly({ url: endpoint, headers: {} })
    await lost.sent
    expect(await lost.take(endpoint)).toBeUndefined()
  })
})
