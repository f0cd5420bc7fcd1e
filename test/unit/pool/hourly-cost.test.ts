import { describe, expect, test } from 'vitest'
import type { PoolProperties } from '../../../src/model/batch.ts'
import type { RetailPrice } from '../../../src/model/prices.ts'
import { hourlyCost, nodePrices, paysForWindows } from '../../../src/pool/hourly-cost.ts'

const NOW = new Date('2026-11-24T00:00:00Z')
const LINUX = 'Virtual Machines Dsv5 Series'

const price = (retailPrice: number, more: Partial<RetailPrice> = {}): RetailPrice => ({
  currencyCode: 'USD',
  retailPrice,
  unitOfMeasure: '1 Hour',
  armRegionName: 'westeurope',
  armSkuName: 'Standard_D4s_v5',
  productName: LINUX,
  skuName: 'D4s v5',
  meterName: 'D4s v5',
  serviceName: 'Virtual Machines',
  type: 'Consumption',
  effectiveStartDate: '2024-01-01T00:00:00Z',
  ...more,
})
const named = (suffix: string) => ({ skuName: `D4s v5${suffix}`, meterName: `D4s v5${suffix}` })

/** What the list has for one size in one region. */
const PRICES: readonly RetailPrice[] = [
  price(0.23),
  price(0.0437, named(' Spot')),
  price(0.046, named(' Low Priority')),
  price(0.414, { productName: `${LINUX} Windows` }),
  price(0.0787, { productName: `${LINUX} Windows`, ...named(' Spot') }),
]
const of = (prices: readonly RetailPrice[]) => [{ vmSize: 'Standard_D4s_v5', prices }]
const linux = { vmSize: 'STANDARD_D4S_V5', isWindows: false }

describe('what a node costs', () => {
  test('by operating system and kind; the letter case of the size is Batch’s', () => {
    expect(nodePrices(linux, of(PRICES), NOW)).toEqual({ dedicated: 0.23, lowPriority: 0.0437 })
    expect(nodePrices({ ...linux, isWindows: true }, of(PRICES), NOW)).toEqual({ dedicated: 0.414, lowPriority: 0.0787 })
  })

  test.each<[string, Partial<RetailPrice>]>([
    ['in another currency', { currencyCode: 'EUR' }],
    ['of a month', { unitOfMeasure: '1 Month' }],
    ['of test subscriptions', { type: 'DevTestConsumption' }],
    ['of cloud services', { productName: 'Dsv5 Series CloudServices' }],
    ['of dedicated hosts', { productName: 'Dsv5 Series Dedicated Host' }],
    ['of low-priority VMs, which Batch gives no more', named(' Low Priority')],
    ['that has expired', named(' - Expired')],
    ['to come', { effectiveStartDate: '2026-12-01T00:00:00Z' }],
    ['without a date', { effectiveStartDate: '' }],
  ])('a price %s is none', (_, more) => {
    expect(nodePrices(linux, of([price(0.11, more)]), NOW)).toEqual({})
    expect(nodePrices(linux, of([...PRICES, price(0.11, more)]), NOW).dedicated).toBe(0.23)
  })

  test('nothing costs nothing: a price of 0 is a gap in the list', () => {
    expect(nodePrices(linux, of([price(0)]), NOW)).toEqual({})
  })

  test('the latest of several counts; two that differ do not count', () => {
    const later = price(0.25, { effectiveStartDate: '2025-01-01T00:00:00Z' })
    expect(nodePrices(linux, of([later, price(0.23)]), NOW).dedicated).toBe(0.25)
    expect(nodePrices(linux, of([price(0.23), price(0.25)]), NOW).dedicated).toBeUndefined()
    expect(nodePrices(linux, of([price(0.23), price(0.23)]), NOW).dedicated).toBe(0.23)
  })
})

describe('what all nodes cost', () => {
  test('both kinds together, to four places', () => {
    expect(hourlyCost({ ...linux, nodes: { dedicated: 10, lowPriority: 3 } }, of(PRICES), NOW)).toEqual({ usd: 2.4311 })
  })

  test('no nodes cost nothing, whatever is known', () => {
    expect(hourlyCost({ ...linux, nodes: { dedicated: 0, lowPriority: 0 } }, [], NOW)).toEqual({ usd: 0 })
  })

  test('never a part of the sum', () => {
    const nodes = { dedicated: 10, lowPriority: 3 }
    expect(hourlyCost({ ...linux, nodes }, of([price(0.23)]), NOW)).toEqual({
      unknown: 'the price list has no single price for Spot nodes of STANDARD_D4S_V5',
    })
    expect(hourlyCost({ ...linux, nodes }, [{ ...of([])[0], vmSize: 'Standard_D4s_v5', prices: [], problem: 'no answer' }], NOW)).toEqual({
      unknown: 'no answer',
    })
  })
})

describe('who pays for Windows', () => {
  const pool = (nodeAgentSkuId: string, licenseType?: string) => ({
    deploymentConfiguration: { virtualMachineConfiguration: { nodeAgentSkuId, ...(licenseType && { licenseType }) } },
  })
  test.each<[string, PoolProperties, boolean]>([
    ['Linux', pool('batch.node.ubuntu 24.04'), false],
    ['Windows', pool('batch.node.windows amd64'), true],
    ['Windows with a licence of one’s own', pool('batch.node.windows amd64', 'Windows_Server'), false],
    ['Windows, and no such licence', pool('batch.node.windows amd64', 'None'), true],
    ['nobody knows what', {}, false],
  ])('%s', (_, properties, pays) => {
    expect(paysForWindows(properties)).toBe(pays)
  })
})
