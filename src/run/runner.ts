/** What a run needs from the machine it is on, as interfaces only; `github/` and `main.ts` implement them. */
import type { ArmId } from '../model/arm-id.ts'
import type { RunEvent } from './events.ts'

export interface Clock {
  now(): Date
  /** Resolves after `ms`; rejects with the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** Receives what happens, as data. Log, charts and report are all built from these events. */
export interface Events {
  emit(event: RunEvent): void
}

/** `temporary`: to be deleted in any case. `poolSize`: a pool that is drained, and must get its former size back. `replacedPool`: one that is deleted, and must be made again. */
export type LedgerKind =
  | 'temporary'
  | 'snapshot'
  | 'image'
  | 'imageVersion'
  | 'imageDefinition'
  | 'gallery'
  | 'pool'
  | 'proofPool'
  | 'poolSize'
  | 'replacedPool'
  | 'smokeTest'
  | 'startVm'

/** Something that this run is about to create or, for `startVm`, `poolSize` and `replacedPool`, must restore. Written before the request is sent. */
export interface LedgerEntry {
  /** ARM id, known before the PUT is sent. */
  readonly id: string
  readonly kind: LedgerKind
  /** Of a `replacedPool` without secrets: what it was, as JSON in base64, so that a damaged ledger can still be read entry by entry. */
  readonly body?: string
  /** Of an image: ids of the run's Batch accounts, whose pools are looked at before it is deleted. */
  readonly accounts?: readonly ArmId[]
}

/** What the post step must look at if this process is killed. An entry stays open until it is settled. */
export interface Ledger {
  /** Durable when it returns: the request that creates the resource may be sent only then. */
  record(entry: LedgerEntry): void
  /** The resource is complete and kept on purpose, or is gone. */
  settle(id: string): void
  open(): readonly LedgerEntry[]
}

/** Where the run takes place, for provenance tags and the report. Texts are empty outside GitHub. */
export interface RunContext {
  readonly repository: string
  readonly sha: string
  readonly runId: string
  /** From 1; an attempt begins only after the previous one has ended with all its jobs. */
  readonly runAttempt: number
  /** `GITHUB_JOB`; all jobs of a matrix have one. */
  readonly job: string
  /** Random: distinguishes the jobs of a matrix, and the steps of a job, from each other. */
  readonly nonce: string
  readonly runUrl: string
  readonly actor: string
  readonly eventName: string
}

/** The pull request that a run belongs to. */
export interface PullRequest {
  /** Writes `body`, which begins with `marker`, over the comment that begins with `marker`, or into a new one. */
  keepComment(marker: string, body: string): Promise<void>
}
