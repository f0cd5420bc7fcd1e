/** Other people's hands on a pool while a run is at it: noticed, told, left alone, also by a rollback. */
import { describe, expect, test } from 'vitest'
import {
  FIRST,
  imageOf,
  PATCH_POOL,
  poolOnFirst,
  RESIZE,
  red,
  resizedBySomeone,
  SECOND,
  scenario,
  sizedByFormula,
  someone,
  targetOf,
} from '../fixtures/pool-foreign-runs.ts'
import { again, annotations, azureOf, requestsTo, resizes, testConformance } from '../fixtures/whole-runs.ts'

test('changed between the drain and the new image (412): nothing of it is overwritten', async () => {
  const azure = await poolOnFirst()
  const theirs = { commandLine: '/opt/theirs', waitForSuccess: true, maxTaskRetryCount: 0 }
  const change = () => {
    const pool = azure.pools.get('render')
    pool.properties.startTask = theirs
    azure.pools.touch(pool)
  }
  someone(azure, 2, PATCH_POOL, change, true)
  const ran = await again(azure, { ...SECOND, 'on-failure': 'rollback' })
  red(ran, /Pool changed by someone else/)
  expect(requestsTo(azure, 'PATCH', /\/pools\/render\?/).map(({ liveResponse }) => liveResponse.statusCode)).toEqual(['200', '412'])
  expect(azure.pools.get('render').properties.startTask).toEqual(theirs)
  expect(imageOf(azure, 'render')).toMatch(/1\.0\.0$/)
  expect(ran.summary).toContain('No rollback of pool')
})

test('changed and resized by someone the moment before the drain: it is not drained', async () => {
  const azure = await poolOnFirst()
  const theirs = { commandLine: '/opt/theirs', waitForSuccess: true, maxTaskRetryCount: 0 }
  const change = () => {
    azure.pools.get('render').properties.startTask = theirs
    resizedBySomeone(azure, 12)()
  }
  someone(azure, 1, RESIZE, change, true)
  red(await again(azure, SECOND), /Pool changed by someone else/)
  expect(azure.pools.get('render').properties.startTask).toEqual(theirs)
  expect(requestsTo(azure, ...RESIZE).map(({ liveResponse }) => liveResponse.statusCode)).toEqual(['409'])
  expect([targetOf(azure), azure.pools.get('render').nodes.length]).toEqual([12, 12])
})

test('resized to 0 by someone while it grows on the new image: their size stays', async () => {
  const azure = await poolOnFirst()
  someone(azure, 2, PATCH_POOL, resizedBySomeone(azure, 0))
  red(await again(azure, SECOND), /Pool resized by someone else/)
  expect(imageOf(azure, 'render')).toMatch(/1\.1\.0$/)
  expect([targetOf(azure), resizes(azure).length]).toEqual([0, 1])
})

test.each(['keep', 'rollback'])('resized by someone while it drains, on-failure: %s: their size stays', async (onFailure) => {
  const azure = await poolOnFirst()
  someone(azure, 1, RESIZE, resizedBySomeone(azure, 7))
  const ran = await again(azure, { ...SECOND, 'on-failure': onFailure })
  red(ran, /Pool resized by someone else/)
  expect(targetOf(azure)).toBe(7)
  expect(resizes(azure)).toHaveLength(1)
  expect(imageOf(azure, 'render')).toMatch(/1\.0\.0$/)
})

test.each(['in-place', 'blue-green'])('given another image by someone while its nodes start, %s: red, left alone', async (strategy) => {
  const azure = await poolOnFirst()
  const name = strategy === 'in-place' ? 'render' : 'render-1-1-0'
  const theirs = { publisher: 'canonical', offer: 'ubuntu-24_04-lts', sku: 'server', version: 'latest' }
  let looks = 0
  azure.intervene = ({ method, url }) => {
    if (method !== 'GET' || !new RegExp(`/pools/${name}/nodes\\?`).test(url) || ++looks !== 1) return undefined
    const after = () => {
      const pool = azure.pools.get(name)
      pool.properties.deploymentConfiguration.virtualMachineConfiguration.imageReference = theirs
      azure.pools.touch(pool)
    }
    return { kind: 'act', after }
  }
  const ran = await again(azure, { ...SECOND, strategy, 'canary-nodes': '0' })
  red(ran, /Pool changed by someone else/)
  expect(azure.pools.get(name).properties.deploymentConfiguration.virtualMachineConfiguration.imageReference).toEqual(theirs)
  if (strategy === 'blue-green') expect(imageOf(azure, 'render')).toMatch(/1\.0\.0$/)
})

