/** The outcome of the work on a pool. */
import type { Explanation } from '../errors/explanation.ts'
import type { Pool } from '../model/batch.ts'
import type { PhaseName } from '../run/events.ts'
import type { Verdict } from './health-gate.ts'
import type { ProofOutcome } from './proof.ts'

/** What became of one pool. */
export interface PoolOutcome {
  /** Absent where it does not exist, or no longer does. */
  readonly pool?: Pool
  readonly verdict?: Verdict
  readonly error?: Explanation
  /** The run did not touch it. */
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
