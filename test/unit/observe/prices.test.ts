import { expect, test } from 'vitest'
import { byAccount, type Config } from '../../../src/config/config.ts'
import type { BatchAccount, Pool } from '../../../src/model/batch.ts'
import type { RetailPrice } from '../../../src/model/prices.ts'
import { observePrices } from '../../../src/observe/prices.ts'
import type { StepContext } from '../../../src/run/context.ts'
import { config } from '../../fixtures/config-inputs.ts'

const account = { location: 'West Europe' } as BatchAccount
const vmSizes = [{ name: 'Standard_D4s_v5', capabilities: {} }]

/** Prices asked for, as `region/size`. */
function asked(given: Config, pools: readonly Pool[] = []) {
  const calls: string[] = []
  const prices = {
    async listVmPrices(region: string, vmSize: string) {
      calls.push(`${region}/${vmSize}`)
      return [{ retailPrice: 1 } as RetailPrice]
    },
  }
  const [ofAccount = { ...given, pool: undefined } as never] = byAccount(given)
  return { calls, found: observePrices(ofAccount, { account, pools, vmSizes }, { prices } as unknown as StepContext) }
}

test('sizes in the spelling of the catalogue, each once, in the region as the list has it', async () => {
  const before = { name: 'RENDER', properties: { vmSize: 'STANDARD_D2S_V3' } } as unknown as Pool
  const { calls, found } = asked(config({ 'show-cost': 'true', 'vm-size': 'STANDARD_D4S_V5' }), [before])
  expect((await found).map(({ vmSize }) => vmSize)).toEqual(['Standard_D4s_v5', 'STANDARD_D2S_V3'])
  expect(calls).toEqual(['westeurope/Standard_D4s_v5', 'westeurope/STANDARD_D2S_V3'])
})

test('other clouds have no public list: nothing is asked', async () => {
  const { calls, found } = asked(config({ 'show-cost': 'true', environment: 'AzureChinaCloud' }))
  expect(await found).toEqual([{ vmSize: 'Standard_D4s_v5', prices: [], problem: 'there is no public price list for AzureChinaCloud' }])
  expect(calls).toEqual([])
})

test('of many sizes only some are looked up', async () => {
  const spec = Array.from({ length: 12 }, (_, index) => ({ id: `p${index}`, vmSize: `Standard_D${index}` }))
  const { calls, found } = asked(config({ 'show-cost': 'true', 'pool-id': '', 'vm-size': '', 'pool-spec': JSON.stringify(spec) }))
  expect((await found).filter(({ problem }) => problem)).toHaveLength(2)
  expect(calls).toHaveLength(10)
})