test('resized by someone while unusable nodes are replaced: their size stays', async () => {
  const azure = await azureOf({ ...scenario, nodes: [{ index: 3, state: 'unusable' }] })
  someone(azure, 1, ['POST', /removenodes/], resizedBySomeone(azure, 4))
  red(await again(azure, FIRST), /Pool resized by someone else/)
  expect(targetOf(azure)).toBe(4)
  expect(resizes(azure)).toEqual([])
})

test('resized by someone while its nodes start: their size stays, also where nodes are unusable', async () => {
  const azure = await azureOf({ ...scenario, nodes: [{ index: 0, state: 'unusable' }] })
  someone(azure, 1, ['GET', /\/nodecounts\?/], resizedBySomeone(azure, 4))
  red(await again(azure, FIRST), /Pool resized by someone else/)
  expect(targetOf(azure)).toBe(4)
  expect(requestsTo(azure, 'POST', /\/removenodes\?/)).toEqual([])
})

describe('a pool that a formula shrinks while its nodes start', () => {
  const spec = `id: render
vmSize: Standard_D4s_v5
scaleSettings:
  autoScale: { formula: "$TargetDedicatedNodes = 6;", evaluationInterval: PT5M }`
  const inputs = { ...FIRST, 'pool-spec': spec, 'pool-id': '', 'vm-size': '', 'target-dedicated-nodes': '' }

  test('is judged by the size it has then', async () => {
    // One of those that go never starts, so that nothing is judged before they go.
    const azure = await azureOf({ ...scenario, nodes: [{ index: 5, state: 'starting' }] })
    someone(azure, 1, ['GET', /\/nodecounts\?/], sizedByFormula(azure, 3))
    const ran = await again(azure, inputs)
    expect(annotations(ran)).toEqual([])
    expect(ran.outputs).toMatchObject({ result: 'succeeded', 'current-dedicated-nodes': '3' })
  })

  test('is red for its broken nodes, not for the formula', async () => {
    const azure = await azureOf({ ...scenario, nodes: [{ index: 0, state: 'startTaskFailed', stderr: 'boom' }] })
    someone(azure, 1, ['GET', /\/nodecounts\?/], sizedByFormula(azure, 3))
    red(await again(azure, inputs), /2 of 3 required dedicated nodes are healthy.*boom/)
  })
})

test('stopped by someone else while it grows: reported as such, and not requested again', async () => {
  const azure = await azureOf(scenario)
  someone(azure, 1, ['PUT', /\/pools\/render\?/], () => azure.pools.get('render').stop?.())
  red(await again(azure, FIRST), /ResizeStopped/)
  expect(resizes(azure)).toEqual([])
})

test.each([
  ['while it drains', 1, RESIZE],
  ['while it grows', 2, PATCH_POOL],
] as const)('deleted by someone %s: red, and not made again', async (_, n, request) => {
  const azure = await poolOnFirst()
  someone(azure, n, request, () => azure.pools.delete('render'))
  const ran = await again(azure, SECOND)
  red(ran, /pool render was deleted during the run/)
  expect(azure.pools.all()).toEqual([])
})

test('made by someone at the last moment: red, and theirs is not overwritten', async () => {
  const azure = await azureOf(scenario)
  const theirs = { vmSize: 'Standard_D2s_v5', displayName: 'theirs', provisioningState: 'Succeeded', allocationState: 'Steady' }
  someone(azure, 1, ['PUT', /\/pools\/render\?/], () => azure.pools.add('render', theirs), true)
  red(await again(azure, FIRST), /already exists|PoolExists|made meanwhile|someone else/i)
  expect(azure.pools.get('render').properties).toMatchObject(theirs)
})

