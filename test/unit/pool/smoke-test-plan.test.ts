/** The smoke test as a Batch job: which tasks there are, and what their ends mean. */
import { describe, expect, test } from 'vitest'
import type { Pool } from '../../../src/model/batch.ts'
import type { ComputeNode, Job, Task } from '../../../src/model/batch-service.ts'
import { MARKS } from '../../../src/pool/marks.ts'
import {
  isOver,
  isSmokeJob,
  resultOf,
  smokeFailure,
  smokeJob,
  smokeJobAt,
  smokeJobName,
  smokeLedgerId,
  smokeTasks,
} from '../../../src/pool/smoke-test-plan.ts'

const MINUTE = 60_000
const TEST = { commandLine: '/bin/self-test', timeoutMs: 15 * MINUTE }
const LIMITS = { toBeginMs: 30 * MINUTE, toEndMs: 15 * MINUTE }
const START = '2026-11-23T10:00:00Z'
const at = (minutes: number) => new Date(Date.parse(START) + minutes * MINUTE).toISOString()

const pool = (properties: Partial<Pool['properties']> = {}) => ({ name: 'render', properties }) as Pool
const node = (id: string, more: Partial<ComputeNode> = {}): ComputeNode => ({ id, state: 'idle', isDedicated: true, errors: [], ...more })

test('one task for each node, which names it and takes all of it', () => {
  const tasks = smokeTasks(TEST, pool({ taskSlotsPerNode: 4 }), [node('a', { affinityId: 'TVM:a' }), node('b')])
  expect(tasks).toEqual([
    { id: 'node-0', commandLine: '/bin/self-test', affinityId: 'TVM:a', requiredSlots: 4, maxWallClockTime: 'PT15M' },
    { id: 'node-1', commandLine: '/bin/self-test', affinityId: 'b', requiredSlots: 4, maxWallClockTime: 'PT15M' },
  ])
})

test('in a container pool it runs in its first image', () => {
  const containerConfiguration = { type: 'DockerCompatible', containerImageNames: ['farm/render:7', 'farm/other:1'] }
  const containers = pool({ deploymentConfiguration: { virtualMachineConfiguration: { containerConfiguration } } })
  expect(smokeTasks(TEST, containers, [node('a')])).toMatchObject([{ containerImage: 'farm/render:7', requiredSlots: 1 }])
})

describe('its job', () => {
  const job = (id: string, of?: string): Job => ({
    id,
    etag: 'e',
    state: 'active',
    metadata: of === undefined ? [] : [{ name: MARKS.smokeTestOf, value: of }],
  })
  test('has a name that the next run finds, at most as long as Batch takes', () => {
    expect(smokeJob('render')).toMatchObject({ id: 'image-pool-smoke-test-render', poolName: 'render', priority: 1_000 })
    expect(smokeJobName('p'.repeat(64))).toHaveLength(64)
  })
  test('has a name of its own, also where the names of two pools begin alike', () => {
    const [one, other] = ['a', 'b'].map((end) => smokeJob(`production-rendering-westeurope-graphics-team-${end}`))
    expect(one?.id).not.toBe(other?.id)
    expect([one, other].map((made) => made !== undefined && isSmokeJob({ etag: 'e', state: 'active', ...made }))).toEqual([true, true])
  })
  test.each<[string, Job, boolean]>([
    ['made by this action', job('image-pool-smoke-test-render', 'render'), true],
    ['without its mark', job('image-pool-smoke-test-render'), false],
    ['with the mark of another pool', job('image-pool-smoke-test-render', 'other'), false],
    ['under another name', job('nightly', 'render'), false],
  ])('%s', (_, found, isOurs) => {
    expect(isSmokeJob(found)).toBe(isOurs)
  })
  test('is found again by what the ledger has', () => {
    expect(smokeJobAt(smokeLedgerId({ id: '/a' }, 'render'))).toEqual({ accountId: '/a', job: 'image-pool-smoke-test-render' })
  })
})

describe('when a task is over', () => {
  test.each<[string, Partial<Task>, number, boolean]>([
    ['waiting', { state: 'active' }, 29, false],
    ['waiting too long', { state: 'active' }, 30, true],
    ['being prepared too long', { state: 'preparing' }, 30, true],
    ['running', { state: 'running', startTime: START }, 14, false],
    ['running as long as Batch may take to end it', { state: 'running', startTime: START }, 19, false],
    ['running on and on', { state: 'running', startTime: START }, 20, true],
    ['running since late', { state: 'running', startTime: at(29) }, 40, false],
    ['completed', { state: 'completed' }, 1, true],
  ])('%s', (_, task, minutes, expected) => {
    const nowMs = Date.parse(at(minutes))
    expect(isOver({ id: 'node-0', state: 'active', ...task }, { waitedMs: minutes * MINUTE, nowMs }, LIMITS)).toBe(expected)
  })
})

describe('what its end means', () => {
  const failureInfo = { code: 'FailureExitCode', message: 'The task exited with an exit code representing a failure', details: [] }
  const completed = (more: Partial<Task>): Task => ({ id: 'node-0', state: 'completed', startTime: START, endTime: at(1), ...more })
  test.each<[string, Task, string, RegExp | undefined]>([
    ['exit code 0', completed({ exitCode: 0 }), 'passed', undefined],
    ['another exit code', completed({ exitCode: 3, failureInfo }), 'failed', /ended with exit code 3 on node n/],
    [
      'ended by Batch for its time',
      completed({ exitCode: -1_073_741_510, failureInfo, endTime: at(15) }),
      'not-ended',
      /did not end in time/,
    ],
    [
      'never run',
      completed({ failureInfo: { ...failureInfo, code: 'ContainerImageNotFound', message: 'No such image' } }),
      'not-run',
      /could not be run \(ContainerImageNotFound: No such image\)/,
    ],
    [
      'exit code 0 and a failure',
      completed({ exitCode: 0, failureInfo: { ...failureInfo, code: 'UploadFailed' } }),
      'failed',
      /exit code 0/,
    ],
    ['still waiting', { id: 'node-0', state: 'active' }, 'not-begun', /did not begin in time/],
    ['still running', { id: 'node-0', state: 'running', startTime: START }, 'not-ended', /did not end in time/],
  ])('%s', (_, task, result, words) => {
    const found = resultOf(task, 'n', LIMITS)
    expect(found).toMatchObject({ node: 'n', result })
    const failure = smokeFailure('render', [found])
    if (words) expect(failure?.message).toMatch(words)
    else expect(failure).toBeUndefined()
  })

  test('the last line of stderr, else of stdout, is reported, and how many other nodes failed', () => {
    const failed = { node: 'a', result: 'failed' as const, exitCode: 1, stdoutTail: 'one\ntwo\n' }
    expect(smokeFailure('render', [{ node: 'b', result: 'passed' }, failed, { ...failed, node: 'c' }])?.message).toBe(
      'pool render: the smoke test ended with exit code 1 on node a (and on 1 other node); stdout ends: two',
    )
    expect(smokeFailure('render', [{ ...failed, stderrTail: 'boom\n' }])?.message).toMatch(/; stderr ends: boom$/)
  })
})
