/** A working pool is not spent: whatever ends a run between drain and regrow, and whoever else is at work on the pool. */
import { describe, expect, test } from 'vitest'
import { loadScenario, type Scenario } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { again, annotations, azureOf, requestsTo, resizes, testConformance, writes } from '../fixtures/whole-runs.ts'

const scenario = loadScenario('happy')
const FIRST = { ...scenario.inputs, 'image-version': '1.0.0' }
const SECOND = { ...scenario.inputs, 'image-version': '1.1.0', 'canary-nodes': '0' }
const TEN_HOURS_MS = 600 * 60_000

async function poolOnFirst(changes: Partial<Scenario> = {}, inputs: Readonly<Record<string, string>> = {}): Promise<EmbeddedAzure> {
  const azure = await azureOf({ ...scenario, ...changes })
  expect(annotations(await again(azure, { ...FIRST, ...inputs }))).toEqual([])
  return azure
}

const poolOf = (azure: EmbeddedAzure) => azure.pools.get('render')
const sizeOf = (azure: EmbeddedAzure) => {
  const { scaleSettings } = poolOf(azure).properties
  return scaleSettings.autoScale ? scaleSettings.autoScale.formula : scaleSettings.fixedScale.targetDedicatedNodes
}
const withTasks = (azure: EmbeddedAzure): void => {
  poolOf(azure).tasksEndAtMs = azure.clock.now().getTime() + TEN_HOURS_MS
}
/** Refuses every PATCH of the pool once it is empty, as a policy on its image does. */
function refusingTheImage(azure: EmbeddedAzure): void {
  const body = { error: { code: 'RequestDisallowedByPolicy', message: "Resource 'render' was disallowed by policy 'images'." } }
  azure.intervene = ({ method, url }) =>
    method === 'PATCH' && /\/pools\/render\?/.test(url) && poolOf(azure).nodes.length === 0
      ? { kind: 'answer', status: 403, body }
      : undefined
}

