/** Pure: what retention must spare, and what its lists must show to be believed. */
import type { Config, ImageSettings } from '../config/config.ts'
import type { RetentionScope } from '../image/find-prunable.ts'
import type { ImagePlan } from '../image/image-plan.ts'
import type { MadeImage } from '../image/retention.ts'
import type { ObservedFleet } from '../observe/observed.ts'
import type { Plan } from './plan.ts'

/** How far the run has come. */
export interface RunSoFar {
  readonly observed?: ObservedFleet
  readonly plan?: Plan
  /** Pools that this run has brought up, by id. */
  readonly pools: readonly { readonly id: string }[]
}

export function retentionScope(
  config: Config,
  image: ImageSettings,
  runStartedAt: Date,
  { observed, plan, pools }: RunSoFar,
): RetentionScope {
  const current = plan ? imagesOf(plan.image) : []
  const isPublished = config.mode === 'apply' && plan?.image.kind === 'build'
  const seen = image.kind === 'gallery' ? (observed?.versions ?? []) : (observed?.images ?? [])
  const stays = ({ provisioningState }: { readonly provisioningState: string }) => provisioningState === 'Succeeded'
  const upcoming = plan && !isPublished ? upcomingOf(plan.image) : undefined
  return {
    image,
    config,
    runStartedAt,
    current,
    failedStay: observed?.softDeletedVersions !== undefined,
    isDefinitionThere: image.kind === 'managed' || observed?.definition !== undefined || isPublished,
    expected: {
      images: [...seen.filter(stays).map(({ id }) => id), ...(isPublished ? current : [])],
      pools: (config.mode === 'apply' ? pools : (observed?.accounts ?? []).flatMap((account) => account.pools)).map(({ id }) => id),
    },
    ...(upcoming && { upcoming }),
  }
}

const imagesOf = (image: ImagePlan): readonly string[] => [
  image.id,
  ...(image.kind === 'given' ? [] : (image.poolImages ?? []).map(({ id }) => id)),
]

/** What a plan is about to add. */
function upcomingOf(image: ImagePlan): MadeImage | undefined {
  return image.kind === 'build' ? { id: image.id, name: image.version, provisioningState: 'Succeeded', tags: image.tags } : undefined
}
