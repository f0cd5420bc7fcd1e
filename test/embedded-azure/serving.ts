/** How requests are served, whichever service they are for: interventions of tests, headers, the record of every exchange. */
import { randomUUID } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { withNulls } from './arm/manners.ts'
import type { AzureClock } from './clock/clock.ts'
import type { Intervene, Plane } from './intervention.ts'
import type { Answer } from './route.ts'
import { jsonOf, readable, recordedUrl } from './wording.ts'

/** What was asked, and how it was answered; the form of a pair that OpenAPI checkers read. */
export interface Exchange {
  readonly plane: Plane
  readonly liveRequest: {
    readonly url: string
    readonly method: string
    readonly headers: Record<string, unknown>
    readonly body?: unknown
  }
  readonly liveResponse: { readonly statusCode: string; readonly headers: Record<string, string>; readonly body?: unknown }
}

/** What serving needs to know. */
interface Served {
  readonly clock: AzureClock
  /** Every member that has no value is there, as `null`. */
  readonly hasNulls: boolean
  readonly intervene: () => Intervene | undefined
}

/** Serves one request by `act`, with faults as a test asks for them. */
export type Serve = (plane: Plane, request: FastifyRequest, reply: FastifyReply, act: () => Promise<Answer>) => Promise<FastifyReply>

/** @returns what serves requests, and the exchanges that it records */
export function serving({ clock, hasNulls, intervene }: Served): { readonly serve: Serve; readonly exchanges: readonly Exchange[] } {
  const exchanges: Exchange[] = []
  let requests = 0
  const serve: Serve = async (plane, request, reply, act) => {
    requests += 1
    const seen = { plane, method: request.method, url: request.url, number: requests }
    const intervention = await intervene()?.(seen)
    if (intervention?.kind === 'hang') {
      clock.hang(request.socket.remotePort)
      return reply.hijack()
    }
    if (intervention?.kind === 'reset') return reset(request, reply)
    const answer = intervention?.kind === 'answer' ? intervention : await act()
    await (intervention?.kind === 'act' && intervention.after?.())
    if (intervention?.kind === 'lose') return reset(request, reply)
    const isText = typeof answer.body === 'string'
    const json = hasNulls && (plane === 'arm' || plane === 'batch') ? withNulls(answer.body) : answer.body
    const body = answer.body === undefined ? '' : isText ? (answer.body as string) : jsonOf({ ...answer, body: json }, request.url)
    const headers: Record<string, string> = {
      ...(body && { 'content-type': plane === 'batch' ? 'application/json;odata=minimalmetadata' : 'application/json; charset=utf-8' }),
      'x-ms-request-id': randomUUID(),
      'x-ms-correlation-request-id': randomUUID(),
      date: clock.now().toUTCString(),
      ...answer.headers,
    }
    const sent = typeof request.body === 'string' && request.body !== '' ? readable(request.body) : undefined
    exchanges.push({
      plane,
      liveRequest: {
        url: recordedUrl(plane, request.url),
        method: request.method,
        headers: { ...request.headers, ...(request.headers.authorization && { authorization: 'Bearer ***' }) },
        ...(sent !== undefined && { body: sent }),
      },
      liveResponse: { statusCode: String(answer.status), headers, ...(body && { body: isText ? body : JSON.parse(body) }) },
    })
    const cut = intervention?.kind === 'cut' ? body.slice(0, body.length / 2) : body
    return reply
      .code(answer.status)
      .headers(headers)
      .send(request.method === 'HEAD' ? '' : cut)
  }
  return { serve, exchanges }
}

function reset(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.hijack()
  request.raw.socket.destroy()
  return reply
}
