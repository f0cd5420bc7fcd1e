/** The committed bundle on the embedded Azure, started as the runner starts it: what a user of the main job sees. */
import { describe, expect, test } from 'vitest'
import { loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { again, annotations, reportOf, resizes, run, testConformance, writes } from '../fixtures/whole-runs.ts'

describe('from nothing to healthy nodes', () => {
  test('green means: image published, pool at its size, every node idle', async () => {
    const { exitCode, outputs, summary, log } = await run('happy')
    expect(log).not.toContain('::error')
    expect(exitCode).toBe(0)
    expect(outputs).toMatchObject({
      result: 'succeeded',
      changed: 'true',
      'pool-id': 'render',
      'pool-action': 'created',
      'allocation-state': 'Steady',
      'target-dedicated-nodes': '10',
      'current-dedicated-nodes': '10',
      'resize-attempts': '1',
      'resize-errors': '[]',
    })
    expect(JSON.parse(outputs['node-states'] ?? '')).toEqual({ idle: 10 })
    expect(outputs['image-id']).toMatch(/\/galleries\/images\/images\/golden\/versions\/\d{4}\.\d{3,4}\.0$/)
    expect(summary).toContain('10 of 10 nodes of pool `render` are healthy')
  })

  test('a second identical run changes nothing and sends no write request', async () => {
    const first = await run('happy')
    const before = writes(first.azure).length
    const second = await again(first.azure, loadScenario('happy').inputs)
    expect(second.exitCode).toBe(0)
    expect(second.outputs).toMatchObject({ result: 'unchanged', changed: 'false', 'has-changes': 'false', 'pool-action': 'none' })
    expect(second.outputs['image-id']).toBe(first.outputs['image-id'])
    expect(writes(first.azure).length).toBe(before)
  })

  test('the same as a managed image: one made of the snapshots, which stay', async () => {
    const { exitCode, outputs, log } = await run('happy', { 'image-kind': 'managed', gallery: '' })
    expect(log).toContain('retired')
    expect(outputs['image-id']).toMatch(/\/images\/golden-\d{4}\.\d{3,4}\.0$/)
    expect(JSON.parse(outputs['snapshot-ids'] ?? '')).toHaveLength(3)
    // Azure refuses the pool since the retirement: the image is kept, and the error says how to go on.
    expect(exitCode).toBe(1)
    expect(outputs.result).toBe('failed')
    expect(log.split('\n').find((line) => line.startsWith('::error'))).toMatch(/image-kind: gallery/)
  })
})

describe('capacity over several resizes', () => {
  test('900 nodes arrive by re-issued resizes; each attempt is listed with gain and error', async () => {
    const ran = await run('capacity')
    expect(ran.exitCode).toBe(0)
    expect(ran.outputs).toMatchObject({ result: 'succeeded', 'current-dedicated-nodes': '900', 'resize-attempts': '3' })
    expect(resizes(ran.azure)).toHaveLength(2)
    const { pools } = await reportOf(ran)
    const gains = pools[0].attempts.map(
      ({ from, to }: { from: { dedicated: number }; to: { dedicated: number } }) => to.dedicated - from.dedicated,
    )
    expect(gains).toEqual([400, 300, 200])
    expect(ran.summary).toContain('AllocationTimedout')
    expect(JSON.parse(ran.outputs['resize-errors'] ?? '')).toContainEqual(
      expect.objectContaining({ code: 'AllocationTimedout', class: 'retry' }),
    )
  })

  test('0 of N nodes is red', async () => {
    const ran = await run('capacity', {}, { resizes: [{ gain: 0 }] })
    expect(ran.exitCode).toBe(1)
    expect(ran.outputs).toMatchObject({ result: 'failed', 'current-dedicated-nodes': '0' })
    expect(annotations(ran)).toHaveLength(1)
    expect(annotations(ran)[0]).toContain('0 of 900 dedicated')
  })
})

/** Another pool of 10 nodes of 4 cores, which somebody has just made. */
function crowd(azure: EmbeddedAzure): void {
  if (azure.pools.find('other')) return
  const other = azure.pools.add('other', {
    vmSize: 'STANDARD_D4S_V5',
    provisioningState: 'Succeeded',
    allocationState: 'Steady',
    scaleSettings: { fixedScale: { targetDedicatedNodes: 10 } },
    currentDedicatedNodes: 10,
    currentLowPriorityNodes: 0,
  })
  other.nodes = Array.from({ length: 10 }, (_, index) => ({
    id: `tvmps_other_${index}`,
    index,
    isDedicated: true,
    isDead: false,
    bornAtMs: 0,
    isLeaving: false,
  }))
}

describe('red says why', () => {
  test('a quota that cannot hold the nodes is red before the first write', async () => {
    const ran = await run('quota')
    expect(annotations(ran)[0]).toMatch(/core-quota.*40 dedicated cores are needed; the quota is 20/)
    expect(writes(ran.azure)).toEqual([])
  })

  test('a quota that others use up meanwhile is red after one attempt and names quota, use and need', async () => {
    const { account } = loadScenario('happy')
    const ran = await run('happy', {}, { account: { ...account, dedicatedCoreQuota: 60 } }, (azure) => {
      azure.intervene = ({ method, url }) => {
        if (method === 'PUT' && /\/pools\/render\?/.test(url)) crowd(azure)
        return undefined
      }
    })
    expect(ran.exitCode).toBe(1)
    expect(ran.outputs).toMatchObject({ result: 'failed', 'resize-attempts': '1' })
    expect(resizes(ran.azure)).toHaveLength(0)
    const [annotation] = annotations(ran)
    expect(annotation).toContain('AccountCoreQuotaReached')
    expect(annotation).toMatch(
      /The quota of dedicated cores is \d+: \d+ are in use elsewhere, and this pool needs 40 in all\.%0ARequest \d+ more dedicated cores for Batch account `\w+` in \w+, or set `target-dedicated-nodes` to at most \d/,
    )
    expect(ran.summary).toContain('AccountCoreQuotaReached')
  })

  test('one node whose start task fails is red with the end of its stderr', async () => {
    const ran = await run('start-task-failed')
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)[0]).toContain('setup.sh: not found')
    expect(ran.summary).toContain('setup.sh: not found')
    expect(JSON.parse(ran.outputs['node-states'] ?? '')).toEqual({ idle: 9, startTaskFailed: 1 })
  })

  test('bad inputs are reported all at once, without a request to Azure', async () => {
    const ran = await run('happy', { mode: 'perhaps', 'max-resizes': '-1', 'vm-size': '' })
    expect(ran.exitCode).toBe(1)
    for (const input of ['mode', 'max-resizes', 'vm-size']) expect(annotations(ran)[0]).toMatch(new RegExp(`(::|%0A)${input}[ :]`))
    // GitHub may have been asked for a token by then: that is done while the inputs are still being read.
    expect(ran.azure.exchanges.filter(({ plane }) => plane !== 'github')).toHaveLength(0)
    expect(ran.outputs).toMatchObject({ result: 'failed', changed: 'false' })
    expect(ran.summary).toContain('max-resizes')
  })
})

describe('looking without touching', () => {
  test('plan reads only and says what would change', async () => {
    const ran = await run('happy', { mode: 'plan' })
    expect(ran.exitCode).toBe(0)
    expect(ran.outputs).toMatchObject({ result: 'planned', 'has-changes': 'true', changed: 'false' })
    expect(writes(ran.azure)).toHaveLength(0)
    expect(ran.summary).toContain('image version')
    expect(ran.summary).toContain('| dedicated cores | 0 | 40 | 4,960 of 5,000 |')
    expect(ran.summary).toContain('|  | Planned | Now |')
    expect(ran.summary).toContain('| Dedicated nodes | 10 | 0 |')
  })

  test('validate needs neither Azure nor credentials', async () => {
    const ran = await run('happy', { mode: 'validate', 'client-id': '', 'tenant-id': '' })
    expect(ran.exitCode).toBe(0)
    expect(ran.azure.exchanges).toHaveLength(0)
  })
})

testConformance()
