import { lastTouched, type Pool } from '../../model/batch.ts'
import type { Clock } from '../../run/runner.ts'

const LONGEST_MS = 60_000
const DELAY_MS = 2_000

/**
 * Reads of Azure are eventually consistent: one may be older than the one before it, and what it shows (the size before a resize, a drained
 * pool with all its nodes) would pass for somebody else's change. What was seen once is not unseen.
 */
export class NewestReadings {
  readonly #clock: Clock
  readonly #touchedMs = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Remembers how far the pool has come. */
  note(pool: Pool): Pool {
    const touchedMs = lastTouched(pool)
    if (touchedMs > 0) this.#touchedMs.set(pool.id.toLowerCase(), touchedMs)
    return pool
  }

  /** Whether an earlier answer showed a later state of the pool. One without times says nothing about it. */
  isOutdated(pool: Pool): boolean {
    const touchedMs = lastTouched(pool)
    return touchedMs > 0 && inSeconds(touchedMs) < inSeconds(this.#touchedMs.get(pool.id.toLowerCase()) ?? 0)
  }

  /** Reads again while the answer is outdated, for a minute at most. */
  async read(get: () => Promise<Pool | undefined>): Promise<Pool | undefined> {
    const untilMs = this.#clock.now().getTime() + LONGEST_MS
    for (;;) {
      const pool = await get()
      if (!pool || !this.isOutdated(pool) || this.#clock.now().getTime() >= untilMs) return pool && this.note(pool)
      await this.#clock.sleep(DELAY_MS, new AbortController().signal)
    }
  }
}

/** Azure gives the same time with and without fractions. */
const inSeconds = (ms: number): number => Math.floor(ms / 1_000)
