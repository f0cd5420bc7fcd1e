import { AzureError } from '../errors/azure-error.ts'
import type { LongOperation } from '../model/arm.ts'
import type { Clock } from '../run/runner.ts'
import { type Attempt, failedAnswer, failedCall, type RawAnswer, trusted } from './failure.ts'

/** How often a kind of operation is asked about. Real durations: snapshots 0.1 to 27 s, images 0.2 to 30 s, versions minutes, VMs 9 to 1,405 s. */
export interface Pace {
  readonly firstMs: number
  readonly longestMs: number
}

export const PACES = {
  disk: { firstMs: 3_000, longestMs: 10_000 },
  image: { firstMs: 2_000, longestMs: 10_000 },
  gallery: { firstMs: 500, longestMs: 5_000 },
  version: { firstMs: 20_000, longestMs: 30_000 },
  vm: { firstMs: 5_000, longestMs: 15_000 },
  pool: { firstMs: 5_000, longestMs: 15_000 },
} as const satisfies Record<string, Pace>

/** The wait before the next question: a fifth of the time already waited, within the pace; never less than Azure asks for. */
export function nextDelayMs(pace: Pace, waitedMs: number, retryAfterS: number | undefined): number {
  const adaptive = Math.min(pace.longestMs, Math.max(pace.firstMs, waitedMs / 5))
  return retryAfterS === undefined ? adaptive : Math.max(adaptive, retryAfterS * 1_000)
}

/**
 * Polls in a row that may be lost, after all retries of each: the operation goes on without them, and its URL is not known everywhere
 * at once.
 */
const MOST_LOST_POLLS = 3
const PASSING = new Set([404, 408, 429, 500, 502, 503, 504])

/** Sends an authenticated GET to an operation's URL. */
export type Ask = (url: string) => Promise<RawAnswer>

/**
 * An operation by the headers of the answer that started it. `Azure-AsyncOperation` answers 200 with a `status`; `Location` answers
 * 202 until it is done. Without either the operation ended with its start.
 */
export function operationOf(start: RawAnswer, attempt: Attempt, ask: Ask, trustedOrigin: string): FollowedOperation {
  const statusUrl = start.headers.get('azure-asyncoperation')
  const resultUrl = start.headers.get('location')
  let url = statusUrl ?? resultUrl
  let retryAfterS = secondsOf(start)
  let last: RawAnswer = start
  let lost = 0
  if (url) trusted(url, trustedOrigin, 'the operation')

  const get = async (from: string): Promise<RawAnswer> => {
    const question = { ...attempt, method: 'GET', url: from }
    try {
      const answer = await ask(from)
      if (answer.status < 400) return answer
      throw failedAnswer(question, answer)
    } catch (error) {
      throw failedCall(question, error, undefined)
    }
  }
  return {
    retryAfterS: () => retryAfterS,
    async output() {
      const { properties } = JSON.parse(last.bodyAsText || '{}') as { properties?: { output?: unknown } }
      if (properties?.output !== undefined || !resultUrl) return properties?.output
      return JSON.parse((await get(trusted(resultUrl, trustedOrigin, 'the result'))).bodyAsText || '{}')
    },
    async poll() {
      if (!url || (!statusUrl && start.status < 202)) return 'Succeeded'
      let answer: RawAnswer
      try {
        answer = await get(url)
      } catch (error) {
        lost += 1
        if (isPassing(error) && lost <= MOST_LOST_POLLS) return 'InProgress'
        throw error
      }
      lost = 0
      retryAfterS = secondsOf(answer)
      last = answer
      const movedTo = answer.headers.get(statusUrl ? 'azure-asyncoperation' : 'location')
      if (movedTo && answer.status !== 200) url = trusted(movedTo, trustedOrigin, 'the operation')
      if (!statusUrl) return answer.status === 202 ? 'InProgress' : 'Succeeded'
      const status = statusOf(answer)
      if (status === 'succeeded') return 'Succeeded'
      if (status === 'failed' || status === 'canceled') throw failedAnswer(attempt, answer)
      return 'InProgress'
    },
  }
}

/** An operation with what following it needs. */
export interface FollowedOperation extends LongOperation {
  retryAfterS(): number | undefined
  /** What the operation gave, once it has succeeded. */
  output(): Promise<unknown>
}

/** Waits for the end of an operation. */
export async function follow(operation: FollowedOperation, pace: Pace, clock: Clock, signal: AbortSignal): Promise<void> {
  const startedAtMs = clock.now().getTime()
  for (;;) {
    await clock.sleep(nextDelayMs(pace, clock.now().getTime() - startedAtMs, operation.retryAfterS()), signal)
    if ((await operation.poll()) === 'Succeeded') return
  }
}

/**
 * In lower case. A body without one may be the resource itself; else the HTTP status is all there is.
 * https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations
 */
function statusOf({ status, bodyAsText }: RawAnswer): string {
  const body = JSON.parse(bodyAsText || '{}') as { status?: unknown; properties?: { provisioningState?: unknown } }
  return String(body.status ?? body.properties?.provisioningState ?? (status === 202 ? 'inprogress' : 'succeeded')).toLowerCase()
}

function secondsOf({ headers }: RawAnswer): number | undefined {
  const seconds = Number(headers.get('retry-after'))
  return seconds > 0 ? seconds : undefined
}

/** No answer, or one that says nothing about the operation. */
const isPassing = (error: unknown): boolean => error instanceof AzureError && (error.status === undefined || PASSING.has(error.status))
