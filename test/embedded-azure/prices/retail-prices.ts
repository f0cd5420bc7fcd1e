/**
 * Azure's public price list at prices.azure.com. Members, paging and the filter's fields are those of its page; the figures are made up.
 * https://learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices
 */
import { SIZES, type Size } from '../batch/catalogue.ts'
import type { AzureClock } from '../clock/clock.ts'
import type { Answer } from '../route.ts'
import { REGION, type ScenarioPrices } from '../scenarios/scenario.ts'

interface Item {
  readonly [property: string]: unknown
  readonly armSkuName: string
  readonly type: string
}

/** What a filter may ask about; `priceType` is the member `type`. Values are compared with regard to letter case. */
const FIELDS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['armRegionName', 'armSkuName', 'currencyCode', 'location', 'meterId', 'meterName', 'productId', 'productName'].map((name) => [
      name,
      name,
    ]),
  ),
  ...Object.fromEntries(['serviceFamily', 'serviceId', 'serviceName', 'skuId', 'skuName'].map((name) => [name, name])),
  priceType: 'type',
}

const LARGEST_PAGE = 1_000

/** One page; the rest by `NextPageLink`, whose host has its port. */
export function retailPrices(
  { url }: { readonly url: string },
  { pageSize = LARGEST_PAGE, without = [] }: ScenarioPrices,
  clock: AzureClock,
): Answer {
  const { searchParams } = new URL(url, 'https://prices.azure.com')
  const filter = searchParams.get('$filter') ?? ''
  const conditions = filter === '' ? [] : filter.split(' and ').map((condition) => /^(\w+) eq '((?:[^']|'')*)'$/.exec(condition.trim()))
  if (conditions.some((condition) => !condition || !(String(condition[1]) in FIELDS))) return REFUSED
  const skip = Number(searchParams.get('$skip') ?? 0)
  const found = SIZES.filter(({ name }) => !without.includes(name))
    .flatMap((size) => itemsOf(size, clock.now()))
    .filter((item) => conditions.every((condition) => item[FIELDS[String(condition?.[1])] ?? ''] === condition?.[2]?.replaceAll("''", "'")))
  const page = found.slice(skip, skip + pageSize)
  const next = new URLSearchParams({ ...(filter && { $filter: filter }), $skip: String(skip + pageSize) })
  return {
    status: 200,
    body: {
      BillingCurrency: 'USD',
      CustomerEntityId: 'Default',
      CustomerEntityType: 'Retail',
      Items: page,
      NextPageLink: found.length > skip + pageSize ? `https://prices.azure.com:443/api/retail/prices?${next}` : null,
      Count: page.length,
    },
  }
}

/** As people report it: https://github.com/ahmadabdalla/azure-cost-calculator/issues/894 */
const REFUSED: Answer = { status: 400, body: { Error: { Code: 'BadRequest', Message: 'Invalid OData parameters supplied' } } }

/** A size is charged with and without Windows, as a dedicated, Spot or low-priority VM, for cloud services, and for test subscriptions. */
function itemsOf({ name, vCPUs }: Size, now: Date): readonly Item[] {
  const meter = name.replace(/^Standard_/, '').replaceAll('_', ' ')
  const series = `Virtual Machines ${name.replace(/^Standard_/, '').replace(/\d+/, '')} Series`
  const day = (years: number) => new Date(now.getTime() + years * 365 * 86_400_000).toISOString().replace(/T.*/, 'T00:00:00Z')
  const item = (productName: string, suffix: string, retailPrice: number, more: Partial<Item> = {}): Item => ({
    currencyCode: 'USD',
    tierMinimumUnits: 0,
    retailPrice,
    unitPrice: retailPrice,
    armRegionName: REGION,
    location: 'EU West',
    effectiveStartDate: day(-2),
    meterId: '000a794b-bdb0-58be-a0cd-0c3a0f222923',
    meterName: `${meter}${suffix}`,
    productId: 'DZH318Z0BQPS',
    skuId: 'DZH318Z0BQPS/00TG',
    productName,
    skuName: `${meter}${suffix}`,
    serviceName: 'Virtual Machines',
    serviceId: 'DZH313Z7MMC8',
    serviceFamily: 'Compute',
    unitOfMeasure: '1 Hour',
    type: 'Consumption',
    isPrimaryMeterRegion: true,
    armSkuName: name,
    ...more,
  })
  const ofSystem = (product: string, perCore: number) => [
    item(product, '', rounded(vCPUs * perCore)),
    item(product, ' Spot', rounded(vCPUs * perCore * 0.2)),
    item(product, ' Low Priority', rounded(vCPUs * perCore * 0.25)),
    item(product, '', rounded(vCPUs * perCore * 0.9), { type: 'DevTestConsumption' }),
  ]
  return [
    ...ofSystem(series, 0.0575),
    ...ofSystem(`${series} Windows`, 0.1035),
    item(`${series.replace('Virtual Machines ', '')} CloudServices`, '', rounded(vCPUs * 0.11)),
    // From next year on.
    item(series, '', rounded(vCPUs * 0.06), { effectiveStartDate: day(1) }),
  ]
}

const rounded = (usd: number): number => Math.round(usd * 10_000) / 10_000
