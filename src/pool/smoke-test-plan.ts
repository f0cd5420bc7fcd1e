/** The smoke test as a Batch job: its name, its tasks, and what their ends mean. */
import { createHash } from 'node:crypto'
import type { SmokeTest } from '../config/config.ts'
import type { Explanation } from '../errors/explanation.ts'
import type { ArmId } from '../model/arm-id.ts'
import type { BatchAccount, Pool } from '../model/batch.ts'
import type { ComputeNode, Job, NewJob, NewTask, NodeError, Task } from '../model/batch-service.ts'
import { isoDuration } from '../model/duration.ts'
import { MARKS, markIn } from './marks.ts'

/** How a smoke test went on one node. */
export interface SmokeTestResult {
  /** The node that it was meant for, or ran on. */
  readonly node: string
  /** `not-begun`: the node had no room for it in time. `not-run`: Batch could not start the command. `not-ended`: it was ended when its time was over, or how it ended is unknown. */
  readonly result: 'passed' | 'failed' | 'not-begun' | 'not-run' | 'not-ended'
  readonly exitCode?: number
  /** Azure's words where the command was ended. */
  readonly failure?: NodeError
  /** End of its output, as the node wrote it: untrusted text. */
  readonly stdoutTail?: string
  readonly stderrTail?: string
}

const LONGEST_JOB_ID = 64
const JOB_PREFIX = 'image-pool-smoke-test-'
/** Before everything else that waits for the nodes of a pool that has work. */
const HIGHEST_PRIORITY = 1_000

/** Always the same for a pool, so that the next run finds what an interrupted one has left. */
export function smokeJobName(poolName: string): string {
  const name = `${JOB_PREFIX}${poolName}`
  if (name.length <= LONGEST_JOB_ID) return name
  // Pools whose names begin alike are tested at the same time.
  const ending = `-${createHash('sha256').update(poolName.toLowerCase()).digest('hex').slice(0, 8)}`
  return `${name.slice(0, LONGEST_JOB_ID - ending.length)}${ending}`
}

export const smokeJob = (poolName: string): NewJob => ({
  id: smokeJobName(poolName),
  poolName,
  priority: HIGHEST_PRIORITY,
  metadata: [{ name: MARKS.smokeTestOf, value: poolName }],
})

/** Whether this action made the job for any pool: name and mark agree. */
export const isSmokeJob = ({ id, metadata }: Job): boolean => {
  const poolName = markIn(metadata, MARKS.smokeTestOf)
  return poolName !== undefined && id === smokeJobName(poolName)
}

/** A job has no id in Resource Manager: this is an id of that form, for the ledger. */
export const smokeLedgerId = ({ id }: Pick<BatchAccount, 'id'>, poolName: string): string => `${id}/jobs/${smokeJobName(poolName)}`

/** The job that such an id means. */
export function smokeJobAt(ledgerId: string): { readonly accountId: ArmId; readonly job: string } {
  const at = ledgerId.lastIndexOf('/jobs/')
  return { accountId: ledgerId.slice(0, at) as ArmId, job: ledgerId.slice(at + '/jobs/'.length) }
}

/** In a container pool, its first image. */
function containerImageOf({ properties }: Pick<Pool, 'properties'>): string | undefined {
  const { containerConfiguration } = properties.deploymentConfiguration?.virtualMachineConfiguration ?? {}
  return (containerConfiguration as { readonly containerImageNames?: readonly string[] } | undefined)?.containerImageNames?.[0]
}

/**
 * One task for each node, which takes the whole of it: free nodes then get one each.
 * https://learn.microsoft.com/azure/batch/batch-parallel-node-tasks, https://learn.microsoft.com/rest/api/batchservice/tasks/create-task (`affinityInfo`)
 */
export function smokeTasks({ commandLine, timeoutMs }: SmokeTest, pool: Pool, nodes: readonly ComputeNode[]): readonly NewTask[] {
  const containerImage = containerImageOf(pool)
  return nodes.map(({ affinityId, id }, index) => ({
    id: `node-${index}`,
    commandLine,
    affinityId: affinityId ?? id,
    requiredSlots: Number(pool.properties.taskSlotsPerNode ?? 1),
    maxWallClockTime: isoDuration(timeoutMs),
    ...(containerImage && { containerImage }),
  }))
}

