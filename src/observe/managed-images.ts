/** Managed images do not say themselves when they were made: only Resource Manager's own list does. */
import type { ImageSettings } from '../config/config.ts'
import { type ArmId, nameOf, partsOf, sameId } from '../model/arm-id.ts'
import type { ManagedImage } from '../model/compute.ts'
import type { StepContext } from '../run/context.ts'
import { visible } from './visible.ts'

const OF_TYPE = "resourceType eq 'Microsoft.Compute/images'"

/** The managed images of the resource group, with their creation times where `rebuild` is an age and the identity may read them. */
export async function observeManagedImages(
  image: ImageSettings | undefined,
  { compute, arm }: StepContext,
): Promise<readonly ManagedImage[]> {
  if (image?.kind !== 'managed') return []
  const isAgeAsked = typeof image.rebuild !== 'string'
  const { subscriptionId } = partsOf(image.resourceGroup)
  const [images = [], listed = []] = await Promise.all([
    compute.listImages(image.resourceGroup),
    isAgeAsked ? visible(arm.find(subscriptionId, OF_TYPE)) : [],
  ])
  return images.map((one) => withTime(one, listed))
}

/** Its creation time distinguishes a managed image from a later one of the same name. */
export async function observeSourceImage(id: ArmId, { compute, arm }: StepContext): Promise<ManagedImage | undefined> {
  const named = `${OF_TYPE} and name eq '${nameOf(id).replaceAll("'", "''")}'`
  const [image, listed = []] = await Promise.all([compute.getImage(id), visible(arm.find(partsOf(id).subscriptionId, named))])
  return image && withTime(image, listed)
}

function withTime(image: ManagedImage, listed: readonly { readonly id: string; readonly createdTime?: string }[]): ManagedImage {
  const createdTime = listed.find(({ id }) => sameId(id, image.id))?.createdTime
  return { ...image, ...(createdTime && { createdTime }) }
}
