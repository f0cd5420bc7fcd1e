import { type ArmId, sameId } from '../../model/arm-id.ts'
import type { Pool } from '../../model/batch.ts'
import type { Clock } from '../../run/runner.ts'

/** How long a list waits for other callers. It is read after all of them have asked, so it is never older than their questions. */
const GATHER_MS = 1_000
/** Pools that were read within this time count as watched. */
const WATCHED_MS = 60_000
/** Up to so many pools are read one by one; more are cheaper to list. */
const FEW = 3

export interface PoolReaders {
  readonly get: (id: ArmId) => Promise<Pool | undefined>
  /** Of the account. */
  readonly list: () => Promise<readonly Pool[]>
  readonly clock: Clock
}

/** Pools of one account that are watched at the same time: more than a few share one list, instead of a request each. */
export class PoolReadings {
  readonly #readers: PoolReaders
  readonly #askedAtMs = new Map<string, number>()
  /** The next list, which has not been requested yet. */
  #next: Promise<readonly Pool[]> | undefined

  constructor(readers: PoolReaders) {
    this.#readers = readers
  }

  /** The pool as it is now. If the list lacks it or cannot be read, it is read on its own. */
  async read(id: ArmId, signal: AbortSignal): Promise<Pool | undefined> {
    const nowMs = this.#readers.clock.now().getTime()
    this.#askedAtMs.set(id.toLowerCase(), nowMs)
    const watched = [...this.#askedAtMs.values()].filter((atMs) => nowMs - atMs <= WATCHED_MS).length
    const pools = watched > FEW ? await this.#list(signal).catch(() => []) : []
    return pools.find((pool) => sameId(pool.id, id)) ?? this.#readers.get(id)
  }

  #list(signal: AbortSignal): Promise<readonly Pool[]> {
    this.#next ??= this.#gathered(signal)
    return this.#next
  }

  async #gathered(signal: AbortSignal): Promise<readonly Pool[]> {
    const { clock, list } = this.#readers
    await clock.sleep(GATHER_MS, signal).finally(() => {
      this.#next = undefined
    })
    return list()
  }
}
