/** Long operations, followed by hand until the resource itself is in an end state, whatever headers Azure sends along. */
import { AzureError } from '../errors/azure-error.ts'
import type { LongOperation } from '../model/arm.ts'
import type { Clock } from '../run/runner.ts'
import { type Attempt, failedAnswer, failedCall, type RawAnswer, trusted } from './failure.ts'
import { jsonOf, type OperationState, stateOfOperation, stateOfResource, stateOfResult } from './operation-state.ts'
import { nextDelayMs, type Pace } from './pace.ts'

/**
 * Polls in a row that may be lost, after all retries of each: the operation goes on without them, and its URL is not known everywhere
 * at once.
 */
const MOST_LOST_POLLS = 3
const PASSING = new Set([404, 408, 429, 500, 502, 503, 504])

/** Requests whose answers show the resource. */
const WRITES = new Set(['PUT', 'PATCH'])

/** After the operation has succeeded, the resource may be shown as it was for a while; then the operation is believed. */
const MOST_CONFIRMATIONS = 10

/** Sends an authenticated GET to a URL. */
export type Ask = (url: string) => Promise<RawAnswer>

export interface StartedOperation {
  /** The answer that started it; no refusal. */
  readonly started: RawAnswer
  readonly attempt: Attempt
  readonly ask: Ask
  /** Scheme and host, the only ones that our token goes to. */
  readonly origin: string
  /** The resource that is created, changed or deleted, with its api-version. */
  readonly resourceUrl?: string
  /** The operation's own word is enough: nobody reads the resource next. */
  readonly isBelieved?: boolean
}

/** An operation with what following it needs. */
export interface FollowedOperation extends LongOperation {
  /** It ended with its start: there is nothing to wait for. */
  readonly isOver: boolean
  /** What the last answer asked for. */
  readonly retryAfterS: number | undefined
  /** What the operation gave, once it has succeeded. */
  output(): Promise<unknown>
}

/** The operation that an answer started. */
export const operationOf = (started: StartedOperation): FollowedOperation => new Operation(started)

/** How long an operation may take, and what is thrown where it takes longer. */
export interface Limit {
  readonly ms: number
  readonly error: () => Error
}

/** Waits for the end of an operation. @throws AzureError where it failed */
export async function follow({
  operation,
  pace,
  clock,
  signal,
  limit,
}: {
  readonly operation: FollowedOperation
  readonly pace: Pace
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly limit?: Limit
}): Promise<void> {
  const startedAtMs = clock.now().getTime()
  while (!operation.isOver) {
    const waitedMs = clock.now().getTime() - startedAtMs
    if (limit && waitedMs >= limit.ms) throw limit.error()
    await clock.sleep(nextDelayMs(pace, waitedMs, operation.retryAfterS), signal)
    if ((await operation.poll()) === 'Succeeded') return
  }
}

/** What is asked: the status of the operation, its result, the resource, the resource once more after the operation; or nothing any more. */
type Stage = 'status' | 'result' | 'resource' | 'confirmation' | 'over'

/**
 * `Azure-AsyncOperation` gives a status; `Location` gives 202 until there is a result; without either, the resource says whether it is
 * still being created. https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations
 */
class Operation implements FollowedOperation {
  readonly #attempt: Attempt
  readonly #ask: Ask
  readonly #origin: string
  readonly #resourceUrl: string | undefined
  readonly #isBelieved: boolean
  readonly #resultUrl: string | undefined
  /** Of the status or the result. */
  #url = ''
  #stage: Stage
  #retryAfterS: number | undefined
  #last: RawAnswer
  #lost = 0
  #confirmations = 0
  /** As last seen; what was never seen in progress needs no second look. */
  #resourceState: OperationState