/** How long Batch may take to notice that a task is over its time, and to end it. */
const GRACE_MS = 300_000

/** Whether a task has had all the time that it may have: to begin, or once begun. */
export function isOver({ state, startTime }: Task, { waitedMs, nowMs }: { waitedMs: number; nowMs: number }, limits: SmokeLimits): boolean {
  if (state === 'completed') return true
  const begunMs = state === 'running' ? Date.parse(startTime ?? '') : Number.NaN
  return Number.isNaN(begunMs) ? waitedMs >= limits.toBeginMs : nowMs - begunMs >= limits.toEndMs + GRACE_MS
}

/** Milliseconds. */
export interface SmokeLimits {
  readonly toBeginMs: number
  readonly toEndMs: number
}

/** A task that Batch ends for its time has an exit code, too: https://github.com/Azure/BatchExplorer/issues/146 */
export function resultOf(task: Task, meantFor: string, limits: Pick<SmokeLimits, 'toEndMs'>): SmokeTestResult {
  const { exitCode, failureInfo, nodeId } = task
  return {
    node: nodeId ?? meantFor,
    result: verdictOn(task, limits),
    ...(exitCode !== undefined && { exitCode }),
    ...(failureInfo && { failure: failureInfo }),
  }
}

function verdictOn(
  { state, exitCode, failureInfo, startTime = '', endTime = '' }: Task,
  { toEndMs }: Pick<SmokeLimits, 'toEndMs'>,
): SmokeTestResult['result'] {
  if (state === 'active' || state === 'preparing') return 'not-begun'
  if (state === 'running' || Date.parse(endTime) - Date.parse(startTime) >= toEndMs) return 'not-ended'
  if (exitCode === 0 && !failureInfo) return 'passed'
  if (exitCode !== undefined) return 'failed'
  return failureInfo ? 'not-run' : 'not-ended'
}

const WORDS: Readonly<Record<SmokeTestResult['result'], (result: SmokeTestResult) => string>> = {
  passed: () => 'passed',
  failed: ({ exitCode }) => `ended with exit code ${exitCode}`,
  'not-begun': () => 'did not begin in time',
  'not-run': ({ failure }) => `could not be run (${failure?.code}: ${failure?.message})`,
  'not-ended': ({ failure }) =>
    `did not end${failure && failure.code !== 'FailureExitCode' ? ` (${failure.code}: ${failure.message})` : ' in time'}`,
}

/** E.g. `ended with exit code 3`. */
export const smokeWords = (result: SmokeTestResult): string => WORDS[result.result](result)

/** Why the gate says no; nothing where every node passed. */
export function smokeFailure(poolName: string, results: readonly SmokeTestResult[]): Explanation | undefined {
  const failed = results.filter(({ result }) => result !== 'passed')
  const [first] = failed
  if (!first) return undefined
  const output = (first.stderrTail?.trim() || first.stdoutTail?.trim()) ?? ''
  const file = first.stderrTail?.trim() ? 'stderr' : 'stdout'
  const others = failed.length > 1 ? ` (and on ${failed.length - 1} other node${failed.length === 2 ? '' : 's'})` : ''
  return {
    title: 'Smoke test failed',
    message: `pool ${poolName}: the smoke test ${smokeWords(first)} on node ${first.node}${others}${output ? `; ${file} ends: ${output.split('\n').at(-1)}` : ''}`,
    hint: HINTS[first.result],
    link: 'https://learn.microsoft.com/azure/batch/batch-job-task-error-checking',
    ...(first.failure?.code && { code: first.failure.code }),
  }
}

const HINTS: Readonly<Record<SmokeTestResult['result'], string>> = {
  passed: '',
  failed: 'Correct the image, or the command line of `smoke-test`; the ends of its stdout and stderr are in the summary.',
  'not-begun': 'The node was busy all the time, or Batch could not begin the task there: raise `node-start-timeout`, or look at the node.',
  'not-run': 'Correct the command line of `smoke-test`, or the image: the command, or what it runs in, is not there.',
  'not-ended': 'Raise `smoke-test-timeout`, or correct the command line of `smoke-test`.',
}
