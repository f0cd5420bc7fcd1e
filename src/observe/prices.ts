import type { AccountConfig } from '../config/config.ts'
import { explain } from '../errors/explanation.ts'
import { regionName } from '../model/arm-id.ts'
import { type BatchAccount, type BatchVmSize, type Pool, poolNamed, vmSizeNamed } from '../model/batch.ts'
import type { SizePrices } from '../model/prices.ts'
import type { StepContext } from '../run/context.ts'

/** Each size costs one request; further sizes have no price. */
const MOST_SIZES = 10

interface Priced {
  readonly account: BatchAccount
  readonly pools: readonly Pool[]
  readonly vmSizes: readonly BatchVmSize[]
}

/** Prices of the VM sizes that the pools of the run have or get. Never throws: whatever goes wrong takes the place of a price. */
export async function observePrices(
  { pool: settings, identity }: AccountConfig,
  { account, pools, vmSizes }: Priced,
  context: StepContext,
): Promise<readonly SizePrices[]> {
  const requests = settings?.requests ?? []
  const named = requests.flatMap(({ id, properties }) => [properties.vmSize, poolNamed(id, pools)?.properties.vmSize])
  // The price list is case-sensitive, and Batch's own catalogue has the names as Azure writes them.
  const sizes = [...new Set(named.flatMap((name) => (name ? [vmSizeNamed(name, vmSizes)?.name ?? name] : [])))]
  if (identity.environment !== 'AzureCloud')
    return sizes.map((vmSize) => ({ vmSize, prices: [], problem: `there is no public price list for ${identity.environment}` }))
  return Promise.all(
    sizes.map((vmSize, index) =>
      index < MOST_SIZES
        ? read(regionName(account.location), vmSize, context)
        : { vmSize, prices: [], problem: `the prices of ${MOST_SIZES} sizes are looked up at most` },
    ),
  )
}

async function read(region: string, vmSize: string, { prices }: StepContext): Promise<SizePrices> {
  try {
    const found = await prices.listVmPrices(region, vmSize)
    return found.length > 0 ? { vmSize, prices: found } : { vmSize, prices: [], problem: `the price list has no ${vmSize} in ${region}` }
  } catch (error) {
    return { vmSize, prices: [], problem: `the price list could not be read: ${explain(error).message.replace(/\.+$/, '')}` }
  }
}
