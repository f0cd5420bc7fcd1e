/** JSON requests to one service: how they are sent, what their answers mean, how lists are read to their end and operations followed. */
import {
  createHttpHeaders,
  createPipelineRequest,
  type HttpMethods,
  type PipelineRequest,
  type PipelineResponse,
} from '@azure/core-rest-pipeline'
import type { Clock } from '../run/runner.ts'
import { type Attempt, failedAnswer, type RawAnswer, trusted, withAttempt } from './failure.ts'
import { type FollowedOperation, follow, operationOf } from './long-operation.ts'
import type { Pace } from './pace.ts'

/** A service that takes JSON. */
export interface Service {
  readonly send: (request: PipelineRequest) => Promise<PipelineResponse>
  /** Scheme and host; requests carry our token and go nowhere else. */
  readonly origin: string
  readonly clock: Clock
  /** Default: `application/json`. */
  readonly contentType?: string
}

export interface JsonRequest extends Attempt {
  /** Sent as JSON; absent: no body. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
}

interface Page<T> {
  readonly value?: readonly T[]
  readonly nextLink?: string
  /** As the data plane of Batch calls it. */
  readonly 'odata.nextLink'?: string
}

export class Requests {
  readonly #service: Service

  constructor(service: Service) {
    this.#service = service
  }

  /** The answer, whatever it says. @throws AzureError where none came */
  send({ body, headers, signal, ...attempt }: JsonRequest): Promise<RawAnswer> {
    const { send, contentType = 'application/json' } = this.#service
    const request = createPipelineRequest({
      url: attempt.url,
      method: attempt.method as HttpMethods,
      headers: createHttpHeaders({ accept: contentType, ...(body !== undefined && { 'content-type': contentType }), ...headers }),
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { abortSignal: signal }),
    })
    return withAttempt(attempt, () => send(request))
  }

  /** The body of the answer. @throws AzureError for a refusal */
  async json<T>(request: JsonRequest): Promise<T> {
    return bodyOf<T>(request, await this.send(request))
  }

  /** The same; `undefined` for 404. */
  async find<T>(request: JsonRequest): Promise<T | undefined> {
    const answer = await this.send(request).catch((error: unknown) => {
      // The body of a 404 was cut off.
      if (isNotFound(error)) return undefined
      throw error
    })
    return answer === undefined || answer.status === 404 ? undefined : bodyOf<T>(request, answer)
  }

  /** All items of a list, page by page; at most `limit`. */
  async list<T>(request: JsonRequest, limit = Number.POSITIVE_INFINITY): Promise<T[]> {
    const found: T[] = []
    for (let url: string | undefined = request.url; url !== undefined; ) {
      const page: Page<T> = await this.json({ ...request, url })
      found.push(...(page.value ?? []))
      const next: string | undefined = page.nextLink || page['odata.nextLink'] || undefined
      url = next !== undefined && found.length < limit ? trusted(next, this.#service.origin, 'the next page') : undefined
    }
    return found.slice(0, limit)
  }

  /** The same; empty where this Azure has no such list (404): some clouds get one years after others. */
  async listIfAny<T>(request: JsonRequest): Promise<T[]> {
    return this.list<T>(request).catch((error: unknown) => {
      if (isNotFound(error)) return []
      throw error
    })
  }

  /** Sends a request that may start a long operation, and follows that to its end. */
  async run(request: JsonRequest & { readonly signal: AbortSignal }, pace: Pace): Promise<void> {
    await follow({ operation: await this.#start(request), pace, clock: this.#service.clock, signal: request.signal })
  }

  async #start({ body, headers, ...attempt }: JsonRequest & { readonly signal: AbortSignal }): Promise<FollowedOperation> {
    const { signal, ...what } = attempt
    const started = await this.send({ ...attempt, body, ...(headers && { headers }) })
    // What is gone already needs no deletion.
    if (started.status >= 400 && !(what.method === 'DELETE' && started.status === 404)) throw failedAnswer(what, started)
    const ask = (url: string) => this.send({ ...what, method: 'GET', url, signal })
    return operationOf({ started, attempt: what, ask, origin: this.#service.origin, resourceUrl: what.url })
  }
}

/** Also of a call whose answer's body was cut off, for which the SDK throws. */
export const isNotFound = (error: unknown): boolean => error instanceof Error && 'status' in error && error.status === 404

function bodyOf<T>(request: JsonRequest, answer: RawAnswer): T {
  const { body: _body, headers: _headers, signal: _signal, ...attempt } = request
  if (answer.status >= 400) throw failedAnswer(attempt, answer)
  return JSON.parse(answer.bodyAsText || '{}') as T
}
