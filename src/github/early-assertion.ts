import { get } from 'node:https'
import { ASSERTION_AUDIENCES } from '../config/clouds.ts'

/** An assertion that was requested before the packages were loaded. */
export interface EarlyAssertion {
  readonly audience: string
  /** `undefined` where it could not be had; never rejects. */
  readonly token: Promise<string | undefined>
  /** The request is on its way, or will not be soon: from now on the process may be kept busy. */
  readonly sent: Promise<void>
}

const PATIENCE_MS = 5_000
/** Loading the rest would delay the handshake, which alone takes no longer than this. */
const LONGEST_HANDSHAKE_MS = 150

/** Asks GitHub once, where the inputs will surely need it. Whatever goes wrong, and every proxy, is left to `@actions/core`, which asks again. */
export function earlyAssertion(environment: Readonly<Record<string, string | undefined>>): EarlyAssertion | undefined {
  const input = (name: string) => environment[`INPUT_${name}`]?.trim() ?? ''
  const url = environment.ACTIONS_ID_TOKEN_REQUEST_URL
  const token = environment.ACTIONS_ID_TOKEN_REQUEST_TOKEN
  const isSignIn = /^(?:|auto|oidc)$/i.test(input('AUTH')) && input('CLIENT-ID') !== '' && input('TENANT-ID') !== ''
  const isNeeded = isSignIn && input('MODE').toLowerCase() !== 'validate' && environment.STATE_isPost !== 'true'
  const hasProxy = ['https_proxy', 'HTTPS_PROXY'].some((name) => environment[name])
  if (!isNeeded || hasProxy || !token || !url?.startsWith('https:') || !URL.canParse(url)) return undefined
  const named = Object.entries(ASSERTION_AUDIENCES).find(([cloud]) => cloud.toLowerCase() === input('ENVIRONMENT').toLowerCase())
  const audience = named?.[1] ?? ASSERTION_AUDIENCES.AzureCloud
  return { audience, ...ask(`${url}&audience=${encodeURIComponent(audience)}`, token) }
}

function ask(url: string, bearer: string): Pick<EarlyAssertion, 'token' | 'sent'> {
  const request = get(url, { headers: { accept: 'application/json', authorization: `Bearer ${bearer}` }, timeout: PATIENCE_MS })
  const sent = new Promise<void>((resolve) => {
    request.on('socket', (socket) => socket.once('secureConnect', () => setImmediate(resolve)))
    request.on('error', () => resolve())
    setTimeout(resolve, LONGEST_HANDSHAKE_MS).unref()
  })
  const token = new Promise<string | undefined>((resolve) => {
    request.on('response', (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      answer.on('end', () => resolve(answer.statusCode === 200 ? tokenIn(text) : undefined))
      answer.on('error', () => resolve(undefined))
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(undefined))
  })
  return { token, sent }
}

function tokenIn(text: string): string | undefined {
  try {
    const { value } = JSON.parse(text) as { value?: unknown }
    return typeof value === 'string' && value !== '' ? value : undefined
  } catch {
    return undefined
  }
}
