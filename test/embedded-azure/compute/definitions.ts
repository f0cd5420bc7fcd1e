/** Image definitions: their defaults by api-version, and what stays for their life. */
import { type Arm, create, parentOf, required } from '../arm/resources.ts'
import { type Answer, type Call, Refusal } from '../route.ts'

export const DEFINITIONS = { type: 'Microsoft.Compute/galleries/images', path: 'capsOperations' } as const
/** Median of recorded Azure. */
export const DEFINITION_MS = 100
/** What a definition keeps for its life. */
const FIXED = ['osType', 'osState', 'hyperVGeneration', 'architecture', 'identifier'] as const

/**
 * From here on a definition is of generation 2 and `TrustedLaunchSupported` unless it says otherwise, `Standard` is how it says so, and
 * standard disks fit `…Supported` definitions; before, `Standard` is not a value.
 * https://learn.microsoft.com/powershell/module/az.compute/new-azgalleryimagedefinition
 * https://azurefeeds.com/2025/05/29/preview-trusted-launch-default-for-new-azure-virtual-machine-scale-set-compute-gallery-and-disk
 */
const SECURED_BY_DEFAULT_SINCE = '2025-03-03'
export const isSecuredByDefault = ({ apiVersion }: Call): boolean => apiVersion >= SECURED_BY_DEFAULT_SINCE

export interface Feature {
  readonly name: string
  readonly value: string
}

// biome-ignore lint/suspicious/noExplicitAny: a request body is whatever the client sent
function withDefaults(call: Call, sent: any = {}): any {
  if (!isSecuredByDefault(call)) return { hyperVGeneration: 'V1', architecture: 'x64', ...sent }
  const properties = { hyperVGeneration: 'V2', architecture: 'x64', ...sent }
  const features: readonly Feature[] = properties.features ?? []
  if (properties.hyperVGeneration !== 'V2' || features.some(({ name }) => name === 'SecurityType')) return properties
  return { ...properties, features: [...features, { name: 'SecurityType', value: 'TrustedLaunchSupported' }] }
}

/** https://learn.microsoft.com/azure/virtual-machines/shared-image-galleries#image-definitions */
const LONGEST_IDENTIFIER = { publisher: 128, offer: 64, sku: 64 }

export function putDefinition(arm: Arm, call: Call): Answer {
  parentOf(arm, call, /\/images\/[^/]+$/i)
  const properties = withDefaults(call, call.body?.properties)
  for (const name of ['osType', 'osState', 'identifier']) required(properties, name)
  for (const [name, longest] of Object.entries(LONGEST_IDENTIFIER)) {
    const value: string = required(properties.identifier, name, 'identifier')
    const target = `galleryImage.properties.identifier.${name}`
    if (value.length > longest) throw notAValue(target, value)
  }
  const asked = properties.features?.find(({ name }: Feature) => name === 'SecurityType')?.value
  if (asked === 'Standard' && !isSecuredByDefault(call)) throw notAValue('galleryImage.properties.features.SecurityType', asked)
  if (!['Linux', 'Windows'].includes(properties.osType)) throw notAValue('galleryImage.properties.osType', properties.osType)
  if (!['Generalized', 'Specialized'].includes(properties.osState)) throw notAValue('galleryImage.properties.osState', properties.osState)
  const before = arm.world.get(call.path)?.properties
  const changed = before && FIXED.find((name) => JSON.stringify(before[name]) !== JSON.stringify(properties[name]))
  if (changed) {
    throw new Refusal(409, 'PropertyChangeNotAllowed', `Changing property 'galleryImage.properties.${changed}' is not allowed.`, {
      target: `galleryImage.properties.${changed}`,
    })
  }
  return create(arm, call, DEFINITIONS, { afterMs: DEFINITION_MS, properties })
}

const notAValue = (target: string, value: unknown): Refusal =>
  new Refusal(400, 'InvalidParameter', `The value '${value}' of parameter '${target}' is invalid.`, { target })
