/** Reads what retention decides by: images, snapshots, and everything that may refer to them. */
import { type Config, type ImageSettings, imageTargetId } from '../config/config.ts'
import { type ArmId, partsOf, sameId } from '../model/arm-id.ts'
import type { Pool } from '../model/batch.ts'
import type { ManagedImage } from '../model/compute.ts'
import { totalOf } from '../model/nodes.ts'
import { withReplication } from '../observe/observe.ts'
import { strandedPools } from '../pool/family.ts'
import { totals } from '../pool/size.ts'
import { emit, type StepContext } from '../run/context.ts'
import { readHolders, readList } from './read-holders.ts'
import { type Holder, referencesOf } from './references.ts'
import {
  ABANDONED_MS,
  contradictions,
  type Expected,
  imageHolders,
  type MadeImage,
  planRetention,
  type RetentionPlan,
} from './retention.ts'
import { TAGS } from './tags.ts'

export interface RetentionScope {
  readonly image: ImageSettings
  readonly config: Config
  readonly runStartedAt: Date
  /** The images that the pools of this run are on, or will be: never deleted. */
  readonly current: readonly string[]
  /** A version that does not exist yet; once it does, an older one may go. */
  readonly upcoming?: MadeImage
  /** What the lists must contain to be believed. */
  readonly expected: Expected
  /** A definition that does not exist has no versions, so a 404 of its list is expected. */
  readonly isDefinitionThere: boolean
  /** The gallery has soft delete. */
  readonly failedStay: boolean
  /** Versions that this run has deleted already. */
  readonly deleted?: readonly string[]
}

interface ImageReading {
  readonly made: readonly MadeImage[]
  /** Those that still need the snapshots they were made from. */
  readonly holders: readonly Holder[]
  readonly unread: readonly string[]
}

const NOTHING: RetentionPlan = { images: [], snapshots: [], unread: [] }

/** What retention would delete now. Everything is read again: pools may have moved to another image since the run began. */
export async function findPrunable(scope: RetentionScope, context: StepContext): Promise<RetentionPlan> {
  const { plan, holders } = await look(scope, context)
  for (const account of scope.config.pool?.accounts ?? []) warnOfAbandonedSuccessors(poolsOf(account, holders), scope.runStartedAt, context)
  if (plan.unread.length > 0) {
    const text = `No image and no snapshot is deleted, because it is unknown what is in use. Not readable: ${plan.unread.join('; ')}.`
    emit(context, { kind: 'notice', level: 'warning', text })
  }
  return plan
}

interface Look {
  readonly plan: RetentionPlan
  /** Whoever may refer to images. */
  readonly holders: readonly Holder[]
}

/** The same without notices, for reading again right before a deletion. */
export async function look(scope: RetentionScope, context: StepContext): Promise<Look> {
  const { image, config, runStartedAt, current, upcoming, expected, failedStay, deleted = [] } = scope
  const { source, pool } = config
  // Without the account's pools it is unknown what is still in use.
  if (!pool) return { plan: NOTHING, holders: [] }
  const [images, snapshots, users] = await Promise.all([
    readImages(scope, context),
    readList('the list of snapshots', context.compute.listSnapshots(image.resourceGroup)),
    readHolders({ images: [image.resourceGroup, imageTargetId(image)], accounts: pool.accounts }, context),
  ])
  context.signal.throwIfAborted()
  const target = imageTargetId(image)
  const references = referencesOf([...users.holders, ...images.holders, { id: 'this run', body: current }])
  const unread = [
    ...users.unread,
    ...images.unread,
    ...snapshots.unread,
    ...contradictions({ made: images.made, target, references }, { pools: users.holders.map(({ id }) => id), expected }),
  ]
  const { made } = images
  const plan = planRetention({
    image: image.name,
    target,
    made: upcoming && !made.some(({ id }) => sameId(id, upcoming.id)) ? [...made, upcoming] : made,
    snapshots: snapshots.items,
    sources: source.kind === 'snapshots' ? source.disks.map((disk) => disk.source) : [],
    references: { ...references, unread },
    keep: image.retainVersions,
    keepsSnapshots: image.keepSnapshots && image.kind === 'gallery',
    failedStay,
    deleted,
    runStartedAt,
  })
  return { plan, holders: users.holders }
}

async function readImages({ image, isDefinitionThere }: RetentionScope, context: StepContext): Promise<ImageReading> {
  const { compute } = context
  const definition = image.gallery && imageTargetId(image)
  const [versions, images] = await Promise.all([
    readList('the list of image versions', definition && isDefinitionThere ? compute.listImageVersions(definition) : []),
    readList('the list of managed images', compute.listImages(image.resourceGroup)),
  ])
  const made = definition ? await withReplication(versions.items, compute) : await withAges(images.items, image, context)
  return {
    made,
    holders: [...imageHolders(made, image.kind), ...(definition ? images.items.map(({ id, sourceIds }) => ({ id, body: sourceIds })) : [])],
    unread: [...versions.unread, ...images.unread],
  }
}

/** A managed image does not say when it was made; Resource Manager's own list does. */
async function withAges(images: readonly ManagedImage[], image: ImageSettings, { arm }: StepContext): Promise<readonly MadeImage[]> {
  const found = await arm.find(partsOf(image.resourceGroup).subscriptionId, "resourceType eq 'Microsoft.Compute/images'")
  return images.map(({ id, provisioningState, tags, sourceIds }) => {
    const publishedDate = found.find((one) => sameId(one.id, id))?.createdTime
    return { id, name: tags[TAGS.version] ?? '', provisioningState, tags, sourceIds, ...(publishedDate && { publishedDate }) }
  })
}

const poolsOf = (account: ArmId, holders: readonly Holder[]): readonly Pool[] =>
  holders.filter(({ id }) => id.toLowerCase().startsWith(`${account.toLowerCase()}/pools/`)).map(({ body }) => body as Pool)

/** The pool may have jobs and running tasks by now, so only a person or the next run of its workflow removes it. */
function warnOfAbandonedSuccessors(pools: readonly Pool[], runStartedAt: Date, context: StepContext): void {
  for (const { pool, serving } of strandedPools(pools, runStartedAt.getTime() - ABANDONED_MS)) {
    const text = `Pool ${pool.name} was to take over from pool ${serving.name}; the run that created it was interrupted more than a day ago. The next run with \`strategy: blue-green\` either completes the move or deletes the pool; until then its ${totalOf(totals(pool))} nodes cost money.`
    emit(context, { kind: 'notice', level: 'warning', text })
  }
}
