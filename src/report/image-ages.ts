/** Pure: how old the images of pools are, by Azure's own clock when the run began. */
import { ageInDays } from '../image/freshness.ts'
import type { ImagePlan } from '../image/image-plan.ts'
import { parseArmId, sameId } from '../model/arm-id.ts'
import type { Observed } from '../observe/observed.ts'
import type { PoolSummary } from './record.ts'
import type { AccountPool } from './run-report.ts'

/** Whole days by image, 0 for what this run builds; `undefined` for what has no date that is known. */
export type AgeOf = (image: string | undefined) => number | undefined

export function imageAges(observed: Observed | undefined, plan: ImagePlan | undefined): AgeOf {
  if (!observed) return () => undefined
  const { versions, imageDates = [], givenImage, azureTime } = observed
  const given = givenImage?.kind === 'gallery' ? [givenImage.version] : []
  const built = plan?.kind === 'build' ? [plan.id, ...(plan.poolImages ?? []).map(({ id }) => id)] : []
  const dated: readonly { readonly id: string; readonly publishedDate?: string }[] = [...versions, ...given, ...imageDates]
  return (image) => {
    if (!azureTime || !image || !parseArmId(image)) return undefined
    if (built.some((id) => sameId(id, image))) return 0
    return ageInDays(dated.find(({ id }) => sameId(id, image))?.publishedDate, new Date(azureTime))
  }
}

export function withImageAges(pool: PoolSummary, ageOf: AgeOf): PoolSummary {
  const [before, after] = [ageOf(pool.imageBefore), ageOf(pool.imageAfter)]
  return { ...pool, ...(before !== undefined && { imageBeforeAgeDays: before }), ...(after !== undefined && { imageAfterAgeDays: after }) }
}

export function withImageAge(pool: AccountPool, ageOf: AgeOf): AccountPool {
  const age = ageOf(pool.image)
  return age === undefined ? pool : { ...pool, imageAgeDays: age }
}
