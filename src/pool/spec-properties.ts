/** Pure: a spec as Batch takes it, with the image and what follows from it. */
import type { PoolProperties, VirtualMachineConfiguration } from '../model/batch.ts'
import type { SupportedImage } from '../model/batch-service.ts'
import type { ImageTraits } from '../model/image-traits.ts'
import { withoutMarks } from './marks.ts'
import { resolveNodeAgent } from './node-agent.ts'
import type { PoolQuestion } from './pool-plan.ts'

/**
 * The body of a PUT: the spec as written, with image, node agent, security type and size filled in; without the marks of this action, which
 * are in a pool that was read back.
 */
export function propertiesOf({ request, existing, imageId, imageTraits, supportedImages }: PoolQuestion): PoolProperties {
  const { properties, target, resizeTimeout, autoScale } = request
  const asked = properties.deploymentConfiguration?.virtualMachineConfiguration
  const before = existing?.properties.deploymentConfiguration?.virtualMachineConfiguration
  const agent = request.nodeAgentSkuId ?? agentOf(imageTraits, supportedImages) ?? before?.nodeAgentSkuId
  const security = asked?.securityProfile ?? trustedLaunch(imageTraits) ?? keptSecurity(before?.securityProfile, imageTraits)
  const configuration: VirtualMachineConfiguration = {
    ...asked,
    imageReference: { id: imageId },
    ...(agent && { nodeAgentSkuId: agent }),
    ...(security && { securityProfile: security }),
  }
  const fixedScale = { targetDedicatedNodes: target.dedicated, targetLowPriorityNodes: target.lowPriority, resizeTimeout }
  return {
    ...properties,
    ...(properties.metadata && { metadata: withoutMarks(properties.metadata) }),
    deploymentConfiguration: { ...properties.deploymentConfiguration, virtualMachineConfiguration: configuration },
    ...(!autoScale && { scaleSettings: { fixedScale } }),
  }
}

function agentOf(imageTraits: ImageTraits | undefined, supportedImages: readonly SupportedImage[]): string | undefined {
  return imageTraits?.imageReference && resolveNodeAgent(imageTraits.imageReference, supportedImages)?.nodeAgentSkuId
}

/** Without it, allocation fails for an image whose definition says `TrustedLaunch`. */
function trustedLaunch(imageTraits: ImageTraits | undefined): VirtualMachineConfiguration['securityProfile'] {
  if (imageTraits?.features.SecurityType !== 'TrustedLaunch') return undefined
  return { securityType: 'trustedLaunch', uefiSettings: { secureBootEnabled: true, vTpmEnabled: true } }
}

/** What people set of the pool's security stays, but no security type that the image may not have. */
function keptSecurity(
  before: VirtualMachineConfiguration['securityProfile'],
  imageTraits: ImageTraits | undefined,
): VirtualMachineConfiguration['securityProfile'] {
  return before?.securityType === undefined || imageTraits === undefined ? before : undefined
}
