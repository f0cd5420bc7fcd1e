/** The workflows that users copy really run: on act, with the committed bundle, to healthy nodes in the embedded Azure. */
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { loadScenario, type Scenario } from '../embedded-azure/scenarios/scenario.ts'
import { type EmbeddedAzure, startAzure } from '../embedded-azure/server.ts'
import { read } from '../tools/generated.ts'
import { type ActOptions, type ActRun, blockUnder, publish, runAct } from './act.ts'
import { tool } from './tools.ts'

const act = tool('act')
const SPEED = 500
const example = (name: string): string => read(`.github/examples/${name}`)

let published = ''
let azure: EmbeddedAzure
const run = (options: Omit<ActOptions, 'azure' | 'published'>): Promise<ActRun> => runAct(act ?? '', { ...options, azure, published })
const world = async (changes: Partial<Scenario> = {}): Promise<void> => {
  azure = await startAzure({ ...loadScenario('happy'), ...changes }, SPEED)
}
const nodesOf = (name: string): number | undefined => {
  const pool = azure.pools.find(name)
  return pool && azure.pools.nodesOf(pool).length
}
const versions = (): readonly unknown[] => azure.world.all().filter(({ type }) => /galleries\/images\/versions$/i.test(type))
const succeeded = ({ log }: ActRun): readonly string[] =>
  [...log.matchAll(/\[[^\]]*?\/([^\]/]+?) *\] 🏁 {2}Job succeeded/g)].map(([, job = '']) => job)

describe.skipIf(!act)('on act (skipped where it is not installed)', () => {
  beforeAll(async () => {
    published = await publish()
  })
  afterEach(() => azure?.close())

  test('a newcomer: the quick start of the README, pasted into an empty repository', async () => {
    await world()
    const { exitCode, log } = await run({ workflow: blockUnder('Quick start'), event: 'workflow_dispatch' })
    expect(exitCode, log).toBe(0)
    expect(log).toContain('100 of 100 nodes of pool `render` are healthy')
    expect(nodesOf('render')).toBe(100)
  })

  test('on release: the reusable workflow builds one image, brings up two pools, and reports', async () => {
    await world()
    const ran = await run({ workflow: example('on-release.yml'), event: 'release', payload: { action: 'published' } })
    expect(ran.exitCode, ran.log).toBe(0)
    expect(nodesOf('render')).toBe(100)
    expect(nodesOf('preview')).toBe(4)
    expect(versions()).toHaveLength(1)
    expect(ran.log).toContain('### Image pools: succeeded')
    expect(ran.log).toMatch(/2 of 2 pools reported/)
    expect(ran.log).toMatch(/\| `preview` \| succeeded \| created \| \d{4}\.\d{3,4}\.0 \| 4 of 4 \|/)
  })

  test('on release: one pool that fails makes the report red, the other pool is healthy all the same', async () => {
    await world({ account: { name: 'renderbatch', dedicatedCoreQuota: 100 } })
    const ran = await run({ workflow: example('on-release.yml'), event: 'release', payload: { action: 'published' } })
    expect(ran.exitCode).not.toBe(0)
    expect(ran.log).toContain('### Image pools: failed')
    expect(ran.log).toMatch(/\| `preview` \| succeeded \|/)
    expect(ran.log).toMatch(/\| `render` \| failed: /)
  })

  test('nightly: refreshes what has drifted, and the next night only sweeps', async () => {
    await world()
    const first = await run({ workflow: example('nightly.yml'), event: 'schedule' })
    expect(first.exitCode, first.log).toBe(0)
    expect(nodesOf('render')).toBe(100)
    const second = await run({ workflow: example('nightly.yml'), event: 'schedule' })
    expect(second.exitCode, second.log).toBe(0)
    expect(second.log).toContain('nothing to change')
    expect(succeeded(second)).toEqual(['Drift', 'Sweep'])
    expect(nodesOf('render')).toBe(100)
    expect(versions()).toHaveLength(1)
  })

  test('by hand: plan first, then apply, with the choices of the form', async () => {
    await world()
    const choices = { nodes: '3', strategy: 'in-place', rebuild: 'true' }
    const plan = await run({ workflow: example('manual.yml'), event: 'workflow_dispatch', inputs: { ...choices, mode: 'plan' } })
    expect(plan.exitCode, plan.log).toBe(0)
    expect(nodesOf('render')).toBeUndefined()
    const apply = await run({ workflow: example('manual.yml'), event: 'workflow_dispatch', inputs: { ...choices, mode: 'apply' } })
    expect(apply.exitCode, apply.log).toBe(0)
    expect(nodesOf('render')).toBe(3)
  })

  describe('plan on a pull request', () => {
    const files = { 'batch/pool.yaml': example('pool.yaml') }
    const from = (fork: string) => ({
      number: 7,
      pull_request: { number: 7, head: { ref: 'topic', repo: { full_name: fork } }, base: { ref: 'main' } },
      repository: { full_name: 'octo-org/render' },
    })
    const propose = (fork: string): Promise<ActRun> =>
      run({ workflow: example('plan-on-pull-request.yml'), event: 'pull_request', payload: from(fork), files })

    test('one comment with what would change, kept up to date by the next commit', async () => {
      await world()
      for (const _ of ['first commit', 'second commit']) {
        const { exitCode, log } = await propose('octo-org/render')
        expect(exitCode, log).toBe(0)
      }
      expect(azure.github.comments).toHaveLength(1)
      expect(azure.github.comments[0]).toMatchObject({ issue: 7, body: expect.stringContaining('**Planned**: ') })
      expect(nodesOf('render')).toBeUndefined()
    })

    test('from a fork only the definition is checked, and Azure is not asked', async () => {
      await world()
      const { exitCode, log } = await propose('mallory/render')
      expect(exitCode, log).toBe(0)
      expect(log).toContain('The inputs are valid; Azure was not asked.')
      expect(azure.exchanges.filter(({ plane }) => plane === 'arm' || plane === 'batch')).toEqual([])
    })
  })
})
