import type { Clock, LongOperation } from '../ports.ts'
import { type Attempt, failedAnswer, type RawAnswer } from './failure.ts'

/** How often a kind of operation is asked about. Real durations: snapshots 0.1 to 27 s, images 0.2 to 30 s, versions minutes, VMs 9 to 1,405 s. */
export interface Pace {
  readonly firstMs: number
  readonly longestMs: number
}

export const PACES = {
  disk: { firstMs: 1_000, longestMs: 10_000 },
  image: { firstMs: 2_000, longestMs: 10_000 },
  gallery: { firstMs: 500, longestMs: 5_000 },
  version: { firstMs: 5_000, longestMs: 15_000 },
  vm: { firstMs: 5_000, longestMs: 15_000 },
  pool: { firstMs: 5_000, longestMs: 15_000 },
} as const satisfies Record<string, Pace>

/** The wait before the next question: a fifth of the time already waited, within the pace; never less than Azure asks for. */
export function nextDelayMs(pace: Pace, waitedMs: number, retryAfterS: number | undefined): number {
  const adaptive = Math.min(pace.longestMs, Math.max(pace.firstMs, waitedMs / 5))
  return retryAfterS === undefined ? adaptive : Math.max(adaptive, retryAfterS * 1_000)
}

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
  if (url) refuseForeignOrigin(url, trustedOrigin)
  return {
    retryAfterS: () => retryAfterS,
    async output() {
      const { properties } = JSON.parse(last.bodyAsText || '{}') as { properties?: { output?: unknown } }
      if (properties?.output !== undefined || !resultUrl) return properties?.output
      refuseForeignOrigin(resultUrl, trustedOrigin)
      return JSON.parse((await ask(resultUrl)).bodyAsText || '{}')
    },
    async poll() {
      if (!url || (!statusUrl && start.status < 202)) return 'Succeeded'
      const answer = await ask(url)
      retryAfterS = secondsOf(answer)
      last = answer
      if (answer.status >= 400) throw failedAnswer({ ...attempt, method: 'GET', url }, answer)
      const movedTo = answer.headers.get(statusUrl ? 'azure-asyncoperation' : 'location')
      if (movedTo && answer.status !== 200) {
        refuseForeignOrigin(movedTo, trustedOrigin)
        url = movedTo
      }
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

/** The request carries our token: it goes only where we sent the first one. */
function refuseForeignOrigin(url: string, trustedOrigin: string): void {
  if (new URL(url).origin !== trustedOrigin) throw new Error(`the operation's URL leads to another host: ${new URL(url).origin}`)
}
