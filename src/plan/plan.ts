/** Pure: compares what was requested with what exists, and lists what to do. Nothing here is sent. */
import { type Config, imageKindOf, imageTargetId, type PoolSettings } from '../config/config.ts'
import { type ImagePlan, imageIdFor } from '../image/image-plan.ts'
import type { LeftSnapshot } from '../image/left-snapshots.ts'
import { type ImageQuestion, planImage } from '../image/plan-image.ts'
import { generalizationOf, imageTraitsOf } from '../image/source.ts'
import { isOwn, isTakenFor, TAGS } from '../image/tags.ts'
import { TEMPORARY_TAG } from '../image/temporary.ts'
import { type ArmId, childId, nameOf, sameId } from '../model/arm-id.ts'
import type { BatchAccount } from '../model/batch.ts'
import type { ImageTraits } from '../model/image-traits.ts'
import type { Observed } from '../observe/observed.ts'
import { poolFor } from '../pool/family.ts'
import { planPool } from '../pool/plan-pool.ts'
import type { PoolPlan, PoolWork } from '../pool/pool-plan.ts'
import { NO_PROOFS, type ProofPlans, planProofs } from '../pool/proof-plan.ts'
import type { RunContext } from '../run/runner.ts'
import { imageChanges, type PlannedChange, poolChanges, proofChanges, startChanges } from './changes.ts'
import { planIdOf } from './plan-id.ts'

export interface Plan {
  /** What it would change and to what, for comparison with an approved plan. */
  readonly id: string
  readonly image: ImagePlan
  readonly pools: readonly PoolPlan[]
  readonly proofs: ProofPlans
  /** Snapshots of published versions, which need them no longer once every region is complete. */
  readonly leftSnapshots: readonly LeftSnapshot[]
  /** A VM that an interrupted run stopped and did not start again. */
  readonly owedStart?: ArmId
  readonly changes: readonly PlannedChange[]
}

export function planRun(question: ImageQuestion): Plan {
  const { config, observed, content, run, now } = question
  const image = planImage(question)
  const generalization = generalizationOf(config.source)
  const pools = config.pool
    ? planPools(config.pool, observed, image, imageTraitsOf(content, observed)).map((pool) => ({ ...pool, generalization }))
    : []
  const proofs = planAllProofs(pools, config, observed, { run, now })
  const { vm } = observed.vm ?? {}
  const owedStart = vm?.tags[TAGS.restart] === undefined ? undefined : (vm.id as ArmId)
  const leftSnapshots = snapshotsLeft(config, observed)
  const changes = [
    ...startChanges(owedStart),
    ...imageChanges(image),
    ...leftSnapshots.map(
      ({ id }): PlannedChange => ({ verb: 'delete', type: 'snapshot', id, name: nameOf(id), reason: 'its version is published' }),
    ),
    ...proofChanges(proofs),
    ...pools.flatMap(poolChanges),
  ]
  return { id: planIdOf({ image, pools }, config), image, pools, proofs, leftSnapshots, changes, ...(owedStart && { owedStart }) }
}

/** Snapshots that complete versions were made from, left by a run that was interrupted or did not wait for all regions. */
function snapshotsLeft({ image }: Config, { versions, snapshots, sourceSnapshots = [] }: Observed): readonly LeftSnapshot[] {
  if (!image?.gallery || image.keepSnapshots) return []
  const complete = new Map(
    versions
      .filter(({ tags, provisioningState }) => isOwn(tags, image.name) && provisioningState === 'Succeeded')
      .filter(({ replicationMode }) => replicationMode !== 'Shallow')
      .map(({ name, id }) => [name, id as ArmId]),
  )
  return snapshots
    .filter(({ tags }) => isTakenFor(tags, image.name, imageTargetId(image)))
    .filter(({ tags }) => tags[TAGS.keep] === undefined && tags[TEMPORARY_TAG] === undefined)
    .filter(({ id }) => !sourceSnapshots.some((source) => sameId(source.id, id)))
    .flatMap(({ id, tags }) => {
      const versionId = complete.get(tags[TAGS.version] ?? '')
      return versionId ? [{ id: id as ArmId, versionId }] : []
    })
}

/** None where there is no account to make pools in. */
function planAllProofs(
  plans: readonly PoolPlan[],
  { pool: settings, source, image }: Config,
  { account, pools, vmSizes, usages }: Observed,
  { run, now }: { readonly run: RunContext; readonly now: Date },
): ProofPlans {
  if (!settings || !account) return NO_PROOFS
  return planProofs({
    plans,
    settings,
    account,
    pools,
    vmSizes,
    ...(usages && { usages }),
    isManagedImage: imageKindOf(source, image) === 'managed',
    runToken: `${run.runId} ${now.toISOString()}`,
    now,
  })
}

function planPools(
  settings: PoolSettings,
  observed: Observed,
  image: ImagePlan,
  imageTraits: ImageTraits | undefined,
): readonly PoolPlan[] {
  return settings.requests.map((request) => {
    const named = childId(settings.account, 'pools', request.id)
    const existing = poolFor(request.id, settings, observed.pools)
    return planPool({
      id: existing ? (existing.id as ArmId) : named,
      request: existing ? { ...request, id: existing.name } : request,
      existing,
      name: request.id,
      siblings: observed.pools,
      imageId: imageIdFor(image, request.id),
      strategy: settings.strategy,
      imageTraits,
      supportedImages: observed.supportedImages ?? [],
    })
  })
}

/** The image that the run puts a pool on; absent where it leaves the pool's image alone. */
export function imageFor({ existing }: PoolPlan, index: number, { image }: Plan, { strategy, requests }: PoolSettings): ArmId | undefined {
  return existing && strategy === 'resize-only' ? undefined : imageIdFor(image, requests[index]?.id ?? '')
}

/** What the pool steps carry out. */
export function worksOf(plan: Plan, account: BatchAccount, settings: PoolSettings): readonly PoolWork[] {
  return plan.pools.map((pool, index) => {
    const imageId = imageFor(pool, index, plan, settings)
    return { plan: pool, account, settings, ...(imageId && { imageId }) }
  })
}
