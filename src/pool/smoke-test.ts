import type { SmokeTest } from '../config/config.ts'
import { AzureError } from '../errors/azure-error.ts'
import { explainInLine } from '../errors/explanation.ts'
import { PoolError } from '../errors/run-errors.ts'
import type { BatchAccount, Pool } from '../model/batch.ts'
import type { BatchDataPlane, ComputeNode, NewTask } from '../model/batch-service.ts'
import { emit, type StepContext, waitFor } from '../run/context.ts'
import {
  isOver,
  isSmokeJob,
  resultOf,
  type SmokeLimits,
  type SmokeTestResult,
  smokeFailure,
  smokeJob,
  smokeJobName,
  smokeLedgerId,
  smokeTasks,
} from './smoke-test-plan.ts'

/** A smoke test to be run. */
export interface SmokeTestWork {
  readonly test: SmokeTest
  readonly account: BatchAccount
  /** As it is now. */
  readonly pool: Pool
  /** At most so many nodes run it. */
  readonly mostNodes: number
  readonly nodeStartTimeoutMs: number
}

const TASK_DELAY_MS = 5_000
const OUTPUT_BYTES = 4_096

/** Runs the command line as a task on nodes of the pool; empty where it has none. The job is gone afterwards, whatever happens. */
export async function runSmokeTest(work: SmokeTestWork, context: StepContext): Promise<readonly SmokeTestResult[]> {
  const { test, account, pool, mostNodes } = work
  const plane = context.batch.dataPlane(account)
  // A busy node may be busy for longer than anybody waits.
  const idle = await plane.listNodes(pool.name, ['idle'], mostNodes)
  const nodes = idle.length > 0 ? idle : await plane.listNodes(pool.name, ['running'], mostNodes)
  if (nodes.length === 0) return []
  await removeSmokeJob(pool.name, plane, context)
  const ledgerId = smokeLedgerId(account, pool.name)
  context.ledger.record({ id: ledgerId, kind: 'smokeTest' })
  try {
    const tasks = smokeTasks(test, pool, nodes)
    await addJob(pool.name, tasks, plane)
    const results = await follow(work, tasks, nodes, context)
    const error = smokeFailure(pool.name, results)
    emit(context, {
      kind: 'smoke-test-ended',
      pool: pool.name,
      passed: results.filter(({ result }) => result === 'passed').length,
      nodes: results.length,
      ...(error && { reason: error.message }),
    })
    return results
  } finally {
    // With the signal aborted nothing more can be sent: the ledger has it.
    if (!context.signal.aborted) {
      await plane.deleteJob(smokeJobName(pool.name)).then(
        () => context.ledger.settle(ledgerId),
        (failure) =>
          emit(context, {
            kind: 'notice',
            level: 'warning',
            text: `Job ${smokeJobName(pool.name)} of the smoke test is not deleted yet: ${explainInLine(failure)}`,
          }),
      )
    }
  }
}

async function addJob(poolName: string, tasks: readonly NewTask[], plane: BatchDataPlane): Promise<void> {
  const job = smokeJob(poolName)
  await unlessThere(() => plane.createJob(job))
  for (const task of tasks) await unlessThere(() => plane.addTask(job.id, task))
}

/** A lost answer makes the next attempt fail, because the job or task exists by then. */
async function unlessThere(add: () => Promise<void>): Promise<void> {
  try {
    await add()
  } catch (error) {
    if (!(error instanceof AzureError && /^(?:Job|Task)Exists$/i.test(error.code))) throw error
  }
}

/** Until every task has ended, or has had its time. */
async function follow(
  { test, account, pool, nodeStartTimeoutMs }: SmokeTestWork,
  tasks: readonly NewTask[],
  nodes: readonly ComputeNode[],
  context: StepContext,
): Promise<readonly SmokeTestResult[]> {
  const plane = context.batch.dataPlane(account)
  const { clock } = context
  const startedAtMs = clock.now().getTime()
  const limits: SmokeLimits = { toBeginMs: nodeStartTimeoutMs, toEndMs: test.timeoutMs }
  let progress = ''
  const ended = await waitFor(
    context,
    () => `the smoke test on pool ${pool.name} to end${progress}`,
    () => TASK_DELAY_MS,
    async () => {
      const seen = await plane.listTasks(smokeJobName(pool.name))
      const nowMs = clock.now().getTime()
      const times = { waitedMs: nowMs - startedAtMs, nowMs }
      progress = ` (${seen.map(({ state }) => state).join(', ')})`
      return seen.length >= tasks.length && seen.every((task) => isOver(task, times, limits)) ? seen : undefined
    },
  )
  return Promise.all(
    ended.map(async (task): Promise<SmokeTestResult> => {
      const meantFor = nodes[tasks.findIndex(({ id }) => id === task.id)]?.id ?? ''
      // What the task wrote must not hide how it ended.
      const tail = (file: 'stdout.txt' | 'stderr.txt') =>
        plane.getTaskOutput({ jobId: smokeJobName(pool.name), taskId: task.id, file, bytes: OUTPUT_BYTES }).catch(() => undefined)
      const [stdoutTail, stderrTail] = task.state === 'active' ? [] : await Promise.all([tail('stdout.txt'), tail('stderr.txt')])
      return { ...resultOf(task, meantFor, limits), ...(stdoutTail && { stdoutTail }), ...(stderrTail && { stderrTail }) }
    }),
  )
}

const GONE_DELAY_MS = 5_000

/** Deletes the job that an interrupted run has left, and waits until its name is free. @throws PoolError where it is somebody else's */
export async function removeSmokeJob(poolName: string, plane: BatchDataPlane, context: StepContext): Promise<void> {
  const id = smokeJobName(poolName)
  const job = await plane.getJob(id)
  if (!job) return
  if (!isSmokeJob(job)) {
    throw new PoolError({
      title: 'Job name is taken',
      message: `job ${id}, the name of the smoke test's job, exists already and was not made by this action`,
      hint: 'Delete or rename that job.',
    })
  }
  await plane.deleteJob(id)
  await waitFor(
    context,
    () => `job ${id} of an earlier run to be gone`,
    () => GONE_DELAY_MS,
    async () => ((await plane.getJob(id)) ? undefined : true),
  )
}