describe('the former size is put back', () => {
  const FORMULA = {
    'target-dedicated-nodes': '',
    'pool-spec':
      'startTask: { commandLine: mount }\nscaleSettings: { autoScale: { formula: "$TargetDedicatedNodes = 6;", evaluationInterval: PT5M } }',
  }

  test.each<[string, Record<string, string>, Record<string, string>, unknown]>([
    ['keep', {}, { 'on-failure': 'keep' }, 10],
    ['rollback', {}, { 'on-failure': 'rollback' }, 10],
    ['another size asked for', {}, { 'target-dedicated-nodes': '4' }, 10],
    ['a formula', FORMULA, FORMULA, '$TargetDedicatedNodes = 6;'],
  ])('where a policy refuses the image after the drain (%s)', async (_, before, inputs, size) => {
    const azure = await poolOnFirst({}, before)
    refusingTheImage(azure)
    const ran = await again(azure, { ...SECOND, ...inputs })
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)[0]).toContain("disallowed by policy 'images'")
    expect(ran.summary).toMatch(/Pool render was drained and is left as it was/)
    expect(sizeOf(azure)).toBe(size)
  })

  test('where the time of the run is over in the drain, by tasks of ten hours', async () => {
    const azure = await poolOnFirst()
    withTasks(azure)
    const ran = await again(azure, { ...SECOND, timeout: '2h', 'resize-timeout': '30m' })
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)[0]).toMatch(/Timed out waiting for 10 nodes of pool render to drain.*the run took longer than 2 h/)
    expect([sizeOf(azure), poolOf(azure).nodes.filter(({ isLeaving }) => isLeaving).length]).toEqual([10, 0])
  })

  test('where somebody cancels it in the drain: at the latest by the post step', async () => {
    const azure = await poolOnFirst()
    withTasks(azure)
    const interrupt = new AbortController()
    azure.intervene = ({ url }) => (/\/pools\/render\/resize\?/.test(url) ? { kind: 'act', after: () => interrupt.abort() } : undefined)
    const ran = await again(azure, SECOND, { interrupt: interrupt.signal })
    azure.intervene = undefined
    expect(ran.outputs.result).toBe('cancelled')
    await again(azure, SECOND, { state: ran.state })
    expect([sizeOf(azure), poolOf(azure).nodes.filter(({ isLeaving }) => isLeaving).length]).toEqual([10, 0])
  })

  test('to its full number where some nodes had left when somebody cancelled it', async () => {
    const azure = await poolOnFirst()
    withTasks(azure)
    const interrupt = new AbortController()
    const after = () => {
      // Nodes without tasks leave at once. The size that a stopped drain leaves is nobody's.
      poolOf(azure).nodes = poolOf(azure).nodes.slice(0, 6)
      poolOf(azure).properties.currentDedicatedNodes = 6
      interrupt.abort()
    }
    azure.intervene = ({ url }) => (/\/pools\/render\/resize\?/.test(url) ? { kind: 'act', after } : undefined)
    const ran = await again(azure, SECOND, { interrupt: interrupt.signal })
    azure.intervene = undefined
    await again(azure, SECOND, { state: ran.state })
    expect([sizeOf(azure), requestsTo(azure, 'POST', /stopResize/i).length]).toEqual([10, 1])
  })

  describe('with a formula that was switched off for the drain', () => {
    const before = { ...FIRST, ...FORMULA }

    test.each(['keep', 'rollback'])('where the drain is refused, on-failure: %s', async (onFailure) => {
      const azure = await poolOnFirst({}, before)
      const body = { code: 'InvalidRequest', message: { lang: 'en-US', value: 'no such resize' }, values: [] }
      azure.intervene = ({ url }) => (/\/pools\/render\/resize\?/.test(url) ? { kind: 'answer', status: 400, body } : undefined)
      const ran = await again(azure, { ...SECOND, ...FORMULA, 'on-failure': onFailure })
      expect(annotations(ran)[0]).toContain('no such resize')
      expect([sizeOf(azure), poolOf(azure).nodes.length]).toEqual(['$TargetDedicatedNodes = 6;', 6])
    })

    test('where somebody cancels it before the drain', async () => {
      const azure = await poolOnFirst({}, before)
      const interrupt = new AbortController()
      azure.intervene = ({ url }) => (/disableAutoScale/i.test(url) ? { kind: 'act', after: () => interrupt.abort() } : undefined)
      const ran = await again(azure, { ...SECOND, ...FORMULA }, { interrupt: interrupt.signal })
      azure.intervene = undefined
      await again(azure, { ...SECOND, ...FORMULA }, { state: ran.state })
      expect([sizeOf(azure), poolOf(azure).nodes.length]).toEqual(['$TargetDedicatedNodes = 6;', 6])
    })

    test('and is too long to be kept: it gets its nodes again', async () => {
      const long = { ...FORMULA, 'pool-spec': FORMULA['pool-spec'].replace(' = 6;', ` = 6; // ${'x'.repeat(2_100)}`) }
      const azure = await poolOnFirst({}, long)
      refusingTheImage(azure)
      const ran = await again(azure, { ...SECOND, ...long })
      expect(ran.summary).toMatch(/6 dedicated nodes, is requested again; its formula was too long to be kept, and is off/)
      expect(sizeOf(azure)).toBe(6)
    })
  })

  test('but not over a size that somebody else sets meanwhile', async () => {
    const azure = await poolOnFirst()
    withTasks(azure)
    const interrupt = new AbortController()
    azure.intervene = ({ url }) => {
      if (/\/pools\/render\/resize\?/.test(url)) return { kind: 'act', after: () => interrupt.abort() }
      const after = () => {
        poolOf(azure).stop?.()
        azure.pools.resize(poolOf(azure), { targetDedicatedNodes: 7, targetLowPriorityNodes: 0, resizeTimeout: 'PT15M' })
      }
      return /\/pools\/render\/stopResize\?/i.test(url) ? { kind: 'act', after } : undefined
    }
    const ran = await again(azure, SECOND, { interrupt: interrupt.signal })
    azure.intervene = undefined
    await again(azure, SECOND, { state: ran.state })
    expect([sizeOf(azure), resizes(azure).length]).toEqual([7, 1])
  })

  test('by the run after one that was killed, where it is refused itself', async () => {
    const azure = await poolOnFirst()
    const kill = new AbortController()
    azure.intervene = ({ url }) => (/\/pools\/render\/resize\?/.test(url) ? { kind: 'act', after: () => kill.abort() } : undefined)
    await again(azure, SECOND, { kill: kill.signal })
    azure.intervene = undefined
    expect(sizeOf(azure)).toBe(0)
    const ran = await again(azure, { ...SECOND, 'vm-size': 'Standard_Nowhere' })
    expect(annotations(ran)[0]).toContain('title=VM size does not fit (vm-size)')
    expect(sizeOf(azure)).toBe(10)
  })
})

