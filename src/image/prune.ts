import { type Config, type ImageSettings, imageTargetId } from '../config/config.ts'
import { type ArmId, partsOf, sameId } from '../model/arm-id.ts'
import { totalOf } from '../model/nodes.ts'
import { strandedPools } from '../pool/plan-pool.ts'
import { totals } from '../pool/size.ts'
import { emit, type StepContext } from '../run/context.ts'
import { allSideBySide } from '../run/side-by-side.ts'
import { ABANDONED_MS, type MadeImage, planRetention, type RetentionPlan } from './retention.ts'
import { TAGS } from './tags.ts'

/** What retention would delete now. Everything is read again: pools may have moved to another image since the run began. */
export async function findPrunable(
  image: ImageSettings,
  { source, pool }: Config,
  runStartedAt: Date,
  /** A version that does not exist yet; once it does, an older one may go. */
  upcoming: MadeImage | undefined,
  context: StepContext,
): Promise<RetentionPlan> {
  const { arm, compute, batch } = context
  // Without the account's pools it is unknown what is still in use.
  if (!pool) return { images: [], snapshots: [] }
  const definition = image.gallery && imageTargetId(image)
  const [versions, images, found, snapshots, pools] = await Promise.all([
    definition ? compute.listImageVersions(definition) : [],
    definition ? [] : compute.listImages(image.resourceGroup),
    definition ? [] : arm.find(partsOf(image.resourceGroup).subscriptionId, "resourceType eq 'Microsoft.Compute/images'"),
    compute.listSnapshots(image.resourceGroup),
    batch.listPools(pool.account),
  ])
  for (const stranded of strandedPools(pools, runStartedAt.getTime() - ABANDONED_MS)) warnOfAbandonedSuccessor(stranded, context)
  // A managed image does not say when it was made; Resource Manager's own list does.
  const ageOf = (id: string) => found.find((one) => sameId(one.id, id))?.createdTime
  const made: readonly MadeImage[] = definition
    ? versions
    : images.map(({ id, provisioningState, tags }) => {
        const name = tags[TAGS.version] ?? ''
        const publishedDate = ageOf(id)
        return { id, name, provisioningState, tags, ...(publishedDate && { publishedDate }) }
      })
  const all = upcoming && !made.some(({ id }) => sameId(id, upcoming.id)) ? [...made, upcoming] : made
  return planRetention({
    image: image.name,
    target: imageTargetId(image),
    made: all,
    snapshots,
    sources: source.kind === 'snapshots' ? source.disks.map((disk) => disk.source) : [],
    pools,
    keep: image.retainVersions,
    runStartedAt,
  })
}

/** The pool may have jobs and running tasks by now, so only a person or the next run of its workflow removes it. */
function warnOfAbandonedSuccessor({ pool, serving }: ReturnType<typeof strandedPools>[number], context: StepContext): void {
  const text = `Pool ${pool.name} was to take over from pool ${serving.name}; the run that created it was interrupted more than a day ago. The next run with \`strategy: blue-green\` either completes the move or deletes the pool; until then its ${totalOf(totals(pool))} nodes cost money.`
  emit(context, { kind: 'notice', level: 'warning', text })
}

/** Images first; the snapshots that they were made from go after them. */
export async function prune(
  { images, snapshots }: RetentionPlan,
  image: ImageSettings,
  { signal, ...context }: StepContext,
): Promise<void> {
  const { compute } = context
  const type = image.gallery ? 'image version' : 'managed image'
  await allSideBySide(images, async ({ id, why }) => {
    emit(context, { kind: 'resource', change: 'deleting', type, id, detail: why })
    await (image.gallery ? compute.deleteImageVersion(id as ArmId, signal) : compute.deleteImage(id as ArmId, signal))
    emit(context, { kind: 'resource', change: 'deleted', type, id })
  })
  await allSideBySide(snapshots, async ({ id, why }) => {
    await compute.deleteSnapshot(id as ArmId, signal)
    emit(context, { kind: 'resource', change: 'deleted', type: 'snapshot', id, detail: why })
  })
}
