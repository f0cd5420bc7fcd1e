import type { Arm } from '../model/arm.ts'
import type { Batch } from '../model/batch.ts'
import type { Compute } from '../model/compute.ts'
import type { Prices } from '../model/prices.ts'
import type { PhaseName, RunEvent } from './events.ts'
import type { Clock, Events, Ledger } from './runner.ts'

/** What every step works with. */
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

/** Tells what happened, now. */
export function emit({ events, clock }: Pick<StepContext, 'events' | 'clock'>, event: Untimed<RunEvent>): void {
  events.emit({ ...event, at: clock.now().toISOString() } as RunEvent)
}

/** One named part of the run: a group of the log, a row of the report. */
export async function phase<T>(context: StepContext, name: PhaseName, body: () => Promise<T>): Promise<T> {
  context.signal.throwIfAborted()
  emit(context, { kind: 'phase-started', phase: name })
  try {
    const result = await withSignsOfLife(context, (elapsedMs) => ({ kind: 'phase-goes-on', phase: name, elapsedMs }), body)
    emit(context, { kind: 'phase-ended', phase: name, outcome: 'succeeded' })
    return result
  } catch (error) {
    emit(context, { kind: 'phase-ended', phase: name, outcome: context.signal.aborted ? 'cancelled' : 'failed' })
    throw error
  }
}

/** Asks `look` again and again until it answers something; meanwhile says what is being waited for. */
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
      for (;;) {
        const found = await look()
        if (found !== undefined) return found
        await context.clock.sleep(delayMs(context.clock.now().getTime() - startedAtMs), context.signal)
      }
    },
  )
}

const SIGN_OF_LIFE_MS = 5_000

/** Gives signs of life while `body` runs: a question may be minutes away, a long operation or a script half an hour. */
async function withSignsOfLife<T>(
  context: StepContext,
  sign: (elapsedMs: number) => Untimed<RunEvent>,
  body: () => Promise<T>,
): Promise<T> {
  const ended = new AbortController()
  const over = AbortSignal.any([ended.signal, context.signal])
  const startedAtMs = context.clock.now().getTime()
  const goOn = async () => {
    for (;;) {
      await context.clock.sleep(SIGN_OF_LIFE_MS, over).catch(() => undefined)
      if (over.aborted) return
      emit(context, sign(context.clock.now().getTime() - startedAtMs))
    }
  }
  goOn()
  try {
    return await body()
  } finally {
    ended.abort()
  }
}
