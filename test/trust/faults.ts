/** What can go wrong with one request on its way, as Azure, Entra ID, GitHub and networks do it. */
import path from 'node:path'
import type { Intervention, SeenRequest } from '../embedded-azure/intervention.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { type Recorded, shapeOf } from './recording.ts'

export interface Fault {
  readonly name: string
  readonly applies: (request: Recorded) => boolean
  /** Absent: it happens on the action's side of the wire. */
  readonly intervention?: (request: SeenRequest, azure: EmbeddedAzure) => Intervention | undefined
  /** How often in a row; default: once. */
  readonly times?: number
  readonly env?: Readonly<Record<string, string>>
  readonly preload?: string
}

const everywhere = () => true
/** Entra ID and GitHub refuse for good with 401. */
const isAzure = ({ plane }: Recorded): boolean => plane === 'arm' || plane === 'batch'

/** A refusal in the envelope of its plane. */
function refusal({ plane }: SeenRequest, code: string, message: string): unknown {
  switch (plane) {
    case 'arm':
      return { error: { code, message } }
    case 'batch':
      return { 'odata.metadata': 'https://azure/$metadata#error', code, message: { lang: 'en-US', value: message } }
    case 'entra':
      return { error: 'temporarily_unavailable', error_description: `AADSTS90033: ${message}`, error_codes: [90033] }
    case 'github':
      return { message }
    case 'prices':
      return { Error: { Code: code, Message: message } }
  }
}

const answer =
  (status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) =>
  (request: SeenRequest): Intervention => ({
    kind: 'answer',
    status,
    headers,
    body: refusal(request, code, message),
  })

const THROTTLED = 'The server rejected the request because too many requests have been received for this subscription.'
const HTML = '<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502</h1></body></html>'

export const FAULTS: readonly Fault[] = [
  { name: '429 with Retry-After', applies: everywhere, intervention: answer(429, 'TooManyRequests', THROTTLED, { 'retry-after': '7' }) },
  { name: '429 without Retry-After', applies: everywhere, intervention: answer(429, 'TooManyRequests', THROTTLED) },
  { name: '500', applies: everywhere, intervention: answer(500, 'InternalServerError', 'Server encountered an internal error.') },
  { name: '503 empty', applies: everywhere, intervention: () => ({ kind: 'answer', status: 503 }) },
  { name: 'connection reset before the effect', applies: everywhere, intervention: () => ({ kind: 'reset' }) },
  { name: 'connection reset after the effect', applies: everywhere, intervention: () => ({ kind: 'lose' }) },
  // A request may take a minute; here it is a second.
  { name: 'no answer', applies: everywhere, intervention: () => ({ kind: 'hang' }), env: { EMBEDDED_AZURE_SHORTEST_TIMEOUT_MS: '1000' } },
  { name: 'JSON cut off', applies: ({ hasBody }) => hasBody, intervention: () => ({ kind: 'cut' }) },
  {
    name: '502 with an HTML page',
    applies: everywhere,
    intervention: () => ({ kind: 'answer', status: 502, headers: { 'content-type': 'text/html' }, body: HTML }),
  },
  {
    name: '401 once',
    applies: isAzure,
    intervention: answer(401, 'InvalidAuthenticationToken', 'The access token is invalid.', {
      'www-authenticate':
        'Bearer authorization_uri="https://login.microsoftonline.com/common", error="invalid_token", error_description="The access token is invalid."',
    }),
  },
  {
    name: 'the pool as it was before, twice',
    applies: ({ shape, isRepeated }) => isRepeated && /^arm get .*\/pools\/[^/]+$/.test(shape),
    intervention: lastAnswer,
    times: 2,
  },
  ...['EAI_AGAIN', 'ENOTFOUND'].map((code) => ({
    name: `DNS: ${code}`,
    applies: everywhere,
    preload: path.join(import.meta.dirname, '../tools/name-server-preload.cjs'),
    env: { EMBEDDED_AZURE_UNRESOLVED: code },
  })),
]

/** Answers what was answered last; what is written shows in what is read a moment later. */
function lastAnswer(request: SeenRequest, { exchanges }: EmbeddedAzure): Intervention | undefined {
  const last = exchanges.findLast(
    ({ plane, liveRequest: { method, url } }) => plane === request.plane && shapeOf({ plane, method, url }) === shapeOf(request),
  )?.liveResponse
  return last && { kind: 'answer', status: Number(last.statusCode), headers: { etag: last.headers.etag ?? '' }, body: last.body }
}

/** Faults that do not go away. */
export const LASTING: readonly Fault[] = [
  ...FAULTS.filter(({ name }) =>
    ['500', '429 with Retry-After', '429 without Retry-After', '503 empty', 'connection reset before the effect'].includes(name),
  ),
  {
    name: 'no answer',
    // The other planes have the same retries; only the data plane is one that a run can lose.
    applies: ({ plane }) => plane === 'batch',
    intervention: () => ({ kind: 'hang' }),
    env: { EMBEDDED_AZURE_SHORTEST_TIMEOUT_MS: '300' },
  },
]
