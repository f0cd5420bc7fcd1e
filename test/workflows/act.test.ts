/** The workflows that users copy really run: on act, with the committed bundle, to healthy nodes in the embedded Azure. */
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { loadScenario, type Scenario, scenarioNames } from '../embedded-azure/scenarios/scenario.ts'
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
/** A caller of the reusable workflow with these inputs. */
function callerOf(inputs: Scenario['inputs']): string {
  const caller = parse(read('test/workflows/caller.yml'))
  Object.assign(caller.jobs.refresh.with, inputs)
  return stringify(caller)
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
    expect(log).toContain('2 of 2 nodes of pool `render` are healthy')
    expect(nodesOf('render')).toBe(2)
  })

  const release = () =>
    run({
      workflow: example('on-release.yml'),
      event: 'release',
      payload: { action: 'published' },
      files: { 'batch/pools.yaml': example('pools.yaml') },
    })

  test('on release: the reusable workflow builds one image, and brings up the two pools of the file', async () => {
    await world()
    const { exitCode, log } = await release()
    expect(exitCode, log).toBe(0)
    expect(nodesOf('render')).toBe(100)
    expect(nodesOf('preview')).toBe(4)
    expect(versions()).toHaveLength(1)
    expect(succeeded({ exitCode, log })).toEqual(['Refresh'])
  })

  test('on release: a pool that cannot have its nodes makes the run red, in words', async () => {
    await world({ account: { name: 'renderbatch', dedicatedCoreQuota: 100 } })
    const { exitCode, log } = await release()
    expect(exitCode).not.toBe(0)
    expect(log).toMatch(/::error|❗.*quota|[Cc]ore quota/)
  })

  test('nightly: refreshes what has drifted, and the next night only sweeps', async () => {
    await world()
    const first = await run({ workflow: example('nightly.yml'), event: 'schedule' })
    expect(first.exitCode, first.log).toBe(0)
    expect(nodesOf('render')).toBe(100)
    const second = await run({ workflow: example('nightly.yml'), event: 'schedule' })
    expect(second.exitCode, second.log).toBe(0)
    expect(succeeded(second)).toEqual(['Plan', 'Refresh'])
    expect(nodesOf('render')).toBe(100)
    expect(versions()).toHaveLength(1)
  })

  test('by hand: the plan first, then what it says, with the choices of the form', async () => {
    await world()
    const { exitCode, log } = await run({
      workflow: example('manual.yml'),
      event: 'workflow_dispatch',
      inputs: { nodes: '3', strategy: 'in-place', rebuild: 'true' },
    })
    expect(exitCode, log).toBe(0)
    expect(succeeded({ exitCode, log })).toEqual(['Plan', 'Refresh'])
    expect(nodesOf('render')).toBe(3)
  })

  test.each(scenarioNames())('the reusable workflow means what the action means: scenario %s', async (name) => {
    const scenario = loadScenario(name)
    azure = await startAzure(scenario, SPEED)
    const { exitCode, log } = await run({ workflow: callerOf(scenario.inputs), event: 'workflow_dispatch' })
    expect(exitCode === 0, log).toBe(scenario.expect.exitCode === 0)
    // act runs nothing after a job that failed.
    const isGreen = scenario.expect.exitCode === 0
    expect(log).toMatch(
      isGreen ? new RegExp(`\\b${scenario.expect.result} with version \\d+\\.\\d+\\.\\d+ on pool render\\b`) : '❌ **Failed** ',
    )
    if (scenario.inputs['show-cost'] === 'true') expect(log).toMatch(/\| Cost per hour \| USD \d/)
  })

  test('auth: cli is refused by the reusable workflow, before anything is asked of Azure', async () => {
    await world()
    const workflow = example('manual.yml').replace('plan-first: true', 'auth: cli')
    const { exitCode, log } = await run({
      workflow,
      event: 'workflow_dispatch',
      inputs: { nodes: '3', strategy: 'in-place', rebuild: 'false' },
    })
    expect(exitCode).not.toBe(0)
    expect(log).toContain('No Azure CLI session here')
    expect(azure.exchanges).toEqual([])
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
      expect(log).toContain('The inputs are valid; nothing was requested from Azure.')
      expect(azure.exchanges.filter(({ plane }) => plane === 'arm' || plane === 'batch')).toEqual([])
    })
  })
})