  constructor({ started, attempt, ask, origin, resourceUrl, isBelieved = false }: StartedOperation) {
    const statusUrl = started.headers.get('azure-asyncoperation') ?? started.headers.get('operation-location')
    this.#attempt = attempt
    this.#ask = ask
    this.#origin = origin
    this.#resourceUrl = resourceUrl
    this.#isBelieved = isBelieved
    this.#resultUrl = started.headers.get('location') || undefined
    this.#last = started
    this.#retryAfterS = secondsOf(started)
    this.#resourceState = WRITES.has(attempt.method) ? stateOfResource(started) : 'Succeeded'
    this.#stage = this.#firstStage(started, statusUrl)
    for (const url of [statusUrl, this.#resultUrl]) if (url && this.#stage !== 'over') trusted(url, origin, 'the operation')
    if (this.#stage === 'status' || this.#stage === 'result') this.#url = (statusUrl || this.#resultUrl) ?? ''
  }

  #firstStage(started: RawAnswer, statusUrl: string | undefined): Stage {
    if (started.status === 204 || started.status >= 400) return 'over'
    if (statusUrl) return 'status'
    if (this.#resourceState === 'Failed') throw failedAnswer(this.#attempt, started)
    if (started.status < 202 && this.#resourceState === 'Succeeded') return 'over'
    if (this.#resultUrl) return 'result'
    return this.#resourceUrl ? 'resource' : 'over'
  }

  get isOver(): boolean {
    return this.#stage === 'over'
  }

  get retryAfterS(): number | undefined {
    return this.#retryAfterS
  }

  async poll(): Promise<'InProgress' | 'Succeeded'> {
    if (this.#stage === 'over') return 'Succeeded'
    const answer = await this.#next()
    if (!answer) return 'InProgress'
    const state = this.#judge(answer)
    if (state === 'Failed') throw failedAnswer(this.#attempt, answer)
    if (state === 'InProgress') return this.#stage === 'confirmation' ? this.#confirm() : 'InProgress'
    return this.#succeed()
  }

  async output(): Promise<unknown> {
    const { properties } = jsonOf(this.#last) as { properties?: { output?: unknown } }
    if (properties?.output !== undefined || !this.#resultUrl) return properties?.output
    return jsonOf(await this.#get(this.#resultUrl))
  }

  /** The next answer; `undefined` where it was lost, which ends nothing yet. */
  async #next(): Promise<RawAnswer | undefined> {
    const asksResource = this.#stage === 'resource' || this.#stage === 'confirmation'
    try {
      const answer = await this.#get(asksResource ? (this.#resourceUrl ?? '') : this.#url)
      this.#lost = 0
      this.#retryAfterS = secondsOf(answer)
      if (!asksResource) {
        this.#last = answer
        this.#move(answer)
      }
      return answer
    } catch (error) {
      return this.#lose(error, asksResource)
    }
  }

  /** Follows the operation to where it has moved. */
  #move(answer: RawAnswer): void {
    const movedTo = answer.headers.get(this.#stage === 'status' ? 'azure-asyncoperation' : 'location')
    if (movedTo && answer.status !== 200) this.#url = trusted(movedTo, this.#origin, 'the operation')
  }

  #lose(error: unknown, asksResource: boolean): RawAnswer | undefined {
    const status = error instanceof AzureError ? error.status : undefined
    if (asksResource && status === 404 && this.#attempt.method === 'DELETE') return GONE
    // The operation has succeeded; that the resource cannot be read takes nothing from that.
    if (this.#stage === 'confirmation') return DONE
    this.#lost += 1
    if (isPassing(error) && this.#lost <= MOST_LOST_POLLS) return undefined
    // Operations are forgotten sooner than what they made.
    if (asksResource || !this.#resourceUrl || !isPassing(error)) throw error
    this.#stage = 'resource'
    this.#lost = 0
    return undefined
  }

  #judge(answer: RawAnswer): OperationState {
    switch (this.#stage) {
      case 'status':
        return stateOfOperation(answer)
      case 'result':
        return stateOfResult(answer)
      default:
        if (this.#attempt.method === 'DELETE') return answer === GONE ? 'Succeeded' : stateOfDeletion(answer)
        this.#resourceState = stateOfResource(answer)
        return this.#resourceState
    }
  }

  /** The resource is read at once: another wait would take seconds (15 of a copy), and mostly it is there. */
  async #succeed(): Promise<'InProgress' | 'Succeeded'> {
    const isOfOperation = this.#stage === 'status' || this.#stage === 'result'
    if (isOfOperation && !this.#isBelieved && this.#mayBeUnfinished()) {
      this.#stage = 'confirmation'
      return this.poll()
    }
    this.#stage = 'over'
    return 'Succeeded'
  }

  /** Whether the resource was last seen in progress: an operation that succeeded, or gave the resource, says so of it mostly. */
  #mayBeUnfinished(): boolean {
    const { properties } = jsonOf(this.#last) as { properties?: { output?: object; provisioningState?: unknown } }
    const isShown = properties?.output !== undefined || properties?.provisioningState !== undefined
    return this.#resourceUrl !== undefined && this.#resourceState === 'InProgress' && !isShown
  }

  #confirm(): 'InProgress' | 'Succeeded' {
    this.#confirmations += 1
    if (this.#confirmations < MOST_CONFIRMATIONS) return 'InProgress'
    this.#stage = 'over'
    return 'Succeeded'
  }

  async #get(url: string): Promise<RawAnswer> {
    const question = { ...this.#attempt, method: 'GET', url: trusted(url, this.#origin, 'the operation') }
    try {
      const answer = await this.#ask(url)
      if (answer.status < 400) return answer
      throw failedAnswer(question, answer)
    } catch (error) {
      throw failedCall(question, error, undefined)
    }
  }
}

const NO_HEADERS = { get: () => undefined }
/** What a deletion ends with. */
const GONE: RawAnswer = { status: 404, headers: NO_HEADERS }
/** Nothing else can be learned. */
const DONE: RawAnswer = { status: 204, headers: NO_HEADERS }

/** A resource that can still be read is not gone yet. */
const stateOfDeletion = (answer: RawAnswer): OperationState => (stateOfResource(answer) === 'Failed' ? 'Failed' : 'InProgress')

function secondsOf({ headers }: RawAnswer): number | undefined {
  const seconds = Number(headers.get('retry-after'))
  return seconds > 0 ? seconds : undefined
}

/** No answer, or one that says nothing about the operation. */
const isPassing = (error: unknown): boolean => error instanceof AzureError && (error.status === undefined || PASSING.has(error.status))
