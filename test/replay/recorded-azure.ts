/** An Azure that is only a recording: TLS on loopback, each answer given once and in its order, nothing else. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { generate } from 'selfsigned'
import type { Flow, Interaction } from './recordings.ts'

/** What the transport of the recording said about itself, not Azure. */
const HOP_HEADERS = new Set(['content-length', 'transfer-encoding', 'content-encoding', 'connection', 'keep-alive'])

export interface Played {
  /** `METHOD path?query` of every request, in order. */
  readonly requests: readonly string[]
  /** Requests that the recording has no answer for. */
  readonly unrecorded: readonly string[]
}

export interface RecordedAzure {
  readonly url: string
  /** From now on the server is this flow. The record grows while the flow is played. */
  play(flow: Flow): Played
  close(): Promise<void>
}

export async function startRecordedAzure(): Promise<RecordedAzure> {
  const certificate = await generate([{ name: 'commonName', value: 'Recorded Azure' }], {
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
    ],
  })
  const trustedBefore = getCACertificates('default')
  setDefaultCACertificates([...trustedBefore, certificate.cert])
  let answer: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) => response.writeHead(500).end()
  const server = createServer({ key: certificate.private, cert: certificate.cert }, (request, response) => answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    url,
    play(flow) {
      const played = { requests: [] as string[], unrecorded: [] as string[] }
      const next = answersOf(flow)
      const here = rehost(flow, url)
      answer = (request, response) => {
        const target = request.url ?? ''
        played.requests.push(`${request.method} ${target}`)
        const recorded = next(request.method ?? '', target)
        if (!recorded) {
          played.unrecorded.push(`${request.method} ${target}`)
          response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":{"code":"NotRecorded","message":"not recorded"}}')
          return
        }
        const headers = Object.entries(recorded.resHeaders).filter(([name]) => !HOP_HEADERS.has(name.toLowerCase()))
        response.writeHead(recorded.status, Object.fromEntries(headers.map(([name, value]) => [name, here(String(value))])))
        response.end(here(recorded.resBody ?? ''))
      }
      return played
    },
    async close() {
      setDefaultCACertificates(trustedBefore)
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/**
 * The start by method and path (the caller's api-version is its own), polls by the very URL that was given, the resource by its path.
 * A resource that was not read at the end is as its start showed it.
 */
function answersOf({ start, polls, final }: Flow): (method: string, target: string) => Interaction | undefined {
  const resource = pathOf(start.url)
  const left = [...polls]
  let isStarted = false
  return (method, target) => {
    if (method === start.method && pathOf(target) === resource && !isStarted) {
      isStarted = true
      return start
    }
    if (method !== 'GET') return undefined
    const index = left.findIndex(({ url }) => targetOf(url) === target)
    if (index >= 0) return left.splice(index, 1)[0]
    return pathOf(target) === resource ? (final ?? start) : undefined
  }
}

function rehost({ start, polls }: Flow, url: string): (text: string) => string {
  const urls = [start, ...polls].flatMap((one) => [
    one.url,
    ...['azure-asyncoperation', 'location'].flatMap((name) => headerOf(one, name) ?? []),
  ])
  const origins = [...new Set(urls.flatMap((one) => /^https?:\/\/[^/]+/i.exec(one)?.[0] ?? []))]
  return (text) => origins.reduce((changed, origin) => changed.replaceAll(origin, url), text)
}

export function headerOf({ resHeaders }: Interaction, name: string): string | undefined {
  const value = Object.entries(resHeaders).find(([one]) => one.toLowerCase() === name)?.[1]
  return value === undefined ? undefined : String(value)
}

/** As it stands in a request line. */
export const targetOf = (url: string): string => url.replace(/^https?:\/\/[^/]+/i, '')
const pathOf = (url: string): string => targetOf(url).replace(/\?.*$/, '').toLowerCase()
