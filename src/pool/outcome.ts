/** What became of a pool. */
import type { Explanation } from '../errors/explanation.ts'
import type { Pool } from '../model/batch.ts'
import type { PhaseName } from '../run/events.ts'
import type { Verdict } from './health-gate.ts'
import type { ProofOutcome } from './proof.ts'

/** What became of one pool. */
export interface PoolOutcome {
  /** Absent where there is none (any more). */
  readonly pool?: Pool
  readonly verdict?: Verdict
  readonly error?: Explanation
  /** Nothing was done to it. */
  readonly isUntouched?: boolean
  /** Absent where none was due. */
  readonly proof?: ProofOutcome
  /** The pool is back on its previous image, or the old pool still serves. */
  readonly isRolledBack: boolean
  /** Resizes were requested, if only to replace nodes. */
  readonly hasResized?: boolean
}

/** Runs a part of the rollout as a phase of its own, where the run has only one pool. */
export type RunAsPhase = <T>(phase: PhaseName, body: () => Promise<T>) => Promise<T>
