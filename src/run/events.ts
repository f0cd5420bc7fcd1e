/**
 * What happens during a run, as data. Steps emit these and know no text; `report/` turns the same events into log lines,
 * charts, summary and JSON. Times are ISO 8601 in UTC.
 */
import type { ResizeError } from '../errors/resize-errors.ts'
import type { AllocationState } from '../model/batch.ts'
import type { NodeCounts, ResizeRequest } from '../model/batch-service.ts'
import type { RegionReplication } from '../model/compute.ts'
import type { NodeTotals } from '../model/nodes.ts'
import type { Way } from '../model/sign-in.ts'

export type PhaseName = 'observe' | 'check' | 'plan' | 'capture' | 'publish' | 'prove' | 'pool' | 'follow' | 'verify' | 'prune' | 'report'

/** The identity that Azure knows the run by, from the claims of its first access token. The claims are shown, not trusted. */
export interface SignedIn {
  readonly way: Way
  /** Why this way was taken. */
  readonly why: string
  /** `unknown` where the token cannot be read. */
  readonly kind: 'application' | 'user' | 'unknown'
  /** The application; for a user, the tool that signed in. */
  readonly clientId?: string
  readonly objectId?: string
  readonly userName?: string
  readonly tenantId?: string
}

export type RunEvent = { readonly at: string } & (
  | { readonly kind: 'phase-started'; readonly phase: PhaseName }
  | { readonly kind: 'phase-ended'; readonly phase: PhaseName; readonly outcome: 'succeeded' | 'failed' | 'cancelled' }
  /** A preflight rule has a warning, which does not stop the run. */
  | { readonly kind: 'check-warning'; readonly id: string; readonly title: string; readonly seen: string }
  /** All preflight rules were checked. A rule that objects to several things counts once. */
  | { readonly kind: 'checked'; readonly passed: number; readonly warnings: number; readonly errors: number }
  /** What the run is going to change; empty: nothing. */
  | {
      readonly kind: 'planned'
      readonly changes: readonly { readonly verb: string; readonly type: string; readonly name: string; readonly reason: string }[]
    }
  /** A write request's effect: something now exists, changed, or is gone. */
  | {
      readonly kind: 'resource'
      readonly change: 'creating' | 'created' | 'adopted' | 'updating' | 'updated' | 'deleting' | 'deleted' | 'kept'
      readonly type:
        | 'snapshot'
        | 'gallery'
        | 'image definition'
        | 'image version'
        | 'managed image'
        | 'pool'
        | 'virtual machine'
        | 'temporary resource'
        | 'node'
      readonly id: string
      readonly detail?: string
    }
  | { readonly kind: 'replication'; readonly imageId: string; readonly regions: readonly RegionReplication[] }
  | {
      readonly kind: 'resize-started'
      readonly pool: string
      readonly number: number
      readonly maxResizes: number
      readonly from: NodeTotals
      readonly request: ResizeRequest
    }
  /** A resize that this run did not request is in progress. */
  | { readonly kind: 'resize-foreign'; readonly pool: string; readonly target: NodeTotals; readonly startedAt?: string }
  | {
      readonly kind: 'node-count-changed'
      readonly pool: string
      readonly allocationState: AllocationState
      readonly current: NodeTotals
      readonly target: NodeTotals
      readonly number: number
      readonly maxResizes: number
    }
  | {
      readonly kind: 'resize-ended'
      readonly pool: string
      readonly number: number
      readonly gained: NodeTotals
      readonly current: NodeTotals
      readonly errors: readonly ResizeError[]
    }
  | { readonly kind: 'resize-backoff'; readonly pool: string; readonly waitMs: number; readonly reason: string }
  | {
      readonly kind: 'node-states-changed'
      readonly pool: string
      readonly counts: NodeCounts
      readonly healthy: number
      readonly required: number
      readonly target: NodeTotals
    }
  /** A proof pool has shown whether the new image works, before the pools that it was made for lose a node. */
  | {
      readonly kind: 'proof-ended'
      readonly pool: string
      readonly proves: readonly string[]
      readonly target: NodeTotals
      /** `no-room`: a quota left no room for the proof pool, and the run continues without it. */
      readonly result: 'healthy' | 'failed' | 'no-room'
      readonly reason?: string
    }
  /** The smoke test has ended on all its nodes. */
  | {
      readonly kind: 'smoke-test-ended'
      readonly pool: string
      readonly passed: number
      readonly nodes: number
      /** Why the gate refuses the pool; absent where it does not. */
      readonly reason?: string
    }
  | { readonly kind: 'data-plane-unreachable'; readonly reason: string }
  /** Nothing has changed for a while: what the run is waiting for. */
  | { readonly kind: 'heartbeat'; readonly waitingFor: string; readonly elapsedMs: number }
  /** A phase is still running, and none of its waits has reported anything. */
  | { readonly kind: 'phase-running'; readonly phase: PhaseName; readonly elapsedMs: number }
  | { readonly kind: 'signed-in'; readonly who: SignedIn }
  | { readonly kind: 'notice'; readonly level: 'info' | 'warning'; readonly text: string }
)
