/** How hosts are reached from other people's networks: proxies, TLS inspection, names, firewalls; through the bundle. */
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import path from 'node:path'
import { generate } from 'selfsigned'
import { describe, expect, onTestFinished, test } from 'vitest'
import { DOMAIN } from '../embedded-azure/certificate.ts'
import { CLIENT, loadScenario, TENANT } from '../embedded-azure/scenarios/scenario.ts'
import { again, annotations, azureOf, type Ran } from '../fixtures/whole-runs.ts'

const HOSTS = ['token', 'login', 'management', 'renderfarm'] as const
type Host = (typeof HOSTS)[number]
type Environment = Readonly<Record<string, string>>

const hostsPreload = path.join(import.meta.dirname, '../tools/hosts-preload.cjs')

/** A world whose hosts have names, since the loopback address never goes through a proxy; each may be led elsewhere. */
async function named(elsewhere: Partial<Record<Host, string>> = {}) {
  const azure = await azureOf(loadScenario('happy'))
  azure.entra.assertionSeconds = 100_000
  const ports = { arm: new URL(azure.url).port, batch: azure.accountEndpoint.split(':')[1] }
  const at = (host: Host): string => elsewhere[host] ?? `${host}.${DOMAIN}:${host === 'renderfarm' ? ports.batch : ports.arm}`
  azure.accountEndpoint = at('renderfarm')
  azure.entra.otherResources.add(`https://${at('management')}`)
  const inputs = {
    ...loadScenario('happy').inputs,
    mode: 'plan',
    'node-agent-sku-id': 'batch.node.ubuntu 24.04',
    'resource-manager-url': `https://${at('management')}`,
  }
  const env = {
    AZURE_AUTHORITY_HOST: `https://${at('login')}`,
    ACTIONS_ID_TOKEN_REQUEST_URL: `https://${at('token')}/_apis/oidc/token?run=1`,
  }
  const plan = (more: Environment = {}, others: Readonly<Record<string, string>> = {}): Promise<Ran> =>
    again(azure, { ...inputs, ...others }, { env: { ...env, ...more }, preload: hostsPreload })
  return { azure, at, plan }
}

interface Proxy {
  readonly port: number
  /** Hosts that went through it. */
  readonly reached: Set<string>
}