test('a quota that cannot hold what must be healthy is an error before the first write; what a drain frees counts', async () => {
  const account = { ...scenario.account, dedicatedCoreQuota: 80 }
  const azure = await poolOnFirst({ account })
  const before = writes(azure).length
  const ran = await again(azure, { ...SECOND, 'target-dedicated-nodes': '30' })
  expect(annotations(ran)[0]).toMatch(/120 dedicated cores are needed; the quota is 80/)
  expect(writes(azure)).toHaveLength(before)
  expect(sizeOf(azure)).toBe(10)
  expect(annotations(await again(azure, { ...SECOND, 'target-dedicated-nodes': '20' }))).toEqual([])
})

describe('replace', () => {
  test('lets tasks end that have begun since, and deletes what it has seen', async () => {
    const azure = await poolOnFirst()
    poolOf(azure).tasksEndAtMs = azure.clock.now().getTime() + 30 * 60_000
    const ran = await again(azure, { ...SECOND, strategy: 'replace' })
    expect(annotations(ran)).toEqual([])
    expect(resizes(azure)[0]?.liveRequest.body).toMatchObject({ targetDedicatedNodes: 0, nodeDeallocationOption: 'taskcompletion' })
    expect(
      requestsTo(azure, 'DELETE', /\/pools\/render\?/).map(({ plane, liveRequest }) => [plane, liveRequest.headers['if-match']]),
    ).toEqual([['batch', expect.stringMatching(/^0x/)]])
  })

  test('does not delete a pool that somebody changes at the last moment', async () => {
    const azure = await poolOnFirst()
    const change = () => {
      poolOf(azure).properties.startTask = { commandLine: '/opt/theirs' }
      azure.pools.touch(poolOf(azure))
    }
    azure.intervene = ({ plane, method, url }) => {
      if (plane === 'batch' && method === 'DELETE' && /\/pools\/render\?/.test(url)) change()
      return undefined
    }
    const ran = await again(azure, { ...SECOND, strategy: 'replace' })
    expect(annotations(ran)[0]).toMatch(/Pool changed by someone else/)
    expect(poolOf(azure).properties.startTask.commandLine).toBe('/opt/theirs')
    expect(sizeOf(azure)).toBe(10)
  })
})

describe('blue-green', () => {
  test('moves a job that comes to the old pool while that is deleted', async () => {
    const azure = await poolOnFirst()
    azure.intervene = ({ method, url }) => {
      if (method === 'DELETE' && /\/pools\/render\?/.test(url)) azure.pools.jobs.add('late', 'render')
      return undefined
    }
    const ran = await again(azure, { ...SECOND, strategy: 'blue-green' })
    expect(annotations(ran)).toEqual([])
    expect(azure.pools.jobs.all.find(({ id }) => id === 'late')).toMatchObject({ poolId: 'render-1-1-0', state: 'active' })
  })

  test('moves a job schedule as it is now, not as it was read', async () => {
    const azure = await poolOnFirst({ jobSchedules: [{ id: 'nightly', poolId: 'render' }] })
    let isDone = false
    azure.intervene = ({ method, url }) => {
      const [schedule] = azure.pools.jobs.schedules
      if (method === 'PATCH' && /\/jobschedules\//.test(url) && !isDone && schedule) {
        isDone = true
        schedule.jobSpecification = { ...schedule.jobSpecification, priority: 500 }
      }
      return undefined
    }
    const ran = await again(azure, { ...SECOND, strategy: 'blue-green' })
    expect(annotations(ran)).toEqual([])
    expect(azure.pools.jobs.schedules[0]?.jobSpecification).toMatchObject({ poolInfo: { poolId: 'render-1-1-0' }, priority: 500 })
  })

  test('leaves a pool alone that a person cloned with its metadata', async () => {
    const azure = await poolOnFirst()
    expect(annotations(await again(azure, { ...SECOND, strategy: 'blue-green' }))).toEqual([])
    const { properties } = azure.pools.get('render-1-1-0')
    const clone = azure.pools.add('render-test', structuredClone(properties))
    clone.properties.creationTime = '2020-01-01T00:00:00Z'
    clone.visibleAtMs = 0
    const ran = await again(azure, { ...SECOND, 'image-version': '1.2.0', strategy: 'blue-green' })
    expect(annotations(ran)).toEqual([])
    expect(azure.pools.all().map(({ name }) => name)).toEqual(['render-1-2-0', 'render-test'])
  })
})

testConformance()
