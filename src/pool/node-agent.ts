/** Pure: which node agent Batch installs on nodes of a custom image. */
import type { SupportedImage } from '../model/batch-service.ts'
import type { MarketplaceImage } from '../model/compute.ts'

/**
 * The entry of `supportedimages` for the Marketplace image that a golden VM was made from; its agent fits the derived image too.
 * https://learn.microsoft.com/troubleshoot/azure/hpc/batch/azure-batch-node-unusable-state (issue 3)
 */
export function resolveNodeAgent(image: MarketplaceImage, supported: readonly SupportedImage[]): SupportedImage | undefined {
  const wanted = keyOf(image)
  return supported.find(({ imageReference }) => keyOf(imageReference) === wanted)
}

const keyOf = ({ publisher, offer, sku }: MarketplaceImage): string => [publisher, offer, sku].join(':').toLowerCase()
