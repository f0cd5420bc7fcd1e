/** What is to become of a pool: the plan that the pool steps carry out. */
import type { PoolRequest, PoolSettings } from '../config/config.ts'
import type { Generalization } from '../errors/silent-nodes.ts'
import type { ArmId } from '../model/arm-id.ts'
import type { BatchAccount, Pool, PoolEnvelope, PoolProperties } from '../model/batch.ts'
import type { SupportedImage } from '../model/batch-service.ts'
import type { ImageTraits } from '../model/image-traits.ts'
import type { MarkChanges } from './marks.ts'
import type { WholePool } from './wanted.ts'

/** One pool as requested, and what there is. */
export interface PoolQuestion {
  readonly id: ArmId
  readonly request: PoolRequest
  readonly existing: Pool | undefined
  readonly imageId: string
  readonly strategy: PoolSettings['strategy']
  readonly imageTraits: ImageTraits | undefined
  readonly supportedImages: readonly SupportedImage[]
  /** As requested; a blue-green pool carries its version behind it. */
  readonly name: string
  /** For fingerprints of secrets, where the pool has no salt yet: another one in every run. */
  readonly salt: string
  /** All pools of the account. */
  readonly siblings: readonly Pool[]
}

interface PoolPlanBase {
  readonly id: ArmId
  readonly request: PoolRequest
  /** Names of what differs from the spec and stays so: with `strategy: resize-only` or `fail`, whatever needs a pool without nodes. */
  readonly withheld?: readonly string[]
  /** Names of what the spec left out and no request can remove while the pool has secrets that people added. */
  readonly stuck?: readonly string[]
  /** Names of what people added with secrets that Azure does not give back, so that it cannot be carried over. */
  readonly lost?: readonly string[]
  /** Names of members whose secrets cannot be compared with those that the pool has. */
  readonly uncompared?: readonly string[]
  /** Of the system in the image; absent: unknown. */
  readonly generalization?: Generalization
}

/** What is written to a pool, and noted on it for later runs. */
export interface PoolWrite {
  readonly properties: PoolProperties
  readonly envelope: PoolEnvelope
  readonly marks: MarkChanges
  /** Names of what the pool has and is not to have any more. */
  readonly removed: readonly string[]
}

export type PoolPlan = PoolPlanBase &
  (
    | ({ readonly action: 'create'; readonly existing?: undefined } & PoolWrite)
    | { readonly action: 'none'; readonly existing: Pool }
    | { readonly action: 'resize'; readonly existing: Pool }
    /** Properties that may change at any time are patched; the image stays. */
    | ({ readonly action: 'update'; readonly existing: Pool; readonly resize: boolean } & PoolWrite)
    /** Drain to 0, change, grow. */
    | ({
        readonly action: 'reimage'
        readonly existing: Pool
        /** The pool as it will be. */
        readonly whole: WholePool
        /** Names of what it has besides, added by people with secrets that Azure does not give back. */
        readonly unrepeatable: readonly string[]
        /** `properties` are the whole pool, sent by PUT: something is to go that no PATCH removes. */
        readonly isWhole?: true
      } & PoolWrite)
    | ({ readonly action: 'replace'; readonly existing: Pool } & PoolWrite)
    /** A new pool beside the old one, which then gives it its jobs and goes. `green`: the new pool is there already. */
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

/** What is to be done to one pool, and by which settings. */
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
