/** Azure's public price list. Property names are Azure's own. */

/** https://learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices#api-property-details */
export interface RetailPrice {
  readonly currencyCode: string
  readonly retailPrice: number
  /** E.g. `1 Hour`. */
  readonly unitOfMeasure: string
  readonly armRegionName: string
  readonly armSkuName: string
  /** E.g. `Virtual Machines Dsv5 Series Windows`. */
  readonly productName: string
  /** E.g. `D4s v5 Spot`. */
  readonly skuName: string
  readonly meterName: string
  readonly serviceName: string
  /** E.g. `Consumption`, `DevTestConsumption`, `Reservation`. */
  readonly type: string
  /** ISO 8601. */
  readonly effectiveStartDate: string
}

/** The price list of one VM size in one region. */
export interface SizePrices {
  /** As Batch spells it. */
  readonly vmSize: string
  readonly prices: readonly RetailPrice[]
  /** Why there are none, as a part of a sentence; absent where the list was read. */
  readonly problem?: string
}

export interface Prices {
  /** All consumption prices of a VM size in a region, in USD. @throws AzureError, also where no answer came within seconds */
  listVmPrices(region: string, vmSize: string): Promise<readonly RetailPrice[]>
}
