/** The record of a run: what the summary, the outputs and the JSON report are made of. Times are ISO 8601 in UTC. */
import type { Explanation } from '../errors/explanation.ts'
import type { ResizeError } from '../errors/resize-errors.ts'
import type { BaseImage } from '../image/base-image.ts'
import type { SnapshotReport } from '../image/image-plan.ts'
import type { AllocationState } from '../model/batch.ts'
import type { NodeCounts, ResizeRequest } from '../model/batch-service.ts'
import type { RegionReplication } from '../model/compute.ts'
import type { NodeTotals } from '../model/nodes.ts'
import type { PlannedChange } from '../plan/changes.ts'
import type { CoreQuota } from '../pool/core-quotas.ts'
import type { HourlyCost, NodePrices } from '../pool/hourly-cost.ts'
import type { SmokeTestResult } from '../pool/smoke-test-plan.ts'
import type { UnhealthyNode } from '../pool/unhealthy-nodes.ts'
import type { Finding } from '../preflight/finding.ts'
import type { PhaseName, RunEvent, SignedIn } from '../run/events.ts'

export type RunResult = 'succeeded' | 'unchanged' | 'planned' | 'failed' | 'cancelled' | 'rolled-back'
export type PoolAction = 'created' | 'resized' | 'reimaged' | 'replaced' | 'blue-green' | 'none'

export interface RunReport {
  readonly schemaVersion: 1
  readonly result: RunResult
  readonly mode: 'apply' | 'plan' | 'validate' | 'prune'
  readonly startedAt: string
  readonly finishedAt: string
  readonly run: {
    readonly repository: string
    readonly sha: string
    readonly runUrl: string
    readonly actor: string
    readonly eventName: string
  }
  /** The cloud's portal, for links; absent: that of the public cloud. */
  readonly portalUrl?: string
  /** Who the run was to Azure; absent where it did not get as far. */
  readonly signedInAs?: SignedIn
  readonly phases: readonly PhaseRecord[]
  readonly findings: readonly Finding[]
  /** What would change (mode `plan`) or was to be changed (mode `apply`). Empty: nothing. */
  readonly changes: readonly PlannedChange[]
  /** Digest of the plan; absent where none was made. */
  readonly planId?: string
  /** What was done, one entry a resource, with the last thing done to it. */
  readonly resources: readonly ResourceRecord[]
  readonly image?: ImageReport
  readonly pools: readonly PoolReport[]
  /** Every pool of the accounts with its image; marks those behind. */
  readonly accountPools: readonly AccountPool[]
  /** Mode `plan`: cores by quota, of pools that stay as they are (`used`) and of those requested (`needed`). */
  readonly cores?: readonly CoreQuota[]
  readonly warnings: readonly string[]
  /** Absent on green. */
  readonly error?: Explanation
  /** What this run made and could not finish or remove. */
  readonly leftBehind: readonly LeftBehind[]
  /** Requests sent to Azure, the writes (PUT, PATCH, POST, DELETE) among them, and retries. */
  readonly requests: { readonly total: number; readonly writes: number; readonly retries: number }
}

export interface PhaseRecord {
  readonly phase: PhaseName
  readonly startedAt: string
  readonly finishedAt: string
  readonly outcome: 'succeeded' | 'failed' | 'cancelled'
}

export type ResourceRecord = Omit<Extract<RunEvent, { readonly kind: 'resource' }>, 'kind'>

export interface ImageReport {
  readonly kind: 'gallery' | 'managed'
  /** ARM id of the version (or managed image) that the pool gets. */
  readonly id: string
  /** Definition name, or base name of a managed image. */
  readonly name: string
  readonly version: string
  readonly action: 'created' | 'reused' | 'given' | 'planned'
  /** Why it was or was not rebuilt. */
  readonly reason: string
  /** The golden source, an ARM id. */
  readonly sourceId?: string
  readonly previousVersion?: string
  /** With `latest: when-healthy`, where the version was excluded before: whether it is in *latest* by now. */
  readonly latest?: 'included' | 'excluded'
  /** The Marketplace image that the golden VM was made from; absent where the source is something else. */
  readonly baseImage?: BaseImage
  readonly replication: readonly RegionReplication[]
  readonly snapshots: readonly SnapshotReport[]
}

