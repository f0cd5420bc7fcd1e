/** Pure: compares what was requested with what exists, and lists what to do. Nothing here is sent. */
import { type Config, type FleetSettings, imageKindOf, imageTargetId, settingsIn } from '../config/config.ts'
import { type ImagePlan, imageIdFor } from '../image/image-plan.ts'
import type { LeftSnapshot } from '../image/left-snapshots.ts'
import { type ImageQuestion, planImage } from '../image/plan-image.ts'
import { generalizationOf, imageTraitsOf } from '../image/source.ts'
import { isOwn, isTakenFor, TAGS } from '../image/tags.ts'
import { TEMPORARY_TAG } from '../image/temporary.ts'
import { type ArmId, childId, nameOf, sameId } from '../model/arm-id.ts'
import type { ImageTraits } from '../model/image-traits.ts'
import { type Observed, observedAcross, observedIn } from '../observe/observed.ts'
import { poolFor } from '../pool/family.ts'
import { planPool } from '../pool/plan-pool.ts'
import type { PoolPlan, PoolWork } from '../pool/pool-plan.ts'
import { NO_PROOFS, type ProofPlans, type ProofQuestion, planProofs } from '../pool/proof-plan.ts'
import { imageChanges, inFleet, type PlannedChange, poolChanges, proofChanges, startChanges } from './changes.ts'
import { planIdOf } from './plan-id.ts'

export interface Plan {
  /** What it would change and to what, for comparison with an approved plan. */
  readonly id: string
  readonly image: ImagePlan
  /** In the order of the requests. */
  readonly pools: readonly PoolPlan[]
  /** One for each account, in the order of `FleetSettings.accounts`. */
  readonly proofs: readonly ProofPlans[]
  /** Snapshots of published versions, which need them no longer once every region is complete. */
  readonly leftSnapshots: readonly LeftSnapshot[]
  /** A VM that an interrupted run stopped and did not start again. */
  readonly owedStart?: ArmId
  readonly changes: readonly PlannedChange[]
}

export function planRun(question: ImageQuestion): Plan {
  const { config, content } = question
  const observed = observedAcross(question.observed)
  const image = planImage(question)
  const generalization = generalizationOf(config.source)
  const pools = planPools(question, image, imageTraitsOf(content, observed)).map((pool) => ({ ...pool, generalization }))
  const proofs = planAllProofs(pools, question)
  const { vm } = observed.vm ?? {}
  const owedStart = vm?.tags[TAGS.restart] === undefined ? undefined : (vm.id as ArmId)
  const leftSnapshots = snapshotsLeft(config, observed)
  const changes = [
    ...startChanges(owedStart),
    ...imageChanges(image),
    ...leftSnapshots.map(
      ({ id }): PlannedChange => ({ verb: 'delete', type: 'snapshot', id, name: nameOf(id), reason: 'its version is published' }),
    ),
    ...inFleet(config.pool, [...proofs.flatMap(proofChanges), ...pools.flatMap(poolChanges)]),
  ]
  return { id: planIdOf({ image, pools, proofs }, config), image, pools, proofs, leftSnapshots, changes, ...(owedStart && { owedStart }) }
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

/** One for each account, in their order; none where the account does not exist. */
function planAllProofs(plans: readonly PoolPlan[], { config, observed, run, now }: ImageQuestion): readonly ProofPlans[] {
  const { pool: fleet } = config
  if (!fleet) return []
  const questions = fleet.accounts.map((id): ProofQuestion | undefined => {
    const { account, pools, vmSizes, usages } = observedIn(id, observed)
    return (
      account && {
        plans: plans.filter(isOf(id, fleet)),
        settings: settingsIn(id, fleet),
        account,
        pools,
        vmSizes,
        ...(usages && { usages }),
        isManagedImage: imageKindOf(config.source, config.image) === 'managed',
        runToken: `${run.runId} ${now.toISOString()}`,
        now,
      }
    )
  })
  const there = questions.filter((question) => question !== undefined)
  const planned = planProofs(there)
  return questions.map((question) => (question && planned[there.indexOf(question)]) ?? NO_PROOFS)
}

function planPools(
  { config: { pool: fleet }, observed, run, now }: ImageQuestion,
  image: ImagePlan,
  imageTraits: ImageTraits | undefined,
): readonly PoolPlan[] {
  if (!fleet) return []
  const { strategy } = fleet
  return fleet.requests.map(({ account, ...request }) => {
    const { pools, supportedImages = [] } = observedIn(account, observed)
    const existing = poolFor(request.id, { account, strategy }, pools)
    return planPool({
      id: existing ? (existing.id as ArmId) : childId(account, 'pools', request.id),
      request: existing ? { ...request, id: existing.name } : request,
      existing,
      name: request.id,
      siblings: pools,
      imageId: imageIdFor(image, request.id),
      strategy,
      imageTraits,
      salt: `${run.nonce} ${run.runId} ${now.toISOString()} ${account} ${request.id}`,
      supportedImages,
    })
  })
}

/** The image that the run puts a pool on; absent where it leaves the pool's image alone. */
export function imageFor({ existing }: PoolPlan, index: number, { image }: Plan, { strategy, requests }: FleetSettings): ArmId | undefined {
  return existing && strategy === 'resize-only' ? undefined : imageIdFor(image, requests[index]?.id ?? '')
}

/** Whether what stands in the place of a request concerns this account. */
export const isOf =
  (account: ArmId, { requests }: FleetSettings) =>
  (_: unknown, index: number): boolean =>
    sameId(requests[index]?.account, account)

/** What the pool steps carry out in one account. */
export function worksIn(
  shared: Pick<PoolWork, 'account' | 'settings' | 'observedAt'>,
  plan: Plan,
  fleet: FleetSettings,
): readonly PoolWork[] {
  const works = plan.pools.map((pool, index): PoolWork => {
    const imageId = imageFor(pool, index, plan, fleet)
    return { plan: pool, ...shared, ...(imageId && { imageId }) }
  })
  return works.filter(isOf(shared.settings.account, fleet))
}
