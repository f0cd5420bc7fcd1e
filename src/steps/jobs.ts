import type { BatchDataPlane, Job, NodeDeallocationOption } from '../ports.ts'
import { type StepContext, tell, waitFor } from './context.ts'

/** What disabling a job does to its running tasks, in the words of the jobs API. */
const DISABLE_TASKS = { TaskCompletion: 'wait', Requeue: 'requeue', Terminate: 'terminate' } as const

/**
 * Jobs and job schedules of `from` run on `to` afterwards. A job's pool changes only while it is disabled.
 * https://learn.microsoft.com/rest/api/batchservice/jobs/update-job
 */
export async function moveJobs(
  from: string,
  to: string,
  plane: BatchDataPlane,
  option: NodeDeallocationOption,
  context: StepContext,
): Promise<void> {
  const [jobs, schedules] = await Promise.all([plane.listJobs(from), plane.listJobSchedules(from)])
  for (const schedule of schedules) await plane.moveJobSchedule(schedule, to)
  await Promise.all(jobs.map((job) => moveJob(job, to, plane, option, context)))
  if (jobs.length + schedules.length === 0) return
  tell(context, {
    kind: 'notice',
    level: 'info',
    text: `${jobs.length} jobs and ${schedules.length} job schedules moved from pool ${from} to ${to}`,
  })
}

const JOB_DELAY_MS = 5_000

/** A job that its owner had disabled stays disabled. */
async function moveJob(
  { id, state }: Job,
  to: string,
  plane: BatchDataPlane,
  option: NodeDeallocationOption,
  context: StepContext,
): Promise<void> {
  const wasActive = state === 'active' || state === 'enabling'
  if (wasActive) await plane.disableJob(id, DISABLE_TASKS[option])
  await waitFor(
    context,
    `job ${id} to be disabled`,
    () => JOB_DELAY_MS,
    async () => ((await plane.getJobState(id)) === 'disabled' ? true : undefined),
  )
  await plane.moveJob(id, to)
  if (wasActive) await plane.enableJob(id)
}
