/**
 * Versions of Marketplace images. Forms and refusal as Azure shows them:
 * https://learn.microsoft.com/rest/api/compute/virtual-machine-images/list, https://github.com/Azure/azure-cli/issues/9011,
 * https://github.com/danielsollondon/azvmimagebuilder/issues/80
 */
import { type Call, Refusal, type Route } from '../route.ts'
import type { ScenarioMarketplaceVersion, ScenarioVm } from '../scenarios/scenario.ts'
import { COMPUTE } from './virtual-machines.ts'

/** Of an image that is asked for as `latest`, where the scenario says nothing. */
const LATEST = '1.0.20261110'

/** What `exactVersion` of a VM's image reference says: https://learn.microsoft.com/rest/api/compute/virtual-machines/get#imagereference */
export const exactVersionOf = ({ version, exactVersion }: NonNullable<ScenarioVm['image']>): string =>
  exactVersion ?? (version === 'latest' ? LATEST : version)

export function marketplaceRoutes({ image }: ScenarioVm, versions: readonly ScenarioMarketplaceVersion[] | undefined): readonly Route[] {
  const listed = versions ?? (image ? [{ name: exactVersionOf(image) }] : [])
  const provider = '/subscriptions/:subscriptionId/providers/Microsoft.Compute'
  return [
    {
      method: 'GET',
      path: `${provider}/locations/:location/publishers/:publisher/artifacttypes/vmimage/offers/:offer/skus/:sku/versions`,
      apiVersions: COMPUTE,
      action: 'Microsoft.Compute/locations/publishers/artifacttypes/offers/skus/versions/read',
      handle: (call) => {
        const { publisher, offer, sku } = call.params
        const isKnown =
          [publisher, offer, sku].join(':').toLowerCase() === [image?.publisher, image?.offer, image?.sku].join(':').toLowerCase()
        if (!isKnown) throw new Refusal(404, 'NotFound', 'Artifact: VMImage was not found.')
        return { status: 200, body: listed.map((version) => shown(version, call)) }
      },
    },
  ]
}

/** Properties come where they are asked for. https://learn.microsoft.com/powershell/module/az.compute/get-azvmimage (`-Expand`) */
function shown({ name, state = 'Active', deprecatedAt, alternativeOffer }: ScenarioMarketplaceVersion, { params, query }: Call): object {
  const { subscriptionId, location = '', publisher, offer, sku } = params
  const place = `/Subscriptions/${subscriptionId}/Providers/Microsoft.Compute/Locations/${location}/Publishers/${publisher}`
  const status = {
    imageState: state,
    ...(deprecatedAt && { scheduledDeprecationTime: deprecatedAt }),
    alternativeOption: alternativeOffer ? { type: 'Offer', value: alternativeOffer } : { type: 'None' },
  }
  return {
    location,
    name,
    id: `${place}/ArtifactTypes/VMImage/Offers/${offer}/Skus/${sku}/Versions/${name}`,
    ...(query.get('$expand') === 'properties/imageDeprecationStatus' && { properties: { imageDeprecationStatus: status } }),
  }
}
