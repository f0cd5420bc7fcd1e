/** The first token of the machine's managed identity, which was requested before the packages were loaded. */
import { once } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { SignIn } from '../model/sign-in.ts'
import type { Environment } from './ambient.ts'
import { atMost, underWay } from './early-connection.ts'

/** What the endpoint has answered, whatever it was. */
export interface IdentityAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface EarlyIdentityAnswer {
  /** The request is on its way, or will not be soon: from now on the process may be kept busy. Never rejects. */
  readonly sent: Promise<void>
  /**
   * Gives it away to the first who asks for the same, where the endpoint could be reached.
   * @returns `undefined` where there is none, or the connection was lost
   */
  take(url: string): Promise<IdentityAnswer | undefined>
}

/** The endpoint is on this machine or beside it; one that is not there does not refuse, but says nothing. */
const LONGEST_CONNECT_MS = 100
const PATIENCE_MS = 10_000

/** Variables by which `@azure/msal-node` chooses another endpoint than the two that are asked here. */
const OTHER_ENDPOINTS = ['AZURE_POD_IDENTITY_AUTHORITY_HOST', 'IDENTITY_SERVER_THUMBPRINT', 'IMDS_ENDPOINT', 'MSI_ENDPOINT', 'MSI_SECRET']

interface IdentityRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/**
 * The request that `@azure/msal-node` will send of App Service's endpoint or of a virtual machine's; `undefined` elsewhere.
 * https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 * https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token#get-a-token-using-http
 */
export function identityRequest(
  { clientId }: Pick<SignIn, 'clientId'>,
  resource: string,
  environment: Environment,
): IdentityRequest | undefined {
  const { IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: header } = environment
  if (OTHER_ENDPOINTS.some((name) => environment[name]) || Boolean(endpoint) !== Boolean(header)) return undefined
  const query = (version: string) => new URLSearchParams({ 'api-version': version, resource, ...(clientId && { client_id: clientId }) })
  if (!endpoint || !header)
    return {
      url: `http://169.254.169.254/metadata/identity/oauth2/token?${query('2018-02-01')}`,
      headers: { metadata: 'true' },
    }
  if (!URL.canParse(endpoint) || !/^http:/i.test(endpoint)) return undefined
  return { url: `${endpoint}?${query('2019-08-01')}`, headers: { 'x-identity-header': header } }
}

/** Sends it, never through a proxy. Whatever goes wrong is left to whoever asks next. */
export function askEarly({ url, headers }: IdentityRequest): EarlyIdentityAnswer {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname.replace(/[[\]]/g, ''), port: Number(port || 80) })
  socket.unref().on('error', () => undefined)
  let isReached = false
  let isTaken = false
  const request = send({ url, headers }, socket)
  const connected = once(socket, 'connect').then(() => {
    isReached = true
  })
  const reached = Promise.all([connected, request]).then(underWay, () => undefined)
  const answer = request.then(answerTo, () => undefined)
  return {
    sent: atMost(LONGEST_CONNECT_MS, reached),
    async take(other) {
      if (isTaken || !isSame(url, other)) return undefined
      isTaken = true
      await atMost(LONGEST_CONNECT_MS, reached)
      return isReached ? answer : undefined
    },
  }
}

async function send({ url, headers }: IdentityRequest, socket: Socket): Promise<ClientRequest> {
  await underWay()
  // As a module of its own kind, `node:http` would load all of undici: 27 ms.
  const { get } = process.getBuiltinModule('node:http')
  const request = get(url, { headers: { accept: 'application/json', ...headers }, createConnection: () => socket })
  return request.setTimeout(PATIENCE_MS, () => request.destroy())
}

/** `undefined` where there is none. Never rejects. */
function answerTo(request: ClientRequest): Promise<IdentityAnswer | undefined> {
  return new Promise((resolve) => {
    request.on('response', (response) => read(response).then(resolve, () => resolve(undefined)))
    request.on('error', () => resolve(undefined))
  })
}

async function read(response: IncomingMessage): Promise<IdentityAnswer> {
  let body = ''
  for await (const part of response.setEncoding('utf8')) body += part
  const headers = Object.entries(response.headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : []))
  return { status: response.statusCode ?? 0, headers: Object.fromEntries(headers), body }
}

/** The same address with the same query, in any order. */
function isSame(one: string, other: string): boolean {
  const [first, second] = [one, other].map((url) => {
    const parsed = new URL(url)
    parsed.searchParams.sort()
    return parsed.href
  })
  return first === second
}
