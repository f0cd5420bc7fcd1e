/** What an approval covers: what would change and to what, and nothing that moves by itself between the approval and the run. */
import { describe, expect, test } from 'vitest'
import { sourceContent } from '../../../src/image/source.ts'
import { TAGS } from '../../../src/image/tags.ts'
import type { Pool } from '../../../src/model/batch.ts'
import type { ImageVersion } from '../../../src/model/compute.ts'
import type { Observed } from '../../../src/observe/observed.ts'
import { planRun } from '../../../src/plan/plan.ts'
import { differencesFrom } from '../../../src/plan/plan-id.ts'
import { PlanChangedError, refuseUnapproved } from '../../../src/plan/refusals.ts'
import { MARKS, writeMark } from '../../../src/pool/marks.ts'
import { LEAST, parse } from '../../fixtures/config-inputs.ts'
import { fleetOf } from '../../fixtures/fleet-of.ts'
import { ACCOUNT, DEFINITION, GOLDEN_WORLD, goldenVm, osDisk } from '../../fixtures/golden-world.ts'

const START = `startTask: { commandLine: /bin/prepare }`

type Inputs = Readonly<Record<string, string>>

const INPUTS: Inputs = { ...LEAST, 'target-dedicated-nodes': '10' }

const pool = (properties: Partial<Pool['properties']> = {}): Pool => ({
  id: `${ACCOUNT}/pools/render`,
  name: 'render',
  etag: 'e',
  properties: {
    vmSize: 'Standard_D4s_v5',
    provisioningState: 'Succeeded',
    allocationState: 'Steady',
    allocationStateTransitionTime: '',
    currentDedicatedNodes: 10,
    currentLowPriorityNodes: 0,
    scaleSettings: { fixedScale: { targetDedicatedNodes: 10, targetLowPriorityNodes: 0, resizeTimeout: 'PT15M' } },
    deploymentConfiguration: { virtualMachineConfiguration: { imageReference: { id: `${DEFINITION}/versions/1.0.0` } } },
    ...properties,
  },
})

const version = (name: string, tags: ImageVersion['tags'] = {}): ImageVersion => ({
  id: `${DEFINITION}/versions/${name}`,
  name,
  location: 'westeurope',
  provisioningState: 'Succeeded',
  targetRegions: [{ name: 'West Europe', replicas: 1 }],
  replication: [],
  sourceIds: [],
  tags,
})

const WORLD: Observed = { ...GOLDEN_WORLD, versions: [version('1.0.0')], pools: [pool()] }

interface Situation {
  readonly inputs?: Inputs
  readonly world?: Partial<Observed>
  readonly now?: string
  readonly runId?: string
}

function planned({ inputs = {}, world = {}, now = '2026-11-24T10:00:00Z', runId = '1' }: Situation = {}) {
  const config = parse({ ...INPUTS, ...inputs })
  const observed = { ...WORLD, ...world }
  const runUrl = `https://github.com/o/r/actions/runs/${runId}`
  const run = { repository: 'o/r', sha: 'abc', runId, runAttempt: 1, job: 'refresh', nonce: runId, runUrl, actor: 'a', eventName: 'push' }
  return {
    config,
    plan: planRun({
      config,
      observed: fleetOf(observed, config.pool),
      content: sourceContent(config.source, observed),
      run,
      now: new Date(now),
    }),
  }
}

const idOf = (situation?: Situation): string => planned(situation).plan.id
const fixed = (targetDedicatedNodes: number) => ({
  fixedScale: { targetDedicatedNodes, targetLowPriorityNodes: 0, resizeTimeout: 'PT15M' },
})
const GIVEN: Inputs = { vm: '', 'image-name': '', gallery: '', 'image-id': `${DEFINITION}/versions/1.0.0` }

describe('is the same', () => {
  test.each<[string, Situation, Situation]>([
    ['a day later, when a new version has another number', {}, { now: '2026-11-25T09:00:00Z' }],
    ['in another run', {}, { runId: '2' }],
    ['when the version of that day exists by then', {}, { world: { versions: [version('1.0.0'), version('2026.1124.0')] } }],
    ['with other nodes in the pool', {}, { world: { pools: [pool({ currentDedicatedNodes: 9 })] } }],
    [
      'when a node of an unchanged pool has failed',
      { inputs: GIVEN },
      { inputs: GIVEN, world: { pools: [pool({ currentDedicatedNodes: 9 })] } },
    ],
    ['where Azure spells an id otherwise', {}, { world: { pools: [{ ...pool(), id: pool().id.toUpperCase() }] } }],
    [
      'after a failed run has drained the pool',
      {},
      {
        world: {
          pools: [pool({ scaleSettings: fixed(0), metadata: [{ name: MARKS.before, value: writeMark({ scaleSettings: fixed(10) }) }] })],
        },
      },
    ],
    [
      'where nobody asks for a size, whatever size the pool has',
      { inputs: { 'target-dedicated-nodes': '' } },
      { inputs: { 'target-dedicated-nodes': '' }, world: { pools: [pool({ scaleSettings: fixed(12) })] } },
    ],
    [
      'for blue-green, whose pool is named after the version',
      { inputs: { strategy: 'blue-green' } },
      { inputs: { strategy: 'blue-green' }, now: '2026-12-01T09:00:00Z' },
    ],
  ])('%s', (_, one, other) => {
    expect(idOf(other)).toBe(idOf(one))
  })
})

