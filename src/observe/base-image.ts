import { AzureError } from '../errors/azure-error.ts'
import { explain } from '../errors/explanation.ts'
import type { ArmId } from '../model/arm-id.ts'
import { partsOf, regionName } from '../model/arm-id.ts'
import type { VirtualMachine } from '../model/compute.ts'
import type { MarketplaceVersion } from '../model/marketplace.ts'
import { emit, type StepContext } from '../run/context.ts'

const API_VERSION = '2024-07-01'
/** The versions decide nothing, so the run does not wait long for them. */
const PATIENCE_MS = 10_000

/**
 * All versions, in the VM's region, of the Marketplace image that the VM was made from. `undefined` where it was made from something else,
 * or where the list cannot be read, which a notice reports. https://learn.microsoft.com/powershell/module/az.compute/get-azvmimage (`-Expand`)
 */
export async function observeBaseVersions(
  { id, name, location, imageReference }: VirtualMachine,
  context: StepContext,
): Promise<readonly MarketplaceVersion[] | undefined> {
  const { publisher, offer, sku } = imageReference ?? {}
  if (!publisher || !offer || !sku) return undefined
  const provider = `/subscriptions/${partsOf(id as ArmId).subscriptionId}/providers/Microsoft.Compute`
  const offers = `${provider}/locations/${regionName(location)}/publishers/${publisher}/artifacttypes/vmimage/offers`
  const versions = `${offers}/${offer}/skus/${sku}/versions` as ArmId
  try {
    const query = { $expand: 'properties/imageDeprecationStatus' }
    const found = await context.arm.get(versions, API_VERSION, { query, withinMs: PATIENCE_MS })
    return Array.isArray(found) ? found.filter((version) => typeof version?.name === 'string') : []
  } catch (error) {
    const { message, hint } = explain(error)
    const text = `Whether the base image of ${name} has a newer version is not known. ${isForbidden(error) ? hint : message}`
    emit(context, { kind: 'notice', level: 'info', text })
    return undefined
  }
}

const isForbidden = (error: unknown): boolean => error instanceof AzureError && error.status === 403