describe('blue-green', () => {
  const NIGHTLY = { ...scenario, jobs: [{ id: 'nightly', poolId: 'render' }] }
  const theirs = { name: 'owner', value: 'theirs' }

  test.each([
    ['while it is disabled', 1, ['POST', /\/jobs\/nightly\/disable\?/], false],
    ['right before its mark is taken off (412)', 3, ['PATCH', /\/jobs\/nightly\?/], true],
  ] as const)('metadata that someone gives a job %s stay, the mark goes', async (_, n, request, before) => {
    const azure = await azureOf(NIGHTLY)
    await again(azure, FIRST)
    const [job] = azure.pools.jobs.all
    if (!job) throw new Error('no job')
    const change = () => {
      job.metadata = [...job.metadata, theirs]
    }
    someone(azure, n, request, change, before)
    expect(annotations(await again(azure, { ...SECOND, strategy: 'blue-green' }))).toEqual([])
    expect(job).toMatchObject({ state: 'active', metadata: [theirs] })
    expect(job.poolId).not.toBe('render')
  })

  test('a job that completes before its mark is taken off needs nothing more', async () => {
    const azure = await azureOf(NIGHTLY)
    await again(azure, FIRST)
    const [job] = azure.pools.jobs.all
    if (!job) throw new Error('no job')
    const complete = () => {
      job.state = 'completed'
    }
    someone(azure, 1, ['POST', /\/jobs\/nightly\/enable\?/], complete)
    expect(annotations(await again(azure, { ...SECOND, strategy: 'blue-green' }))).toEqual([])
    expect(job.state).toBe('completed')
  })

  test('a job that Azure will not move stays where it is; the new pool is not taken away', async () => {
    const azure = await azureOf({
      ...scenario,
      jobs: [
        { id: 'nightly', poolId: 'render' },
        { id: 'stuck', poolId: 'render' },
      ],
    })
    await again(azure, FIRST)
    azure.intervene = ({ method, url }) =>
      method === 'PATCH' &&
      /\/jobs\/stuck\?/.test(url) &&
      requestsTo(azure, 'POST', /\/jobs\/stuck\/disable\?/).length === 1 &&
      requestsTo(azure, 'POST', /\/jobs\/stuck\/enable\?/).length === 0
        ? { kind: 'answer', status: 403, body: { code: 'JobLocked', message: { lang: 'en-US', value: 'The job is locked.' }, values: [] } }
        : undefined
    const ran = await again(azure, { ...SECOND, strategy: 'blue-green', 'on-failure': 'rollback' })
    red(ran, /The job is locked/)
    expect(azure.pools.jobs.all).toEqual([
      expect.objectContaining({ id: 'nightly', state: 'active', poolId: 'render-1-1-0' }),
      expect.objectContaining({ id: 'stuck', state: 'active', poolId: 'render', metadata: [] }),
    ])
    expect(azure.pools.all().map(({ name, nodes }) => [name, nodes.length])).toEqual([
      ['render', 10],
      ['render-1-1-0', 10],
    ])
    expect(ran.summary).toMatch(/No rollback: pool/)
  })
})

test('resized by someone else while the image is made: overwritten, and reported', async () => {
  const azure = await poolOnFirst()
  someone(azure, 1, ['PUT', /\/snapshots\//], resizedBySomeone(azure, 7))
  const ran = await again(azure, SECOND)
  expect(annotations(ran).filter((text) => text.startsWith('::error'))).toEqual([])
  expect(ran.log).toMatch(
    /Pool render was resized to 7 dedicated nodes by someone else since this run looked at it; it gets the requested size/,
  )
  expect(targetOf(azure)).toBe(10)
})

test('resized by someone while the mark is taken off: no mark is left, their size stays', async () => {
  const azure = await poolOnFirst()
  const isLast = () => azure.pools.get('render').properties.currentDedicatedNodes === 10
  let isDone = false
  azure.intervene = ({ method, url }) => {
    if (isDone || method !== 'PATCH' || !PATCH_POOL[1].test(url) || !isLast() || !imageOf(azure, 'render').endsWith('1.1.0'))
      return undefined
    isDone = true
    resizedBySomeone(azure, 7)()
    return undefined
  }
  red(await again(azure, SECOND), /Pool resized by someone else/)
  expect(isDone).toBe(true)
  expect(JSON.stringify(azure.pools.get('render').properties.metadata ?? [])).not.toContain('image-pool-before')
  expect(targetOf(azure)).toBe(7)
})

testConformance()
