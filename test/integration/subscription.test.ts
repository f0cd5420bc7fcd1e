/** What the subscription has to have before an image can be made: resource providers, and cores for a throw-away machine. */
import { describe, expect, test } from 'vitest'
import { loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { annotations, run, testConformance, writes } from '../fixtures/whole-runs.ts'

const { vm, account } = loadScenario('happy')
const running = { ...vm, statuses: ['ProvisioningState/succeeded', 'PowerState/running'] }
const COPY = { capture: 'copy' }
const cores = (limits: Readonly<Record<string, { limit: number; used: number }>>) => ({
  vm: running,
  account: { ...account, subscriptionCores: limits },
})
const temporary = ({ world }: EmbeddedAzure) => world.all().filter(({ tags }) => tags?.['image-pool-temporary'] !== undefined)

describe('cores of the throw-away machine', () => {
  test.each([
    ['of the region', { cores: { limit: 100, used: 99 } }, /of the regional cores in westeurope, 99 of 100 are in use/],
    ['of the family', { standardDSv5Family: { limit: 10, used: 9 } }, /of the cores of standardDSv5Family in westeurope, 9 of 10/],
  ])('%s: refused before the first write', async (_, limits, seen) => {
    const ran = await run('happy', COPY, cores(limits))
    expect(annotations(ran)[0]).toMatch(seen)
    expect(writes(ran.azure)).toEqual([])
  })

  test('a machine that just fits is made', async () => {
    const ran = await run('happy', COPY, cores({ cores: { limit: 100, used: 98 }, standardDSv5Family: { limit: 10, used: 8 } }))
    expect(annotations(ran)).toEqual([])
  })

  test('who may not read them gets the answer of Azure, and nothing is left', async () => {
    const denied = ['Microsoft.Compute/locations/usages/read']
    const ran = await run('happy', COPY, { ...cores({ cores: { limit: 100, used: 99 } }), denied })
    expect(annotations(ran)[0]).toMatch(/quota/i)
    expect(annotations(ran)[0]).toMatch(/exceeding approved Total Regional Cores quota/)
    expect(ran.log).toContain('The core quotas of the subscription cannot be checked in advance')
    expect(temporary(ran.azure)).toEqual([])
  })
})

describe('a resource provider that is not registered', () => {
  test('is named with the command before the first write', async () => {
    const ran = await run('happy', COPY, { vm: running, unregistered: ['Microsoft.Network'] })
    expect(annotations(ran)[0]).toMatch(
      /`Microsoft\.Network` is not registered in subscription .*az provider register --namespace Microsoft\.Network/s,
    )
    expect(writes(ran.azure)).toEqual([])
  })

  test('where that cannot be read, by the answer of Azure', async () => {
    const denied = ['Microsoft.Resources/subscriptions/providers/read']
    const ran = await run('happy', COPY, { vm: running, unregistered: ['Microsoft.Network'], denied })
    expect(annotations(ran)[0]).toMatch(/az provider register --namespace Microsoft\.Network/)
    expect(ran.log).toContain('Whether Microsoft.Network is registered in the subscription cannot be checked in advance')
    expect(temporary(ran.azure)).toEqual([])
  })

  test('a VM in the subscription shows that Microsoft.Compute is: nothing is asked', async () => {
    const ran = await run('happy', { capture: 'live' })
    expect(annotations(ran)).toEqual([])
    expect(
      ran.azure.exchanges.filter(({ liveRequest }) => /\/subscriptions\/[^/]+\/providers\/Microsoft\.\w+\?/.test(liveRequest.url)),
    ).toEqual([])
  })
})

testConformance()
