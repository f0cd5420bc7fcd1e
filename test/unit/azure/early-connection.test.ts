import { once } from 'node:events'
import { createServer as createHttpsServer, get } from 'node:https'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { generate } from 'selfsigned'
import { afterEach, expect, test } from 'vitest'
import { BegunAgent } from '../../../src/azure/begun-agent.ts'
import { connectEarly } from '../../../src/azure/early-connection.ts'

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
  const early = connectEarly(new URL(`https://${host}`))
  const agent = new BegunAgent(early)
  await early.made
  expect(early.host).toBe(host)
  const ask = async () => {
    const [answer] = await once(get(`https://${host}/`, { agent }), 'response')
    answer.resume()
    return answer.statusCode
  }
  expect(await ask()).toBe(200)
  expect(connections).toBe(1)
  expect(await Promise.all([ask(), ask()])).toEqual([200, 200])
  expect(connections).toBeGreaterThan(1)
  agent.destroy()
})

test('a host that does not answer is waited for a moment only, and one that refuses fails nothing', async () => {
  const silent = await hostOf(createServer())
  const startedMs = performance.now()
  await connectEarly(new URL(`https://${silent}`)).made
  expect(performance.now() - startedMs).toBeLessThan(2_000)
  const refused = connectEarly(new URL('https://127.0.0.1:9'))
  await refused.made
  expect(refused.take()).toBeUndefined()
})
