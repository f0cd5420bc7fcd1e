import { once } from 'node:events'
import { createServer as createHttpsServer, get } from 'node:https'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { generate } from 'selfsigned'
import { afterEach, expect, test } from 'vitest'
import { earlyConnection, neededAddress } from '../../../src/azure/early-connection.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function hostOf(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  closing.push(() => server.close())
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const needed = (host: string) => ({
  INPUT_AUTH: 'environment',
  'INPUT_RESOURCE-MANAGER-URL': `https://${host}`,
  AZURE_AUTHORITY_HOST: `https://${host}`,
  AZURE_CLIENT_SECRET: 'secret',
})

test('the first request has the connection that was begun; the others make their own', async () => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  })
  setDefaultCACertificates([...getCACertificates('default'), cert])
  const server = createHttpsServer({ key, cert }, (_, response) => void response.end('here'))
  let connections = 0
  server.on('secureConnection', () => {
    connections += 1
  })
  const host = await hostOf(server)
  const early = earlyConnection(needed(host))
  await early?.made
  expect(early?.host).toBe(host)
  const ask = async () => {
    const [answer] = await once(get(`https://${host}/`, { agent: early?.agent }), 'response')
    answer.resume()
    return answer.statusCode
  }
  expect(await ask()).toBe(200)
  expect(connections).toBe(1)
  expect(await Promise.all([ask(), ask()])).toEqual([200, 200])
  expect(connections).toBeGreaterThan(1)
  early?.agent.destroy()
})

test.each<[string, Readonly<Record<string, string>>]>([
  ['another way to sign in', { INPUT_AUTH: 'oidc' }],
  ['`auth: auto`, which may find another way', { INPUT_AUTH: '' }],
  ['no secret and no certificate', { AZURE_CLIENT_SECRET: '' }],
  ['inputs are only validated', { INPUT_MODE: 'validate' }],
  ['the post step', { STATE_isPost: 'true' }],
  ['a proxy', { https_proxy: 'http://proxy:3128' }],
  ['a sign-in host without https', { AZURE_AUTHORITY_HOST: 'http://127.0.0.1:9' }],
])('nothing is begun: %s', (_, changed) => {
  expect(neededAddress({ ...needed('127.0.0.1:9'), ...changed })).toBeUndefined()
})

test('a host that does not answer is waited for a moment only, and one that refuses fails nothing', async () => {
  const silent = await hostOf(createServer())
  const startedMs = performance.now()
  await earlyConnection(needed(silent))?.made
  expect(performance.now() - startedMs).toBeLessThan(2_000)
  await earlyConnection(needed('127.0.0.1:9'))?.made
})

test.each([
  ['', 'login.microsoftonline.com'],
  ['azureusgovernment', 'login.microsoftonline.us'],
])('environment "%s" signs in at %s, whatever AZURE_AUTHORITY_HOST says', (environment, host) => {
  const { 'INPUT_RESOURCE-MANAGER-URL': _, ...known } = needed('127.0.0.1:9')
  expect(neededAddress({ ...known, INPUT_ENVIRONMENT: environment })?.host).toBe(host)
})
