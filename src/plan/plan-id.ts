/**
 * Pure: what a plan would change, and to what, as a short text that a later run compares with its own plan. Names that depend on the day
 * (the number of a new version), counts that vary (the present nodes) and leftovers of other runs are not part of it.
 */
import { createHash } from 'node:crypto'
import { type Config, type FleetRequest, imageTargetId, type PoolRequest } from '../config/config.ts'
import { withoutSecretsIn } from '../config/secrets.ts'
import { type ImagePlan, imageIdFor } from '../image/image-plan.ts'
import { TAGS } from '../image/tags.ts'
import { isWithin, labelAmong, parseArmId } from '../model/arm-id.ts'
import type { PoolProperties } from '../model/batch.ts'
import { imageOf } from '../model/batch.ts'
import { lastStateOf, withoutMarks } from '../pool/marks.ts'
import type { PoolPlan } from '../pool/pool-plan.ts'
import type { ProofPlan, ProofPlans } from '../pool/proof-plan.ts'
import { targetFrom } from '../pool/size.ts'
import { poolLabel } from '../run/in-account.ts'

/** The parts of a plan that its id covers. */
export interface PlanContent {
  readonly image: ImagePlan
  readonly pools: readonly PoolPlan[]
  /** Of each account. */
  readonly proofs: readonly Pick<ProofPlans, 'proofs'>[]
}

/** A part of a plan, with one digest for each aspect in which a reader would want to see a difference. */
interface PlanPart {
  /** `image`, `retention`, `pools`, or `<account>/<pool>`. */
  readonly name: string
  readonly aspects: Readonly<Record<string, unknown>>
}

/** Where a plan is not the one that was approved. */
export interface PlanDifference {
  readonly part: string
  /** Empty where the part is in one of the two plans only. */
  readonly aspects: readonly string[]
  readonly kind: 'changed' | 'added' | 'missing'
}

/** So long that two plans of one repository do not meet by chance. */
const DIGEST_LENGTH = 10
/** The id must fit into an environment variable: more pools share one part. */
const MOST_NAMED_POOLS = 200

/** E.g. `image=5e1c09aab3,renderfarm/render=3b1f02c4d0.9d01aa72ee.77e0b1c204`. */
export function planIdOf(plan: PlanContent, config: Config): string {
  return partsOf(plan, config)
    .map(({ name, aspects }) => `${name}=${Object.values(aspects).map(digest).join('.')}`)
    .join(',')
}

/** The differences between an approved plan and this one; empty where the run may continue. */
export function differencesFrom(approved: string, plan: PlanContent, config: Config): readonly PlanDifference[] {
  const before = new Map(approved.split(',').map((part) => part.split('=') as [string, string]))
  const parts = partsOf(plan, config)
  const found = parts.flatMap(({ name, aspects }): readonly PlanDifference[] => {
    const digests = before.get(name)?.split('.')
    if (!digests) return [{ part: name, aspects: [], kind: 'added' }]
    const changed = Object.entries(aspects).filter(([, content], index) => digest(content) !== digests[index])
    return changed.length > 0 ? [{ part: name, aspects: changed.map(([aspect]) => aspect), kind: 'changed' }] : []
  })
  const missing = [...before.keys()].filter((name) => !parts.some((part) => part.name === name))
  return [...found, ...missing.map((part): PlanDifference => ({ part, aspects: [], kind: 'missing' }))]
}

function partsOf(plan: PlanContent, config: Config): readonly PlanPart[] {
  const { image, pools } = plan
  const ofPools = pools.map((pool, index) => poolPart(pool, plan, config.pool?.requests[index], config))
  const retained = config.image?.retainVersions ?? 0
  return [
    { name: 'image', aspects: { image: imageContent(image, config) } },
    ...(ofPools.length > MOST_NAMED_POOLS ? [{ name: 'pools', aspects: { pools: ofPools } }] : ofPools),
    ...(retained > 0 ? [{ name: 'retention', aspects: { 'number of versions kept': retained } }] : []),
  ]
}

