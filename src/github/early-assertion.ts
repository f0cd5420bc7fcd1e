import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'

/** An assertion that was requested before the packages were loaded. */
export interface EarlyAssertion {
  readonly audience: string
  /** `undefined` where it could not be had; never rejects. */
  readonly token: Promise<string | undefined>
  /** The request is on its way, or will not be soon: from now on the process may be kept busy. Never rejects. */
  readonly sent: Promise<void>
}

const PATIENCE_MS = 5_000

type Environment = Readonly<Record<string, string | undefined>>

/** Where GitHub is asked for an assertion; `undefined` where the job has no permission, or it is somewhere odd. */
export function assertionAddress({
  ACTIONS_ID_TOKEN_REQUEST_URL: url,
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: token,
}: Environment): URL | undefined {
  return token && url?.startsWith('https:') && URL.canParse(url) ? new URL(url) : undefined
}

interface Question {
  readonly address: URL
  readonly audience: string
  readonly connection: {
    /** With TLS; `undefined` where it could not be had. Never rejects. */
    readonly secured: Promise<TLSSocket | undefined>
    /** It is there, or will not be soon. Never rejects. */
    readonly made: Promise<void>
  }
}

/** Asks GitHub once. Whatever goes wrong is left to `@actions/core`, which asks again. */
export function earlyAssertion({ address, audience, connection }: Question, environment: Environment): EarlyAssertion {
  const url = `${address}&audience=${encodeURIComponent(audience)}`
  const headers = { accept: 'application/json', authorization: `Bearer ${environment.ACTIONS_ID_TOKEN_REQUEST_TOKEN}` }
  const { secured, made } = connection
  return { audience, token: secured.then((socket) => socket && ask(url, headers, socket)), sent: made }
}

function ask(url: string, headers: Readonly<Record<string, string>>, socket: TLSSocket): Promise<string | undefined> {
  const { get } = process.getBuiltinModule('node:https')
  const request = get(url, { headers, createConnection: () => socket })
  return new Promise((resolve) => {
    request.on('response', (answer) => read(answer).then(resolve, () => resolve(undefined)))
    request.setTimeout(PATIENCE_MS, () => request.destroy())
    request.on('error', () => resolve(undefined))
  })
}

async function read(answer: IncomingMessage): Promise<string | undefined> {
  let text = ''
  for await (const part of answer.setEncoding('utf8')) text += part
  if (answer.statusCode !== 200) return undefined
  const { value } = JSON.parse(text) as { value?: unknown }
  return typeof value === 'string' && value !== '' ? value : undefined
}
