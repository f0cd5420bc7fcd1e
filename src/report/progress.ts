/** What a run has found out and done so far. */
import type { SnapshotReport } from '../image/image-plan.ts'
import type { RetentionPlan } from '../image/retention.ts'
import type { RegionReplication } from '../model/compute.ts'
import type { ObservedFleet } from '../observe/observed.ts'
import type { Plan } from '../plan/plan.ts'
import type { Finding } from '../preflight/finding.ts'
import type { PoolSummary } from './record.ts'

/** Filled in by the phases; a failure keeps what was there before it. */
export interface Progress {
  findings: readonly Finding[]
  observed?: ObservedFleet
  plan?: Plan
  snapshots: readonly SnapshotReport[]
  /** Absent until the image is published. */
  replication?: readonly RegionReplication[]
  pools: readonly PoolSummary[]
  /** `latest: when-healthy`: the version was included. */
  isInLatest?: boolean
  retention?: RetentionPlan
}
