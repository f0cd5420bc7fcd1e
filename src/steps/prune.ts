import { type ArmId, childId, sameId } from '../arm-id.ts'
import type { ImageSettings } from '../config.ts'
import { TAGS } from '../provenance.ts'
import { type MadeImage, planRetention, type RetentionPlan } from '../retention.ts'
import { type StepContext, tell } from './context.ts'

/** What retention would delete now. Read afresh: pools may have moved to another image since the run began. */
export async function findPrunable(
  image: ImageSettings,
  account: ArmId | undefined,
  runStartedAt: Date,
  /** A version that does not exist yet: with it there, an older one may go. */
  upcoming: MadeImage | undefined,
  { arm, compute, batch }: StepContext,
): Promise<RetentionPlan> {
  // Without the pools of the account nobody knows what is still in use.
  if (!account) return { images: [], snapshots: [] }
  const definition = image.gallery && childId(image.gallery, 'images', image.name)
  const [versions, images, found, snapshots, pools] = await Promise.all([
    definition ? compute.listImageVersions(definition) : [],
    definition ? [] : compute.listImages(image.resourceGroup),
    definition ? [] : arm.find(image.resourceGroup, "resourceType eq 'Microsoft.Compute/images'"),
    compute.listSnapshots(image.resourceGroup),
    batch.listPools(account),
  ])
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
  return planRetention({ image: image.name, made: all, snapshots, pools, keep: image.retainVersions, runStartedAt })
}

/** Images first: what they are made of goes only after them. */
export async function prune(
  { images, snapshots }: RetentionPlan,
  image: ImageSettings,
  { signal, ...context }: StepContext,
): Promise<void> {
  const { compute } = context
  const type = image.gallery ? 'image version' : 'managed image'
  await Promise.all(
    images.map(async ({ id, why }) => {
      tell(context, { kind: 'resource', change: 'deleting', type, id, detail: why })
      await (image.gallery ? compute.deleteImageVersion(id as ArmId, signal) : compute.deleteImage(id as ArmId, signal))
      tell(context, { kind: 'resource', change: 'deleted', type, id })
    }),
  )
  await Promise.all(
    snapshots.map(async ({ id, why }) => {
      await compute.deleteSnapshot(id as ArmId, signal)
      tell(context, { kind: 'resource', change: 'deleted', type: 'snapshot', id, detail: why })
    }),
  )
}
