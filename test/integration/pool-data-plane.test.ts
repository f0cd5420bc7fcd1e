/** Runs without the data plane, or that do not look at nodes: nothing is called healthy. */
import { describe, expect, test } from 'vitest'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { answering, FIRST, healthOf, privateAccount, scenario, verdictOf } from '../fixtures/pool-gate-runs.ts'
import { again, annotations, azureOf, requestsTo, run, testConformance, writes } from '../fixtures/whole-runs.ts'

describe('where the data plane cannot be reached', () => {
  test.each([
    ['forbids', privateAccount],
    ['refuses the identity', (azure: EmbeddedAzure) => answering(azure, /./, 403, 'AuthorizationPermissionMismatch')],
  ])('and nodes are to be looked at: one that %s is an error before the first write', async (_, close) => {
    const azure = await azureOf(scenario)
    close(azure)
    const ran = await again(azure, { ...FIRST, 'node-agent-sku-id': 'batch.node.ubuntu 24.04' })
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)[0]).toMatch(/title=Batch data plane cannot be reached \(data-plane\)::.*wait: steady/)
    expect(writes(azure)).toEqual([])
  })

  test.each<[string, (azure: EmbeddedAzure) => void]>([
    ['answers 403', (azure) => answering(azure, /\/nodecounts|\/nodes\?/, 403, 'AuthorizationFailure')],
    ['answers 403 to this identity', (azure) => answering(azure, /\/nodes\?/, 403, 'AuthorizationPermissionMismatch')],
  ])('later, once nodes are to be looked at: one that %s is red, and nothing is called healthy', async (_, close) => {
    const azure = await azureOf(scenario)
    close(azure)
    const ran = await again(azure, FIRST)
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)[0]).toMatch(/Node health unknown.*states of its nodes could not be read/)
    expect(healthOf(ran)).toBeNull()
  })

  test('nodes are counted, but not called healthy; the resize goes by PATCH', async () => {
    const azure = await azureOf(scenario)
    privateAccount(azure)
    const inputs = { ...FIRST, 'node-agent-sku-id': 'batch.node.ubuntu 24.04', wait: 'steady' }
    const first = await again(azure, inputs)
    expect(annotations(first)).toEqual([])
    expect(verdictOf(first)).toMatch(/10 of 10 nodes .* are allocated.*states are not known/)
    expect(first.summary).not.toMatch(/are healthy/)
    expect(first.summary).toMatch(/Node states are not known, because the Batch data plane does not answer this run/)
    expect(first.log).toContain('node states are not known, because the Batch data plane does not answer this run')
    expect(first.outputs['node-states']).toBe('{}')
    expect(healthOf(first)).toBeNull()
    const second = await again(azure, { ...inputs, 'target-dedicated-nodes': '12' })
    expect(second.outputs).toMatchObject({ result: 'succeeded', 'current-dedicated-nodes': '12' })
    expect(requestsTo(azure, 'PATCH', /\/pools\/render\?/)).toHaveLength(1)
  })

  test('in-place: drained and grown by PATCH', async () => {
    const azure = await azureOf(scenario)
    privateAccount(azure)
    const inputs = { ...FIRST, 'node-agent-sku-id': 'batch.node.ubuntu 24.04', wait: 'steady' }
    await again(azure, inputs)
    const ran = await again(azure, { ...inputs, 'image-version': '1.1.0' })
    expect(annotations(ran)).toEqual([])
    expect(ran.outputs).toMatchObject({ 'pool-action': 'reimaged', 'current-dedicated-nodes': '10' })
  })

  test('a PATCH that begins no resize is not believed: red, with what the last resize said', async () => {
    const azure = await azureOf({ ...scenario, resizes: [{ gain: 4 }] })
    privateAccount(azure)
    const ran = await again(azure, { ...FIRST, 'node-agent-sku-id': 'batch.node.ubuntu 24.04', wait: 'steady' })
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)[0]).toMatch(/4 of 10 dedicated.*without the data plane Azure began no other resize.*AllocationTimedout/)
  })

  test('blue-green moves jobs over the data plane: refused before a pool is made, whether or not nodes are looked at', async () => {
    const azure = await azureOf(scenario)
    await again(azure, FIRST)
    privateAccount(azure)
    const inputs = { ...FIRST, 'image-version': '1.1.0', strategy: 'blue-green' }
    const written = writes(azure).length
    for (const wait of ['nodes', 'steady']) {
      const ran = await again(azure, { ...inputs, wait })
      expect(ran.exitCode).toBe(1)
      expect(annotations(ran)[0]).toContain('title=Batch data plane cannot be reached (data-plane)::')
      expect(annotations(ran)[0]).toContain('`in-place` or `replace` with `wait: steady` does not')
      expect(writes(azure)).toHaveLength(written)
    }
    expect(azure.pools.all().map(({ name, properties }) => [name, properties.currentDedicatedNodes])).toEqual([['render', 10]])
  })

  test.each([
    ['a host that refuses', 'localhost:1'],
    ['a name without an address', 'renderbatch.batch.invalid'],
  ])('%s is as unreachable as one that forbids', async (_, accountEndpoint) => {
    const azure = await azureOf(scenario)
    await again(azure, FIRST)
    const account = azure.exchanges.find(
      ({ plane, liveRequest }) => plane === 'arm' && /\/batchAccounts\/renderbatch\?/.test(liveRequest.url),
    )
    const body = structuredClone(account?.liveResponse.body) as { properties: { accountEndpoint: string } }
    body.properties.accountEndpoint = accountEndpoint
    azure.intervene = ({ method, url }) =>
      method === 'GET' && /\/batchAccounts\/renderbatch\?/.test(url) ? { kind: 'answer', status: 200, body } : undefined
    const ran = await again(azure, { ...FIRST, 'target-dedicated-nodes': '11', wait: 'steady' })
    expect(annotations(ran)).toEqual([])
    expect(ran.outputs).toMatchObject({ result: 'succeeded', 'current-dedicated-nodes': '11', 'node-states': '{}' })
    expect(verdictOf(ran)).toContain('states are not known')
  })
})

describe('without looking at nodes nothing is called healthy', () => {
  test.each([
    ['steady', /10 of 10 nodes of pool `render` are allocated.*states are not known/],
    ['none', /0 of 10 nodes of pool `render` are allocated/],
  ])('wait: %s', async (wait, verdict) => {
    const ran = await run('happy', { wait })
    expect(annotations(ran)).toEqual([])
    expect(verdictOf(ran)).toMatch(verdict)
    expect(ran.summary).not.toContain('are healthy')
    expect(healthOf(ran)).toBeNull()
  })

  test('wait: none with canaries asks for all nodes at once', async () => {
    const ran = await run('happy', { wait: 'none', 'canary-nodes': '2' })
    expect(ran.azure.pools.get('render').properties.scaleSettings.fixedScale.targetDedicatedNodes).toBe(10)
  })
})

testConformance()