/** Lets everybody through to this machine, but for hosts that it answers with a status. */
async function proxy({ password, refuses = {} }: { password?: string; refuses?: Readonly<Record<string, string>> } = {}): Promise<Proxy> {
  const reached = new Set<string>()
  const server = createHttpServer((_, answer) => answer.writeHead(405).end())
  server.on('connect', ({ url = '', headers }, client) => {
    const [host = '', port] = url.split(':')
    const isKnown = password === undefined || headers['proxy-authorization'] === `Basic ${btoa(password)}`
    const refusal = isKnown ? refuses[host] : '407 Proxy Authentication Required'
    if (refusal) return client.end(`HTTP/1.1 ${refusal}\r\n\r\n`)
    reached.add(url)
    const target = connect(Number(port), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      target.pipe(client).pipe(target)
    })
    for (const end of [client, target]) end.on('error', () => target.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  return { reached, port: (server.address() as AddressInfo).port }
}

const isGreen = (ran: Ran): void => expect({ exitCode: ran.exitCode, errors: annotations(ran) }).toEqual({ exitCode: 0, errors: [] })

describe('proxies are read once, for all hosts, as the runner reads them', () => {
  const CLOSED = 'http://127.0.0.1:1'

  test.each<[string, (at: { readonly port: number; readonly arm: string }) => Environment, 'all' | 'none' | 'others']>([
    ['HTTPS_PROXY', ({ port }) => ({ HTTPS_PROXY: `http://127.0.0.1:${port}` }), 'all'],
    ['https_proxy', ({ port }) => ({ https_proxy: `http://127.0.0.1:${port}` }), 'all'],
    ['lower case before upper case', ({ port }) => ({ https_proxy: `http://127.0.0.1:${port}`, HTTPS_PROXY: CLOSED }), 'all'],
    ['no scheme, an address', ({ port }) => ({ HTTPS_PROXY: `127.0.0.1:${port}` }), 'all'],
    ['no scheme, a name', ({ port }) => ({ HTTPS_PROXY: `proxy.${DOMAIN}:${port}` }), 'all'],
    ['HTTP_PROXY is not for https', () => ({ HTTP_PROXY: CLOSED, http_proxy: CLOSED }), 'none'],
    ['ALL_PROXY is not read', () => ({ ALL_PROXY: CLOSED, all_proxy: CLOSED }), 'none'],
    ['what is not an address is no proxy', () => ({ HTTPS_PROXY: 'http://:::' }), 'none'],
    ['NO_PROXY: the bare domain', () => ({ HTTPS_PROXY: CLOSED, NO_PROXY: DOMAIN }), 'none'],
    ['NO_PROXY: the domain with a dot', () => ({ HTTPS_PROXY: CLOSED, NO_PROXY: `.${DOMAIN}` }), 'none'],
    ['NO_PROXY: any letter case', () => ({ HTTPS_PROXY: CLOSED, NO_PROXY: DOMAIN.toUpperCase() }), 'none'],
    ['NO_PROXY: all', () => ({ HTTPS_PROXY: CLOSED, NO_PROXY: '*' }), 'none'],
    ['no_proxy before NO_PROXY', () => ({ HTTPS_PROXY: CLOSED, no_proxy: DOMAIN, NO_PROXY: 'example.com' }), 'none'],
    [
      'NO_PROXY: a host and port',
      ({ port, arm }) => ({ HTTPS_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: `example.com, ${arm}` }),
      'others',
    ],
  ])('%s', async (_, environment, through) => {
    const { at, plan } = await named()
    const { port, reached } = await proxy()
    const ran = await plan(environment({ port, arm: at('management') }))
    isGreen(ran)
    const expected = through === 'none' ? [] : HOSTS.filter((host) => through === 'all' || host !== 'management').map(at)
    expect([...reached].toSorted()).toEqual(expected.toSorted())
  })

  test('a password, with letters that are escaped, is used and never shown', async () => {
    const { plan } = await named()
    const { port, reached } = await proxy({ password: 'runner:pa ss' })
    const ran = await plan({ https_proxy: `http://runner:pa%20ss@127.0.0.1:${port}` })
    isGreen(ran)
    expect(reached.size).toBe(HOSTS.length)
    expect(ran.log).not.toMatch(/pa ss|pa%20ss/)
  })

  test('address ranges and patterns in NO_PROXY are not read, and that is reported', async () => {
    const { plan } = await named()
    const { port, reached } = await proxy()
    const ran = await plan({ HTTPS_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: `10.0.0.0/8,*.${DOMAIN}` })
    isGreen(ran)
    expect(reached.size).toBe(HOSTS.length)
    expect(ran.log).toMatch(/no_proxy has address ranges \(10\.0\.0\.0\/8\), which are not read/)
    expect(ran.log).toContain(`no_proxy has patterns (*.${DOMAIN}), which are not read`)
  })

  test('a proxy that cannot be reached is named', async () => {
    const { plan } = await named()
    const ran = await plan({ HTTPS_PROXY: CLOSED })
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)[0]).toMatch(/could not be reached: .*ECONNREFUSED/)
    expect(annotations(ran)[0]).toContain('https_proxy')
  })
})

test('a managed identity is never asked through a proxy', async () => {
  const { azure, plan } = await named()
  const asked: string[] = []
  const endpoint = createHttpServer(async (request, response) => {
    asked.push(request.headers.host ?? '')
    const resource = new URL(request.url ?? '', 'http://x').searchParams.get('resource') ?? ''
    const form = new URLSearchParams({
      client_id: CLIENT,
      client_secret: 'embedded-azure-client-secret',
      scope: `${resource}/.default`,
      grant_type: 'client_credentials',
    })
    const { access_token } = (await azure.entra.token(TENANT, form)).body as { access_token: string }
    const expires = String(Math.floor(azure.clock.now().getTime() / 1_000) + 4_500)
    response
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify({ access_token, expires_on: expires, resource, token_type: 'Bearer' }))
  })
  await once(endpoint.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void endpoint.close())
  const host = `identity.${DOMAIN}:${(endpoint.address() as AddressInfo).port}`
  const { port, reached } = await proxy()
  const through = `http://127.0.0.1:${port}`
  const ran = await plan({
    ...{ HTTPS_PROXY: through, HTTP_PROXY: through, http_proxy: through },
    ...{ IDENTITY_ENDPOINT: `http://${host}/msi/token`, IDENTITY_HEADER: 'h', INPUT_AUTH: 'managed-identity' },
  })
  isGreen(ran)
  expect(new Set(asked)).toEqual(new Set([host]))
  expect(reached.size).toBe(2)
})

