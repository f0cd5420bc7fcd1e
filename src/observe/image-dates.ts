import { type ArmId, parseArmId, partsOf } from '../model/arm-id.ts'
import type { Pool } from '../model/batch.ts'
import type { StepContext } from '../run/context.ts'

/** When an image was published or created, ISO 8601. */
export interface ImageDate {
  readonly id: string
  readonly publishedDate: string
}

/** At most so many versions of other definitions are looked up; the rest have no age. */
const MOST_VERSIONS = 10

/**
 * The dates of the images that the account's pools are on, without the versions of `definition`, which are read anyway. A gallery version
 * has its publishing date itself; the creation date of a managed image is only in Resource Manager's list. Dates that cannot be read are
 * left out.
 */
export async function observeImageDates(
  pools: readonly Pool[],
  definition: ArmId | undefined,
  context: StepContext,
): Promise<readonly ImageDate[]> {
  const ids = pools.flatMap(({ properties: { deploymentConfiguration } }) => {
    const id = deploymentConfiguration?.virtualMachineConfiguration?.imageReference?.id
    return id && parseArmId(id) ? [id.toLowerCase()] : []
  })
  const isOwn = (id: string) => definition !== undefined && id.startsWith(`${definition.toLowerCase()}/`)
  const images = [...new Set(ids)].filter((id) => !isOwn(id)) as ArmId[]
  const versions = images.filter((id) => /\/versions\/[^/]+$/.test(id)).slice(0, MOST_VERSIONS)
  const managed = images.filter((id) => parseArmId(id)?.type.toLowerCase() === 'microsoft.compute/images')
  const subscriptions = [...new Set(managed.map((id) => partsOf(id).subscriptionId))]
  const found = await Promise.all([
    ...versions.map(async (id) => [
      { id: id as string, publishedDate: (await courtesy(context.compute.getImageVersion(id)))?.publishedDate },
    ]),
    ...subscriptions.map(async (subscription) => {
      const all = (await courtesy(context.arm.find(subscription, "resourceType eq 'Microsoft.Compute/images'"))) ?? []
      return all.map(({ id, createdTime }) => ({ id, publishedDate: createdTime }))
    }),
  ])
  return found.flat().flatMap(({ id, publishedDate }) => (publishedDate ? [{ id, publishedDate }] : []))
}

/** Ages are only reported, so an image that the identity may not read does not stop the run. */
const courtesy = <T>(reading: Promise<T>): Promise<T | undefined> => reading.catch(() => undefined)
