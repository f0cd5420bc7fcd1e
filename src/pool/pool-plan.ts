/** What to do with a pool: the plan that the pool steps carry out. */
import type { PoolRequest, PoolSettings } from '../config/config.ts'
import type { Generalization } from '../errors/silent-nodes.ts'
import type { ArmId } from '../model/arm-id.ts'
import type { BatchAccount, Pool, PoolEnvelope, PoolProperties } from '../model/batch.ts'
import type { SupportedImage } from '../model/batch-service.ts'
import type { ImageTraits } from '../model/image-traits.ts'
import type { MarkChanges } from './marks.ts'
import type { WholePool } from './wanted.ts'

/** One pool as requested, with everything that its plan depends on. */
export interface PoolQuestion {
  readonly id: ArmId
  readonly request: PoolRequest
  readonly existing: Pool | undefined
  readonly imageId: string
  readonly strategy: PoolSettings['strategy']
  readonly imageTraits: ImageTraits | undefined
  readonly supportedImages: readonly SupportedImage[]
  /** The requested name; a blue-green pool adds the image version to it. */
  readonly name: string
  /** For fingerprints of secrets, where the pool has no salt yet; different in every run. */
  readonly salt: string
  /** All pools of the account. */
  readonly siblings: readonly Pool[]
}

interface PoolPlanBase {
  readonly id: ArmId
  readonly request: PoolRequest
  /** Names of what keeps differing from the spec: with `strategy: resize-only` or `fail`, whatever needs a pool without nodes. */
  readonly withheld?: readonly string[]
  /** Names of what the spec leaves out and no request can remove, because the pool has secrets that people added. */
  readonly stuck?: readonly string[]
  /** Names of what people added with secrets. Azure does not return these, so it cannot be carried over. */
  readonly lost?: readonly string[]
  /** Names of members whose secrets cannot be compared with those of the pool. */
  readonly uncompared?: readonly string[]
  /** Who guarantees that the system in the image is generalized. Default: `unknown`. */
  readonly generalization?: Generalization
}

/** What is written to a pool, with the marks for later runs. */
export interface PoolWrite {
  readonly properties: PoolProperties
  readonly envelope: PoolEnvelope
  readonly marks: MarkChanges
  /** Names of what is removed from the pool. */
  readonly removed: readonly string[]
}

export type PoolPlan = PoolPlanBase &
  (
    | ({ readonly action: 'create'; readonly existing?: undefined } & PoolWrite)
    | { readonly action: 'none'; readonly existing: Pool }
    | { readonly action: 'resize'; readonly existing: Pool }
    /** Properties that may change at any time are patched; the image stays. */
    | ({ readonly action: 'update'; readonly existing: Pool; readonly resize: boolean } & PoolWrite)
    /** Drained to 0 nodes, changed, and grown again. */
    | ({
        readonly action: 'reimage'
        readonly existing: Pool
        /** The pool as it will be. */
        readonly whole: WholePool
        /** Names of what it has besides, because people added it with secrets that Azure does not return. */
        readonly unrepeatable: readonly string[]
        /** `properties` are the whole pool, which is sent by PUT because no PATCH can remove something. */
        readonly isWhole?: true
      } & PoolWrite)
    | ({ readonly action: 'replace'; readonly existing: Pool } & PoolWrite)
    /** A new pool is made beside the old one, which then gives it its jobs and is deleted. `green`: the new pool exists already. */
    | ({
        readonly action: 'blue-green'
        readonly existing: Pool
        readonly old: Pool
        /** Pools that interrupted runs left beside the old one. */
        readonly abandonedSuccessors: readonly Pool[]
        readonly green?: Pool
        /** The new pool exists, but the request has changed since. */
        readonly isOutdated?: true
      } & PoolWrite)
  )

/** The plan of one pool, with everything that is needed to carry it out. */
export interface PoolWork {
  readonly plan: PoolPlan
  /** The image that the pool is to be on; absent where the run leaves its image alone. */
  readonly imageId?: string
  readonly account: BatchAccount
  readonly settings: PoolSettings
  /** The smoke test has passed on other nodes of this image. */
  readonly isTested?: boolean
  /** When `plan.existing` was read, by Azure's clock. */
  readonly observedAt?: string
}