/** A certificate of an authority that this runner does not know, as a proxy presents it that inspects TLS. */
const inspection = (async () => {
  const root = await generate([{ name: 'commonName', value: 'Contoso TLS Inspection' }], {
    keySize: 2048,
    extensions: [{ name: 'basicConstraints', cA: true }],
  })
  const leaf = await generate([{ name: 'commonName', value: 'inspected' }], {
    keySize: 2048,
    ca: { key: root.private, cert: root.cert },
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: `*.${DOMAIN}` }] }],
  })
  return { key: leaf.private, cert: `${leaf.cert}\n${root.cert}` }
})()

async function inspected(): Promise<string> {
  const server = createHttpsServer(await inspection, (_, response) => response.end())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  return `inspected.${DOMAIN}:${(server.address() as AddressInfo).port}`
}

describe('a host that is not reached is named, in the innermost words, with what fits what is known', () => {
  type Inputs = Readonly<Record<string, string>>
  type Obstacle = (host: Host) => (inputs?: Inputs) => Promise<{ readonly ran: Ran; readonly host: string }>
  const led =
    (where: () => Promise<string> | string): Obstacle =>
    (host) =>
    async (inputs) => {
      const elsewhere = await where()
      const { plan } = await named({ [host]: elsewhere })
      return { host: elsewhere, ran: await plan({}, inputs) }
    }
  const behind =
    (refusal: string): Obstacle =>
    (host) =>
    async (inputs) => {
      const { at, plan } = await named()
      const { port } = await proxy({ refuses: { [`${host}.${DOMAIN}`]: refusal } })
      return { host: at(host), ran: await plan({ https_proxy: `http://127.0.0.1:${port}` }, inputs) }
    }

  const OBSTACLES: readonly (readonly [string, Obstacle, RegExp, string])[] = [
    ['a certificate that is not trusted', led(inspected), /self-signed certificate in certificate chain/, 'NODE_EXTRA_CA_CERTS'],
    ['an unknown name', led(() => 'nowhere.invalid'), /getaddrinfo (?:ENOTFOUND|EAI_AGAIN) nowhere\.invalid/, 'DNS'],
    ['a closed port', led(() => `closed.${DOMAIN}:1`), /connect ECONNREFUSED/, 'firewall'],
    ["a proxy's 403", behind('403 Forbidden'), /403/, 'have'],
    ["a proxy's 407", behind('407 Proxy Authentication Required'), /407/, 'USER:PASSWORD'],
  ]
  const isFromNowhere = (name: string): boolean => /name|port/.test(name)

  for (const host of HOSTS) {
    test.each(OBSTACLES)(`${host}: %s`, async (obstacle, isInTheWay, words, advice) => {
      const { ran, host: name } = await isInTheWay(host)()
      expect(ran.exitCode).toBe(1)
      expect(annotations(ran)).toHaveLength(1)
      const text = decodeURIComponent(annotations(ran)[0] ?? '')
      expect(text).toMatch(words)
      expect(text).toContain(name.split(':')[0])
      expect(text).toContain(advice)
      expect(text).not.toMatch(/Azure refused|endpoints_resolution_error|id-token|Unexpected error/)
      if (host !== 'renderfarm') return
      expect(text).toContain('`wait: steady`')
      // Only where nobody answers may the account be a private one.
      expect(text.includes('learn.microsoft.com/azure/batch/public-network-access')).toBe(isFromNowhere(obstacle))
      expect(text.includes('inside the network of the account')).toBe(isFromNowhere(obstacle))
    })
  }

  test.each(OBSTACLES)('who does not wait for nodes does without the data plane: %s', async (_, isInTheWay, words, advice) => {
    const { ran, host } = await isInTheWay('renderfarm')({ wait: 'steady' })
    isGreen(ran)
    const text = ran.log.split('\n').find((line) => line.includes('Batch data plane')) ?? ''
    expect(text).toMatch(words)
    expect(text).toContain(host.split(':')[0])
    expect(text).toContain(advice)
  })
})