export interface PoolReport {
  readonly name: string
  readonly id: string
  /** Its name; where another account of the run has that name too, with its resource group before it. */
  readonly account: string
  readonly action: PoolAction
  readonly vmSize: string
  readonly imageBefore?: string
  readonly imageAfter?: string
  /** Whole days since the image was published, by Azure's clock when the run began; absent where that is not known. */
  readonly imageBeforeAgeDays?: number
  /** The same; 0 for an image that this run builds. */
  readonly imageAfterAgeDays?: number
  readonly targetBefore?: NodeTotals
  readonly target: NodeTotals
  readonly currentBefore?: NodeTotals
  readonly current: NodeTotals
  /** True where the pool's formula, not this action, decides the size. */
  readonly autoScale: boolean
  readonly allocationState?: AllocationState
  readonly resizeTimeout: string
  readonly minHealthyPercentage: number
  /** Nodes that must be idle or running; of the target. */
  readonly required: number
  readonly healthy: number
  /** Absent where the data plane could not be asked. */
  readonly nodeStates?: NodeCounts
  readonly attempts: readonly ResizeAttempt[]
  /** For the chart; at most a few hundred samples. */
  readonly samples: readonly NodeSample[]
  /** Unhealthy nodes, bounded; `unhealthyTotal` counts all. */
  readonly unhealthyNodes: readonly UnhealthyNode[]
  readonly unhealthyTotal: number
  /** Whether nodes of their own proved the new image before a node of the pool went; absent where that was not due. */
  readonly proof?: ProofReport
  /** How the smoke test went, by node, on the nodes of the proof where there was one; absent where none was run. */
  readonly smokeTest?: readonly SmokeTestResult[]
  /** Back on its previous image and size after a failure; still red. */
  readonly isRolledBack?: boolean
  /** With `show-cost`. */
  readonly cost?: PoolCost
  /** Why this pool did not become healthy. */
  readonly error?: Explanation
}

/** What the nodes of a pool cost an hour by Azure's public price list. */
export interface PoolCost {
  readonly currency: 'USD'
  /** Of the Batch account, e.g. `westeurope`: prices differ between regions. */
  readonly region: string
  /** One node, as the pool is after the run; absent kinds have no single price in the list. */
  readonly node: NodePrices
  readonly before: HourlyCost
  /** Of the nodes at the end; in a plan, of those that are requested. */
  readonly after: HourlyCost
}

/** A pool that was there to prove the new image; it was deleted afterwards. */
export interface ProofReport {
  readonly id: string
  readonly name: string
  readonly target: NodeTotals
  /** `no-room`: a quota left none, and the pool was refreshed without it. */
  readonly result: 'healthy' | 'failed' | 'no-room'
  /** What of the pool's spec it could not have, in words. */
  readonly leftOut: readonly string[]
  /** Why it failed, or what left no room. */
  readonly reason?: string
}

export interface ResizeAttempt {
  readonly number: number
  readonly startedAt: string
  readonly finishedAt?: string
  readonly request: ResizeRequest
  readonly from: NodeTotals
  readonly to?: NodeTotals
  readonly errors: readonly ResizeError[]
}

export interface NodeSample {
  readonly at: string
  readonly current: NodeTotals
  readonly target?: NodeTotals
  /** Idle or running; absent before the data plane was asked. */
  readonly healthy?: number
}

export interface AccountPool {
  readonly name: string
  readonly account: string
  /** Image id, or `publisher:offer:sku:version`. */
  readonly image: string
  readonly isBehind: boolean
  /** Whole days since its image was published, by Azure's clock when the run began; absent where that is not known. */
  readonly imageAgeDays?: number
  readonly current: NodeTotals
}

export interface LeftBehind {
  readonly id: string
  readonly kind: string
  readonly why: string
  /** A command the user can paste. */
  readonly command: string
}
