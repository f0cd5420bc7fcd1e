/** Deletions of image versions: of those of one definition only the first is asked, until it is over. A hundred questions become one. */
import type { ArmId } from '../../model/arm-id.ts'
import type { Clock } from '../../run/runner.ts'
import type { FollowedOperation } from '../long-operation.ts'

type State = Awaited<ReturnType<FollowedOperation['poll']>>

/** An answer serves all who ask within this time. */
const SHARED_MS = 2_000
/** A deletion that takes longer than the others does not keep them waiting. */
const LONGEST_WAIT_MS = 300_000

export class VersionDeletions {
  readonly #clock: Clock
  /** Of each definition, in the order in which they began. */
  readonly #underWay = new Map<string, Set<Deletion>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The deletion of `id`. While an earlier one of the definition is in progress, so is this; how it ended only its own operation says. */
  follow(id: ArmId, operation: FollowedOperation): FollowedOperation {
    const underWay = this.#underWayIn(id.replace(/\/versions\/[^/]+$/i, '').toLowerCase())
    const deletion = new Deletion(operation, this.#clock)
    if (!operation.isOver) underWay.add(deletion)
    return {
      get isOver() {
        return operation.isOver
      },
      get retryAfterS() {
        return operation.retryAfterS
      },
      output: () => operation.output(),
      poll: async () => {
        const [first = deletion] = underWay
        if (first !== deletion && deletion.mayWait && (await first.isInProgress())) return 'InProgress'
        let state: State | undefined
        try {
          state = await deletion.ask()
          return state
        } finally {
          if (state !== 'InProgress') underWay.delete(deletion)
        }
      },
    }
  }

  #underWayIn(definition: string): Set<Deletion> {
    const underWay = this.#underWay.get(definition) ?? new Set()
    this.#underWay.set(definition, underWay)
    return underWay
  }
}

/** One deletion, and its last answer. */
class Deletion {
  readonly #operation: FollowedOperation
  readonly #clock: Clock
  #askedMs: number
  #answer: Promise<State> | undefined
  #isOver = false

  constructor(operation: FollowedOperation, clock: Clock) {
    this.#operation = operation
    this.#clock = clock
    this.#askedMs = this.#nowMs
  }

  get mayWait(): boolean {
    return this.#nowMs - this.#askedMs < LONGEST_WAIT_MS
  }

  isInProgress(): Promise<boolean> {
    return this.ask().then(
      (state) => state === 'InProgress',
      () => false,
    )
  }

  /** @throws what the operation throws */
  ask(): Promise<State> {
    if (this.#answer && (this.#isOver || this.#nowMs - this.#askedMs <= SHARED_MS)) return this.#answer
    this.#askedMs = this.#nowMs
    this.#answer = this.#poll()
    return this.#answer
  }

  async #poll(): Promise<State> {
    let state: State | undefined
    try {
      state = await this.#operation.poll()
      return state
    } finally {
      this.#isOver = state !== 'InProgress'
    }
  }

  get #nowMs(): number {
    return this.#clock.now().getTime()
  }
}