const image = { part: 'image', kind: 'changed', aspects: ['image'] }
const render = (...aspects: readonly string[]) => ({ part: 'renderfarm/render', kind: 'changed', aspects })

describe('is another one', () => {
  test.each<[string, Situation, Situation, readonly object[]]>([
    [
      'when the VM has another disk',
      {},
      { world: { vm: { vm: goldenVm, extensions: [], disks: [{ ...osDisk, uniqueId: 'new' }] } } },
      [image],
    ],
    ['for another version requested by name', { inputs: { 'image-version': '2.0.0' } }, { inputs: { 'image-version': '2.0.1' } }, [image]],
    ['for another region', {}, { inputs: { 'target-regions': 'northeurope' } }, [image]],
    ['when the gallery is gone', {}, { world: { gallery: undefined as never } }, [image]],
    [
      'when the image is built by then',
      {},
      { world: { versions: [version('2.0.0', planned().plan.image.kind === 'build' ? tagsOfBuild() : {})] } },
      [image, render('rollout and image')],
    ],
    ['for another size', {}, { inputs: { 'target-dedicated-nodes': '20' } }, [render('size')]],
    ['when somebody has resized the pool', {}, { world: { pools: [pool({ scaleSettings: fixed(50) })] } }, [render('size')]],
    ['for another strategy', {}, { inputs: { strategy: 'replace' } }, [render('rollout and image')]],
    ['for another start task', {}, { inputs: { 'pool-spec': START } }, [render('settings')]],
    ['for another treatment of running tasks', {}, { inputs: { 'node-deallocation-option': 'terminate' } }, [render('settings')]],
    [
      'when somebody has put the pool on another image',
      {},
      {
        world: {
          pools: [
            pool({ deploymentConfiguration: { virtualMachineConfiguration: { imageReference: { id: `${DEFINITION}/versions/0.9.0` } } } }),
          ],
        },
      },
      [render('rollout and image')],
    ],
    ['when the pool is gone', {}, { world: { pools: [] } }, [render('rollout and image', 'size', 'settings', 'proof')]],
    ['with another proof', {}, { inputs: { 'canary-nodes': '2' } }, [render('proof')]],
    ['where versions are deleted', {}, { inputs: { 'retain-versions': '3' } }, [{ part: 'retention', kind: 'added', aspects: [] }]],
    [
      'for another pool',
      {},
      { inputs: { 'pool-id': 'preview' } },
      [
        { part: 'renderfarm/preview', kind: 'added', aspects: [] },
        { part: 'renderfarm/render', kind: 'missing', aspects: [] },
      ],
    ],
  ])('%s', (_, approved, now, expected) => {
    const { plan, config } = planned(now)
    expect(plan.id).not.toBe(idOf(approved))
    expect(differencesFrom(idOf(approved), plan, config)).toEqual(expected)
  })
})

/** Of a version that this action made of the VM as it is. */
function tagsOfBuild(): ImageVersion['tags'] {
  const { image: built } = planned().plan
  return built.kind === 'build' ? { ...built.tags, [TAGS.version]: '2.0.0' } : {}
}

test('says nothing of a password in the pool spec', () => {
  const withPassword = (password: string) => ({ inputs: { 'pool-spec': `userAccounts: [{ name: render, password: ${password} }]` } })
  expect(idOf(withPassword('correct-horse'))).toBe(idOf(withPassword('battery-staple')))
})

test('fits into an environment variable, however many pools there are', () => {
  const spec = JSON.stringify(Array.from({ length: 1_000 }, (_, index) => ({ id: `a-pool-with-a-very-long-name-${index}` })))
  const many = { inputs: { 'pool-id': '', 'pool-spec': spec } }
  expect(idOf(many).length).toBeLessThan(100_000)
  expect(idOf(many)).not.toBe(idOf({ inputs: { ...many.inputs, 'target-dedicated-nodes': '20' } }))
})

describe('a run that was approved', () => {
  const refusal = (approved: string, situation: Situation = {}): PlanChangedError => {
    const { plan, config } = planned({ ...situation, inputs: { ...situation.inputs, 'plan-id': approved } })
    try {
      refuseUnapproved(plan, config)
    } catch (error) {
      if (error instanceof PlanChangedError) return error
      throw error
    }
    throw new Error('the plan was not refused')
  }

  test('continues where its plan is the approved one', () => {
    expect(() => refusal(idOf())).toThrow('the plan was not refused')
  })

  test('ends with what differs, and with what it would do instead', () => {
    const { explanation } = refusal(idOf(), { inputs: { 'target-dedicated-nodes': '20' } })
    expect(explanation.message).toContain('renderfarm/render: the size changed since the approval.')
    expect(explanation.message).toContain('grow to 20 dedicated nodes')
    expect(explanation.message).toMatch(/\nNothing was changed\.$/)
    expect(explanation.message).not.toContain('image: ')
  })

  test('names a pool that the approved plan had and this one has not', () => {
    const { explanation } = refusal(idOf({ inputs: { 'pool-id': 'preview' } }))
    expect(explanation.message).toContain('renderfarm/preview: in the approved plan, and not in this one.')
  })
})

test.each(['yes', 'image', 'image=', 'image=xyz', 'image=5e1c09aab3;render=1'])('input plan-id: "%s" is refused', (text) => {
  expect(() => planned({ inputs: { 'plan-id': text } })).toThrow(/plan-id/)
})
