import type { PhaseName, RunEvent } from '../events.ts'
import type { Arm, Batch, Clock, Compute, Events, Ledger } from '../ports.ts'

/** What every step works with. */
export interface StepContext {
  readonly arm: Arm
  readonly compute: Compute
  readonly batch: Batch
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
export function tell({ events, clock }: Pick<StepContext, 'events' | 'clock'>, event: Untimed<RunEvent>): void {
  events.emit({ ...event, at: clock.now().toISOString() } as RunEvent)
}

/** One named part of the run: a group of the log, a row of the report. */
export async function phase<T>(context: StepContext, name: PhaseName, body: () => Promise<T>): Promise<T> {
  context.signal.throwIfAborted()
  tell(context, { kind: 'phase-started', phase: name })
  const ended = new AbortController()
  keepTelling(context, name, AbortSignal.any([ended.signal, context.signal]))
  try {
    const result = await body()
    tell(context, { kind: 'phase-ended', phase: name, outcome: 'succeeded' })
    return result
  } catch (error) {
    tell(context, { kind: 'phase-ended', phase: name, outcome: context.signal.aborted ? 'cancelled' : 'failed' })
    throw error
  } finally {
    ended.abort()
  }
}

const SIGN_OF_LIFE_MS = 5_000

/** Long operations and scripts run for up to half an hour without a word. */
async function keepTelling(context: StepContext, name: PhaseName, ended: AbortSignal): Promise<void> {
  const startedAtMs = context.clock.now().getTime()
  for (;;) {
    await context.clock.sleep(SIGN_OF_LIFE_MS, ended).catch(() => undefined)
    if (ended.aborted) return
    tell(context, { kind: 'phase-goes-on', phase: name, elapsedMs: context.clock.now().getTime() - startedAtMs })
  }
}

/** Asks `look` again and again until it answers something; says each time what is being waited for. */
export async function waitFor<T>(
  context: StepContext,
  waitingFor: string,
  delayMs: (waitedMs: number) => number,
  look: () => Promise<T | undefined>,
): Promise<T> {
  const startedAtMs = context.clock.now().getTime()
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    const elapsedMs = context.clock.now().getTime() - startedAtMs
    tell(context, { kind: 'heartbeat', waitingFor, elapsedMs })
    await context.clock.sleep(delayMs(elapsedMs), context.signal)
  }
}
