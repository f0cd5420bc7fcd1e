/** Pure: the image definition that is made where there is none. */
import type { ImageSettings } from '../config/config.ts'
import type { Tags } from '../model/arm.ts'
import { type ArmId, partsOf } from '../model/arm-id.ts'
import type { ImageDefinitionRequest } from '../model/compute.ts'
import type { ImageTraits } from '../model/image-traits.ts'
import { TAGS } from './tags.ts'

export interface DefinitionQuestion {
  readonly id: ArmId
  readonly image: ImageSettings
  /** Region of the gallery. */
  readonly location: string
  readonly imageTraits: ImageTraits
  /** Tags of the version that the definition is made for; those that change from version to version are left out. */
  readonly tags: Tags
}

/** Everything about the definition is derived from the disks: it can never be changed. */
export function definitionRequest({ id, image, location, imageTraits, tags }: DefinitionQuestion): ImageDefinitionRequest {
  const { [TAGS.version]: _version, [TAGS.fingerprint]: _fingerprint, [TAGS.previousVersion]: _previous, ...lasting } = tags
  const { osType, generation, architecture, features, purchasePlan } = imageTraits
  return {
    id,
    location,
    osType,
    osState: 'Generalized',
    hyperVGeneration: generation,
    architecture,
    features,
    identifier: { publisher: 'AzureBatchImagePool', offer: partsOf(id).names[0] ?? 'gallery', sku: image.name },
    tags: lasting,
    ...(purchasePlan && { purchasePlan }),
  }
}