function imageContent(plan: ImagePlan, { image }: Config): unknown {
  if (plan.kind !== 'build' || !image) return { kind: plan.kind, id: plan.id }
  return {
    kind: plan.kind,
    imageKind: plan.imageKind,
    target: imageTargetId(image),
    version: image.version,
    source: plan.tags[TAGS.fingerprint],
    tags: image.tags,
    regions: plan.targetRegions.toSorted((one, other) => one.name.localeCompare(other.name)),
    isGalleryNew: plan.gallery && !plan.gallery.exists,
    isDefinitionNew: plan.definition?.create !== undefined,
    stops: plan.deallocate,
    keepSnapshots: plan.keepSnapshots,
    ...(plan.isExcludedFromLatest && { latest: image.latest }),
  }
}

/**
 * The name of a pool's part, `<account>/<pool>`. An id has no signs that a resource group may have beside letters, digits, `-`, `_` and
 * `.`.
 */
export function partOf({ id, account }: FleetRequest, { pool }: Config): string {
  return poolLabel(labelAmong(pool?.accounts ?? [], account).replace(/[^\w./-]/g, '-'), id).toLowerCase()
}

function poolPart(plan: PoolPlan, { image, proofs }: PlanContent, asked: FleetRequest | undefined, config: Config): PlanPart {
  const { existing } = plan
  const isStaying = ['none', 'resize', 'update'].includes(plan.action)
  const to = image.kind === 'build' ? 'the image that is built' : imageIdFor(image, asked?.id ?? '')
  return {
    name: asked ? partOf(asked, config) : plan.request.id.toLowerCase(),
    aspects: {
      'rollout and image': { way: isStaying ? 'stay' : plan.action, from: existing && imageOf(existing), ...(!isStaying && { to }) },
      size: sizeContent(plan, asked),
      settings: {
        properties: 'properties' in plan ? withoutSecretsIn(settingsIn(plan.properties), config.secrets) : {},
        tags: plan.request.tags,
        identity: plan.request.identity,
        ...(!isStaying && existing && { nodeDeallocationOption: config.pool?.nodeDeallocationOption }),
        ...('removed' in plan && plan.removed.length > 0 && { removed: plan.removed }),
      },
      proof: proofOf(plan, proofs)?.target,
    },
  }
}

/** Of the pool's own account: pools of two accounts may have one name. */
function proofOf({ id, request }: PoolPlan, proofs: PlanContent['proofs']): ProofPlan | undefined {
  const account = id.slice(0, id.toLowerCase().lastIndexOf('/pools/'))
  return proofs.flatMap((ofAccount) => ofAccount.proofs).find((proof) => proof.proves.includes(request.id) && isWithin(account, proof.id))
}

/** The requested size, and whether that is a change. A size that nobody requested is not part of the plan. */
function sizeContent({ request: { autoScale, target }, existing }: PoolPlan, asked: PoolRequest | undefined): unknown {
  if (autoScale) return 'by formula'
  if (asked?.sizeSource === 'existing') return 'as it is'
  const { fixedScale } = existing ? lastStateOf(existing).scaleSettings : {}
  const before = fixedScale && targetFrom(fixedScale)
  return { target, isNew: before?.dedicated !== target.dedicated || before.lowPriority !== target.lowPriority }
}

/** Without the image and the size, which are aspects of their own, and without what runs note for each other. */
function settingsIn({ deploymentConfiguration, scaleSettings, metadata, ...others }: PoolProperties): unknown {
  const { imageReference: _image, ...machine } = deploymentConfiguration?.virtualMachineConfiguration ?? {}
  const { fixedScale: _size, ...scale } = scaleSettings ?? {}
  return { ...others, machine, scale, metadata: withoutMarks(metadata) }
}

const digest = (content: unknown): string => createHash('sha256').update(canonical(content)).digest('hex').slice(0, DIGEST_LENGTH)

/** The same text for the same content, whatever the order of members and the letter case of Azure's ids. */
function canonical(content: unknown): string {
  return JSON.stringify(content ?? null, (_, value: unknown) => {
    if (typeof value === 'string') return parseArmId(value) ? value.toLowerCase() : value
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
  })
}
