/** What a run needs from the machine it is on, as interfaces only; `github/` and `main.ts` implement them. */
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

/** `temporary`: to be deleted whatever happens. `poolSize`: a pool that is drained, and is owed its former size. */
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
  | 'smokeTest'
  | 'startVm'

/** Something this run is about to create (or, for `startVm` and `poolSize`, owes). Written before the request is sent. */
export interface LedgerEntry {
  /** ARM id, known before the PUT is sent. */
  readonly id: string
  readonly kind: LedgerKind
}

/** What `post` must look at if this process dies. An entry stays open until it is settled. */
export interface Ledger {
  /** Durable when it returns: the request that creates the resource may be sent only then. */
  record(entry: LedgerEntry): void
  /** The resource is complete and kept on purpose, or is gone. */
  settle(id: string): void
  open(): readonly LedgerEntry[]
}

/** Where the run takes place; goes into provenance tags and the report. Empty strings outside GitHub. */
export interface RunContext {
  readonly repository: string
  readonly sha: string
  readonly runId: string
  /** From 1; an attempt begins only after the previous one has ended with all its jobs. */
  readonly runAttempt: number
  /** `GITHUB_JOB`; all jobs of a matrix have one. */
  readonly job: string
  /** Random: tells jobs of a matrix, and steps of a job, from each other. */
  readonly nonce: string
  readonly runUrl: string
  readonly actor: string
  readonly eventName: string
}

/** The pull request that a run belongs to. */
export interface PullRequest {
  /** Puts `body`, which begins with `marker`, into the comment that begins so, or into a new one. */
  keepComment(marker: string, body: string): Promise<void>
}
