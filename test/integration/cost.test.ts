/** `show-cost`: what pools cost an hour by public prices. A courtesy: no trouble with the list changes a run. */
import { describe, expect, test } from 'vitest'
import type { Intervention } from '../embedded-azure/intervention.ts'
import { loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import { again, annotations, azureOf, reportOf, run, testConformance } from '../fixtures/whole-runs.ts'

const { inputs } = loadScenario('cost')

test('a pool whose half becomes Spot nodes costs less afterwards, in plan, summary, outputs and report', async () => {
  const azure = await azureOf(loadScenario('cost'))
  const planned = await again(azure, { ...inputs, mode: 'plan' })
  expect(planned.summary).toContain('| Cost per hour | USD 1.38 | USD 2.30 |')
  const ran = await again(azure, inputs)
  expect(annotations(ran)).toEqual([])
  expect(ran.summary).toContain('| Cost per hour | USD 1.38 | USD 2.30 |')
  expect(ran.summary).toContain('A dedicated node of STANDARD&#95;D4S&#95;V5 costs USD 0.23 an hour, a Spot node USD 0.046 at present.')
  expect(ran.summary).toContain('without disks, traffic, licences of Marketplace plans')
  const cost = {
    currency: 'USD',
    region: 'westeurope',
    node: { dedicated: 0.23, lowPriority: 0.046 },
    before: { usd: 2.3 },
    after: { usd: 1.38 },
  }
  expect((await reportOf(ran)).pools[0].cost).toEqual(cost)
  expect(JSON.parse(ran.outputs.pools ?? '')[0]).toMatchObject({ 'cost-per-hour': 1.38 })
})

test('the list comes in pages', async () => {
  const ran = await run('cost', { mode: 'plan' }, { prices: { pageSize: 3 } })
  expect(ran.summary).toContain('| Cost per hour | USD 1.38 | USD 2.30 |')
  expect(ran.azure.exchanges.filter(({ plane }) => plane === 'prices').length).toBeGreaterThan(1)
})

test('nobody asks: nothing is looked up', async () => {
  const ran = await run('cost', { mode: 'plan', 'show-cost': 'false' })
  expect(ran.azure.exchanges.filter(({ plane }) => plane === 'prices')).toEqual([])
  expect(ran.summary).not.toContain('Cost per hour')
  expect((await reportOf(ran)).pools[0]).not.toHaveProperty('cost')
})

describe('no price: said, and the run ends as it would', () => {
  const answer = (status: number, body?: unknown, headers: Readonly<Record<string, string>> = {}): Intervention => ({
    kind: 'answer',
    status,
    headers,
    body,
  })
  const page = (more: object) => answer(200, { BillingCurrency: 'USD', Items: [], NextPageLink: null, Count: 0, ...more })
  test.each<[string, Intervention, RegExp]>([
    ['an empty list', page({}), /has no Standard&#95;D4s&#95;v5 in westeurope/],
    ['no list at all', page({ Items: null }), /has no Standard&#95;D4s&#95;v5 in westeurope/],
    ['a next page elsewhere', page({ NextPageLink: 'https://example.com/api/retail/prices' }), /could not be read/],
    ['pages without end', page({ NextPageLink: 'https://prices.azure.com:443/api/retail/prices?$skip=1' }), /has no/],
    ['throttled for an hour', answer(429, { error: 'too many' }, { 'retry-after': '3600' }), /could not be read/],
    ['500', answer(500, { error: 'oops' }), /could not be read/],
    ['a page of something in between', answer(200, '<html>sign in</html>', { 'content-type': 'text/html' }), /could not be read/],
    ['never answered', { kind: 'hang' }, /could not be read: no answer within/],
    ['a broken connection', { kind: 'reset' }, /could not be read/],
  ])('%s', async (_, intervention, reason) => {
    const azure = await azureOf(loadScenario('cost'))
    azure.intervene = ({ plane }) => (plane === 'prices' ? intervention : undefined)
    const startedAt = performance.now()
    const ran = await again(azure, { ...inputs, mode: 'plan' }, { env: { EMBEDDED_AZURE_SHORTEST_TIMEOUT_MS: '1000' } })
    expect(performance.now() - startedAt).toBeLessThan(30_000)
    expect(annotations(ran)).toEqual([])
    expect(ran.outputs).toMatchObject({ result: 'planned', 'has-changes': 'true' })
    expect(ran.summary).toContain('| Cost per hour | not known | not known |')
    expect(ran.summary).toMatch(reason)
    expect((await reportOf(ran)).warnings).toEqual([])
    expect(JSON.parse(ran.outputs.pools ?? '')[0]).toMatchObject({ 'cost-per-hour': null })
  })

  test('a size that the list does not have', async () => {
    const ran = await run('cost', { mode: 'plan' }, { prices: { without: ['Standard_D4s_v5'] } })
    expect(ran.summary).toContain('The cost of `render` is not known: the price list has no Standard&#95;D4s&#95;v5 in westeurope.')
  })

  test('a pool that is sized by its formula: the price of a node, and no sum', async () => {
    const formula = 'id: render\nvmSize: Standard_D4s_v5\nscaleSettings: { autoScale: { formula: "$TargetDedicatedNodes = 6;" } }'
    const ran = await run('cost', { mode: 'plan', 'pool-spec': formula })
    expect(ran.summary).toContain('| Cost per hour | not known | USD 2.30 |')
    expect(ran.summary).toContain('a formula decides how many nodes there are')
  })
})

testConformance()
