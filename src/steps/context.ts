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
  try {
    const result = await body()
    tell(context, { kind: 'phase-ended', phase: name, outcome: 'succeeded' })
    return result
  } catch (error) {
    tell(context, { kind: 'phase-ended', phase: name, outcome: context.signal.aborted ? 'cancelled' : 'failed' })
    throw error
  }
}

const HEARTBEAT_MS = 60_000

/** Asks `look` again and again until it answers something; says every minute what is being waited for. */
export async function waitFor<T>(
  context: StepContext,
  waitingFor: string,
  delayMs: (waitedMs: number) => number,
  look: () => Promise<T | undefined>,
): Promise<T> {
  const startedAtMs = context.clock.now().getTime()
  let toldAtMs = startedAtMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    const nowMs = context.clock.now().getTime()
    if (nowMs - toldAtMs >= HEARTBEAT_MS) {
      tell(context, { kind: 'heartbeat', waitingFor, elapsedMs: nowMs - startedAtMs })
      toldAtMs = nowMs
    }
    await context.clock.sleep(delayMs(nowMs - startedAtMs), context.signal)
  }
}
