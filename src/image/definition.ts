/** Pure: the image definition that is made where there is none. */
import { createHash } from 'node:crypto'
import type { ImageSettings } from '../config/config.ts'
import type { Tags } from '../model/arm.ts'
import { type ArmId, partsOf } from '../model/arm-id.ts'
import type { HyperVGeneration, ImageDefinitionRequest } from '../model/compute.ts'
import { type ImageTraits, STANDARD } from '../model/image-traits.ts'
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
    features: withSecurityType(generation, features),
    identifier: {
      publisher: 'AzureBatchImagePool',
      offer: shortened(partsOf(id).names[0] ?? 'gallery'),
      sku: shortened(image.name),
    },
    tags: lasting,
    ...(purchasePlan && { purchasePlan }),
  }
}

/**
 * A definition of generation 2 that does not name its security type is `TrustedLaunchSupported`, and `Standard` has to be said. Generation 1
 * knows no other. https://learn.microsoft.com/powershell/module/az.compute/new-azgalleryimagedefinition
 */
function withSecurityType(generation: HyperVGeneration, features: ImageTraits['features']): ImageTraits['features'] {
  return generation === 'V2' ? { SecurityType: STANDARD, ...features } : features
}

/** Offer and SKU have at most 64 characters each. https://learn.microsoft.com/azure/virtual-machines/shared-image-galleries#image-definitions */
const LONGEST_NAME = 64

/** No two definitions of a gallery may have the same publisher, offer and SKU: what is cut off goes into a digest. */
function shortened(name: string): string {
  if (name.length <= LONGEST_NAME) return name
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 8)
  return `${name.slice(0, LONGEST_NAME - digest.length - 1)}-${digest}`
}
