/** What is to become of a pool: the plan that the pool steps carry out. */
import type { PoolRequest, PoolSettings } from '../config/config.ts'
import type { Generalization } from '../errors/silent-nodes.ts'
import type { ArmId } from '../model/arm-id.ts'
import type { BatchAccount, Pool, PoolProperties } from '../model/batch.ts'

interface PoolPlanBase {
  readonly id: ArmId
  readonly request: PoolRequest
  /** Names of what differs from the spec and stays so: with `strategy: resize-only` or `fail`, whatever needs a pool without nodes. */
  readonly withheld?: readonly string[]
  /** Of the system in the image; absent: unknown. */
  readonly generalization?: Generalization
}

export type PoolPlan = PoolPlanBase &
  (
    | { readonly action: 'create'; readonly properties: PoolProperties; readonly existing?: undefined }
    | { readonly action: 'none'; readonly existing: Pool }
    | { readonly action: 'resize'; readonly existing: Pool }
    /** Properties that may change at any time are patched; the image stays. */
    | { readonly action: 'update'; readonly existing: Pool; readonly properties: PoolProperties; readonly resize: boolean }
    /** Drain to 0, patch, grow. */
    | { readonly action: 'reimage'; readonly existing: Pool; readonly properties: PoolProperties }
    | { readonly action: 'replace'; readonly existing: Pool; readonly properties: PoolProperties }
    /** A new pool beside the old one, which then gives it its jobs and goes. `green`: the new pool is there already. */
    | {
        readonly action: 'blue-green'
        readonly existing: Pool
        readonly old: Pool
        /** Pools that interrupted runs left beside the old one. */
        readonly abandonedSuccessors: readonly Pool[]
        readonly green?: Pool
        /** The new pool exists, but the request has changed since. */
        readonly isOutdated?: true
        readonly properties: PoolProperties
      }
  )

/** What is to be done to one pool, and by which settings. */
export interface PoolWork {
  readonly plan: PoolPlan
  /** The image that the pool is to be on; absent where the run leaves its image alone. */
  readonly imageId?: string
  readonly account: BatchAccount
  readonly settings: PoolSettings
  /** The smoke test has passed on other nodes of this image. */
  readonly isTested?: boolean
}
