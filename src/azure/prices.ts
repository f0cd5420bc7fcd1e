import type { Prices, RetailPrice } from '../model/prices.ts'
import type { Clock } from '../run/runner.ts'
import { trusted } from './failure.ts'
import { Requests } from './requests.ts'
import { createOpenSender, type TransportOptions } from './transport.ts'
import { within } from './within.ts'

const ORIGIN = 'https://prices.azure.com'
/** Nobody waits longer for a courtesy. */
const PATIENCE_MS = 5_000
/** A size in a region has a dozen prices, and a page a thousand. */
const MOST_PAGES = 5

interface Page {
  readonly Items?: readonly RetailPrice[] | null
  readonly NextPageLink?: string | null
}

/** The public price list, which takes no token. https://learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices */
export function createPrices(transport: TransportOptions, clock: Clock): Prices {
  const requests = new Requests({ send: createOpenSender(transport), origin: ORIGIN, clock })
  return {
    listVmPrices: (region, vmSize) => within(PATIENCE_MS, (signal) => list(requests, filterOf(region, vmSize), signal)),
  }
}

function filterOf(region: string, vmSize: string): string {
  const conditions = { serviceName: 'Virtual Machines', armRegionName: region, armSkuName: vmSize, priceType: 'Consumption' }
  return Object.entries(conditions)
    .map(([name, value]) => `${name} eq '${value.replaceAll("'", "''")}'`)
    .join(' and ')
}

async function list(requests: Requests, filter: string, signal: AbortSignal): Promise<readonly RetailPrice[]> {
  const found: RetailPrice[] = []
  let url: string | undefined = `${ORIGIN}/api/retail/prices?$filter=${encodeURIComponent(filter)}`
  for (let page = 0; url !== undefined && page < MOST_PAGES; page += 1) {
    const { Items, NextPageLink }: Page = await requests.json<Page>({ operation: 'list retail prices', method: 'GET', url, signal })
    found.push(...(Items ?? []))
    url = NextPageLink ? trusted(NextPageLink, ORIGIN, 'the next page') : undefined
  }
  return found
}
