import { AzureError } from '../errors/azure-error.ts'
import { AuthError } from '../errors/sign-in.ts'
import type { Arm } from '../model/arm.ts'
import type { Batch } from '../model/batch.ts'
import type { Compute } from '../model/compute.ts'
import type { Prices } from '../model/prices.ts'
import type { PhaseName, RunEvent } from './events.ts'
import type { Clock, Events, Ledger } from './runner.ts'

/** The ports that every step works with. */
export interface StepContext {
  readonly arm: Arm
  readonly compute: Compute
  readonly batch: Batch
  readonly prices: Prices
  readonly clock: Clock
  readonly events: Events
  readonly ledger: Ledger
  /** Aborted when the run is cancelled or its time is over; the reason is the error to end with. */
  readonly signal: AbortSignal
  /** Between 0 and 1, for jitter. */
  readonly random: () => number
}

type Untimed<T> = T extends unknown ? Omit<T, 'at'> : never

/** Emits an event with the current time. */
export function emit({ events, clock }: Pick<StepContext, 'events' | 'clock'>, event: Untimed<RunEvent>): void {
  events.emit({ ...event, at: clock.now().toISOString() } as RunEvent)
}

/** One named part of the run: a group of the log, a row of the report. */
export async function phase<T>(context: StepContext, name: PhaseName, body: () => Promise<T>): Promise<T> {
  context.signal.throwIfAborted()
  emit(context, { kind: 'phase-started', phase: name })
  try {
    const result = await withSignsOfLife(context, (elapsedMs) => ({ kind: 'phase-running', phase: name, elapsedMs }), body)
    emit(context, { kind: 'phase-ended', phase: name, outcome: 'succeeded' })
    return result
  } catch (error) {
    emit(context, { kind: 'phase-ended', phase: name, outcome: context.signal.aborted ? 'cancelled' : 'failed' })
    throw error
  }
}

/** How long a run that is waiting anyway keeps waiting while a region is down. Each single request is tried for a minute. */
const LONGEST_OUTAGE_MS = 1_800_000
/** Azure's own passing failures. https://learn.microsoft.com/azure/architecture/best-practices/retry-service-specific */
const OUTAGE = new Set([429, 500, 502, 503, 504])

/**
 * Calls `look` until it returns something, and meanwhile reports what it is waiting for. A failure of Azure ends the waiting only if it
 * lasts. @throws the reason of the signal, and whatever else `look` throws
 */
export async function waitFor<T>(
  context: StepContext,
  waitingFor: () => string,
  delayMs: (waitedMs: number) => number,
  look: () => Promise<T | undefined>,
): Promise<T> {
  const startedAtMs = context.clock.now().getTime()
  return withSignsOfLife(
    context,
    (elapsedMs) => ({ kind: 'heartbeat', waitingFor: waitingFor(), elapsedMs }),
    async () => {
      const lookThrough = throughOutage(context, look)
      for (;;) {
        const found = await lookThrough()
        if (found !== undefined) return found
        await context.clock.sleep(delayMs(context.clock.now().getTime() - startedAtMs), context.signal)
      }
    },
  )
}

/**
 * `look`, except that it returns `undefined` while Azure fails. @throws the first failure of Azure after half an hour without an answer, or
 * when no token is available meanwhile
 */
function throughOutage<T>(context: StepContext, look: () => Promise<T | undefined>): () => Promise<T | undefined> {
  let outage: { readonly sinceMs: number; readonly first: AzureError } | undefined
  return async () => {
    try {
      const found = await look()
      outage = undefined
      return found
    } catch (error) {
      if (outage && error instanceof AuthError) throw outage.first
      if (!(error instanceof AzureError) || !OUTAGE.has(error.status ?? 0)) throw error
      const nowMs = context.clock.now().getTime()
      if (!outage) {
        outage = { sinceMs: nowMs, first: error }
        emit(context, { kind: 'notice', level: 'warning', text: `Azure is failing (${error.message}); the run keeps waiting.` })
      }
      if (nowMs - outage.sinceMs >= LONGEST_OUTAGE_MS) throw outage.first
      return undefined
    }
  }
}

const SIGN_OF_LIFE_MS = 5_000

/** Emits a sign of life every five seconds while `body` runs: the next poll may be minutes away, the end of a script half an hour. */
async function withSignsOfLife<T>(
  context: StepContext,
  sign: (elapsedMs: number) => Untimed<RunEvent>,
  body: () => Promise<T>,
): Promise<T> {
  const ended = new AbortController()
  const over = AbortSignal.any([ended.signal, context.signal])
  const startedAtMs = context.clock.now().getTime()
  const emitSigns = async () => {
    for (;;) {
      await context.clock.sleep(SIGN_OF_LIFE_MS, over).catch(() => undefined)
      if (over.aborted) return
      emit(context, sign(context.clock.now().getTime() - startedAtMs))
    }
  }
  emitSigns()
  try {
    return await body()
  } finally {
    ended.abort()
  }
}
