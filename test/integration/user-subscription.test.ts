/** Pools of an account in user subscription mode: their nodes count against the quotas of the subscription. */
import { expect, test } from 'vitest'
import { loadScenario, type Scenario } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { again, annotations, azureOf, type Ran, requestsTo, resizes, testConformance, writes } from '../fixtures/whole-runs.ts'

const scenario = loadScenario('happy')
type Cores = NonNullable<Scenario['account']['subscriptionCores']>
const READ = 'Microsoft.Compute/locations/usages/read'

/** The account grants nothing by itself: what binds is the subscription. */
function worldOf(subscriptionCores: Cores, changes: Partial<Scenario> = {}): Promise<EmbeddedAzure> {
  const account: Scenario['account'] = {
    ...scenario.account,
    dedicatedCoreQuota: 0,
    poolAllocationMode: 'UserSubscription',
    subscriptionCores,
  }
  return azureOf({ ...scenario, account, ...changes })
}

async function run(cores: Cores, inputs: Readonly<Record<string, string>> = {}, changes: Partial<Scenario> = {}): Promise<Ran> {
  return again(await worldOf(cores, changes), { ...scenario.inputs, ...inputs })
}

test('within the quotas of the subscription nothing is reported about them', async () => {
  const ran = await run({ cores: { limit: 100, used: 60 }, standardDSv5Family: { limit: 40, used: 0 } })
  expect(ran.exitCode).toBe(0)
  expect(ran.log + ran.summary).not.toMatch(/core-quota|subscription-quota/)
  expect(requestsTo(ran.azure, 'GET', /\/usages\?/)).toHaveLength(1)
})

test('other accounts send no request for them', async () => {
  const azure = await azureOf(scenario)
  expect((await again(azure, scenario.inputs)).exitCode).toBe(0)
  expect(requestsTo(azure, 'GET', /\/usages\?/)).toEqual([])
})

const QUOTAS: readonly (readonly [string, Cores, Readonly<Record<string, string>>, string, string])[] = [
  [
    'all cores of the region',
    { cores: { limit: 100, used: 70 }, standardDSv5Family: { limit: 100, used: 0 } },
    {},
    '40 dedicated cores in the subscription are needed; the quota is 100, of which 70 are in use elsewhere',
    'The quota of dedicated cores in the subscription is 100: 70 are in use elsewhere, and this pool needs 40 in all.',
  ],
  [
    'cores of the family',
    { cores: { limit: 1000, used: 70 }, standardDSv5Family: { limit: 50, used: 20 } },
    {},
    '40 dedicated cores of standardDSv5Family in the subscription are needed; the quota is 50, of which 20 are in use elsewhere',
    'The quota of dedicated cores of standardDSv5Family in the subscription is 50: 20 are in use elsewhere, and this pool needs 40 in all.',
  ],
  [
    'Spot cores',
    { cores: { limit: 1000, used: 0 }, lowPriorityCores: { limit: 10, used: 4 } },
    { 'target-low-priority-nodes': '2' },
    '8 Spot cores in the subscription are needed; the quota is 10, of which 4 are in use elsewhere',
    'The quota of Spot cores in the subscription is 10: 4 are in use elsewhere, and this pool needs 8 in all.',
  ],
]

test.each(QUOTAS)('%s: an error before the first write', async (_, cores, inputs, refused) => {
  const ran = await run(cores, inputs)
  expect(ran.exitCode).toBe(1)
  expect(ran.summary).toContain(refused)
  expect(writes(ran.azure)).toEqual([])
})

/** Cores that are free when the run looks, and used up when it makes its pool. */
function usedUpMeanwhile(cores: Cores): { readonly free: Cores; readonly useUp: () => void } {
  const free = Object.fromEntries(Object.entries(cores).map(([name, { limit }]) => [name, { limit, used: 0 }]))
  const useUp = () => {
    for (const [name, { used }] of Object.entries(cores)) Object.assign(free[name] ?? {}, { used })
  }
  return { free, useUp }
}

test.each(QUOTAS)('%s, used up meanwhile: the resize that hits it is told with numbers', async (_, cores, inputs, _refused, told) => {
  const { free, useUp } = usedUpMeanwhile(cores)
  const azure = await worldOf(free)
  azure.intervene = ({ method, url }) => {
    if (method === 'PUT' && /\/pools\/render\?/.test(url)) useUp()
    return undefined
  }
  const ran = await again(azure, { ...scenario.inputs, ...inputs })
  expect(ran.exitCode).toBe(1)
  expect(annotations(ran).join()).toContain(told)
  expect(annotations(ran).join()).toContain('OperationNotAllowed')
  expect(resizes(ran.azure).length).toBeLessThanOrEqual(1)
})

test('in place the nodes of the pool are given back first: twice their cores are not needed', async () => {
  const cores = { cores: { limit: 40, used: 0 } }
  const first = await run(cores)
  expect(first.exitCode).toBe(0)
  const second = await again(first.azure, { ...scenario.inputs, rebuild: 'always', 'image-version': '9.0.0' })
  expect(second.exitCode).toBe(0)
  expect(second.summary).not.toContain('core-quota')
})

test('quotas that may not be read are a note with the command, and no error', async () => {
  const ran = await run({ cores: { limit: 1000, used: 0 } }, {}, { denied: [READ] })
  expect(ran.exitCode).toBe(0)
  expect(annotations(ran)).toEqual([])
  expect(ran.log).toContain('The core quotas of the subscription cannot be checked in advance.')
  expect(ran.log).toContain(READ)
  expect(ran.summary).toContain('subscription-quota')
})

test('nor does a diagnosis without them end in another error', async () => {
  const ran = await run({ cores: { limit: 10, used: 0 } }, {}, { denied: [READ] })
  expect(ran.exitCode).toBe(1)
  expect(annotations(ran).join()).toContain('exceeding approved Total Regional Cores quota')
  expect(annotations(ran).join()).toContain('The quota cannot be compared.')
})

testConformance()
