/** Pure: what the nodes of a pool cost per hour at Azure's public prices. A price that is not in the list is not estimated. */
import type { PoolProperties } from '../model/batch.ts'
import type { NodeTotals } from '../model/nodes.ts'
import type { RetailPrice, SizePrices } from '../model/prices.ts'

/** USD. */
export interface NodePrices {
  readonly dedicated?: number
  /** Batch gives its low-priority nodes as Spot VMs. https://learn.microsoft.com/azure/batch/batch-spot-vms */
  readonly lowPriority?: number
}

/** Nodes to be priced. */
export interface PricedNodes {
  readonly vmSize: string
  readonly isWindows: boolean
  readonly nodes: NodeTotals
}

/** USD per hour for all nodes, or why it is not known. */
export type HourlyCost = { readonly usd: number } | { readonly unknown: string }

const KINDS = { dedicated: 'dedicated nodes', lowPriority: 'Spot nodes' } as const

export function hourlyCost({ vmSize, isWindows, nodes }: PricedNodes, sizes: readonly SizePrices[], now: Date): HourlyCost {
  const known = nodePrices({ vmSize, isWindows }, sizes, now)
  const asked = (['dedicated', 'lowPriority'] as const).filter((kind) => nodes[kind] > 0)
  const missing = asked.filter((kind) => known[kind] === undefined)
  if (missing.length > 0) {
    const problem = listOf(vmSize, sizes)?.problem
    return { unknown: problem ?? `the price list has no single price for ${missing.map((kind) => KINDS[kind]).join(' and ')} of ${vmSize}` }
  }
  // The list has four places; floating point has more.
  return { usd: Number(asked.reduce((sum, kind) => sum + nodes[kind] * (known[kind] ?? 0), 0).toFixed(4)) }
}

/** What one node costs per hour, as far as the list has it. */
export function nodePrices({ vmSize, isWindows }: Omit<PricedNodes, 'nodes'>, sizes: readonly SizePrices[], now: Date): NodePrices {
  const prices = (listOf(vmSize, sizes)?.prices ?? []).filter((price) => isOfNodes(price, isWindows, now))
  const [dedicated, lowPriority] = [
    onlyPrice(prices.filter((price) => !/\b(?:Spot|Low Priority|Expired)\b/i.test(meterOf(price)))),
    onlyPrice(prices.filter((price) => /\bSpot\b/i.test(meterOf(price)))),
  ]
  return { ...(dedicated !== undefined && { dedicated }), ...(lowPriority !== undefined && { lowPriority }) }
}

/**
 * Whether the nodes run Windows with a licence that Azure charges for, and not with a licence of the customer's own.
 * https://learn.microsoft.com/rest/api/batchmanagement/pool/create#virtualmachineconfiguration (`licenseType`)
 */
export function paysForWindows({ deploymentConfiguration }: PoolProperties): boolean {
  const { nodeAgentSkuId = '', licenseType } = deploymentConfiguration?.virtualMachineConfiguration ?? {}
  const hasOwnLicense = typeof licenseType === 'string' && /^Windows_(?:Server|Client)$/i.test(licenseType)
  return /windows/i.test(nodeAgentSkuId) && !hasOwnLicense
}

const listOf = (vmSize: string, sizes: readonly SizePrices[]): SizePrices | undefined =>
  sizes.find((one) => one.vmSize.toLowerCase() === vmSize.toLowerCase())

/** The list also has prices of the same size for cloud services, for dedicated hosts and for test subscriptions, and future prices. */
function isOfNodes(
  { currencyCode, unitOfMeasure, type, productName, effectiveStartDate, retailPrice }: RetailPrice,
  isWindows: boolean,
  now: Date,
) {
  return (
    currencyCode === 'USD' &&
    unitOfMeasure === '1 Hour' &&
    type === 'Consumption' &&
    retailPrice > 0 &&
    !/Cloud ?Services|Dedicated Host/i.test(productName) &&
    /\bWindows\b/i.test(productName) === isWindows &&
    Date.parse(effectiveStartDate) <= now.getTime()
  )
}

const meterOf = ({ meterName, skuName }: RetailPrice): string => `${meterName} ${skuName}`

/** The latest price; `undefined` where several latest prices differ. */
function onlyPrice(prices: readonly RetailPrice[]): number | undefined {
  const latest = Math.max(...prices.map(({ effectiveStartDate }) => Date.parse(effectiveStartDate)))
  const values = new Set(prices.filter((price) => Date.parse(price.effectiveStartDate) === latest).map(({ retailPrice }) => retailPrice))
  return values.size === 1 ? [...values][0] : undefined
}
