import { AzureError } from '../errors/azure-error.ts'
import type { BatchDataPlane, Job, JobSchedule, NodeDeallocationOption } from '../model/batch-service.ts'
import { emit, type StepContext, waitFor } from '../run/context.ts'
import { sideBySide } from '../run/side-by-side.ts'
import { MARKS, markIn, withMark } from './marks.ts'

/** What disabling a job does to its running tasks, in the words of the jobs API. */
const DISABLE_TASKS = { TaskCompletion: 'wait', Requeue: 'requeue', Terminate: 'terminate' } as const
/** An account may have a thousand active jobs; each is polled every few seconds until its tasks have ended. */
const MOST_JOBS_AT_ONCE = 10

/** A move of all jobs from one pool to another. */
export interface JobMove {
  /** Name of the pool that the jobs are on. */
  readonly from: string
  readonly to: string
  readonly plane: BatchDataPlane
  /** What becomes of running tasks. */
  readonly option: NodeDeallocationOption
}

interface Move extends JobMove {
  readonly context: StepContext
}

/**
 * Jobs and job schedules of `from` run on `to` afterwards; jobs that an interrupted run moved without enabling them again are enabled. Jobs with
 * a pool of their own (`autoPoolSpecification`) are on no pool by name, and stay. https://learn.microsoft.com/rest/api/batchservice/jobs/update-job
 */
export async function moveJobs(jobMove: JobMove, context: StepContext): Promise<void> {
  const { from, to, plane } = jobMove
  const [jobs, schedules, arrived] = await Promise.all([plane.listJobs(from), plane.listJobSchedules(from), plane.listJobs(to)])
  const move = { ...jobMove, context }
  for (const schedule of schedules) await moveJobSchedule(schedule, jobMove)
  const stranded = arrived.filter(isToBeEnabled)
  await sideBySide(stranded, MOST_JOBS_AT_ONCE, (job) => enable(job, move))
  await sideBySide(jobs, MOST_JOBS_AT_ONCE, (job) => moveJob(job, move))
  if (jobs.length + schedules.length + stranded.length === 0) return
  const also = stranded.length > 0 ? `; ${stranded.length} jobs that an earlier run had left disabled are enabled again` : ''
  emit(context, {
    kind: 'notice',
    level: 'info',
    text: `${jobs.length} jobs and ${schedules.length} job schedules moved from pool ${from} to ${to}${also}`,
  })
}

/** Moves a schedule as it was read. One that somebody changed since is read again; one that is gone needs no move. */
async function moveJobSchedule(schedule: JobSchedule, move: JobMove): Promise<void> {
  const { from, to, plane } = move
  try {
    await plane.moveJobSchedule(schedule, to)
  } catch (error) {
    if (!(error instanceof AzureError) || (error.status !== 412 && error.status !== 404)) throw error
    const now = (await plane.listJobSchedules(from)).find(({ id }) => id === schedule.id)
    if (now && now.etag === schedule.etag) throw error
    if (now) await moveJobSchedule(now, move)
  }
}

const JOB_DELAY_MS = 5_000

/** A job that its owner disabled stays disabled. A job that this run or an interrupted one disabled is enabled again in any case. */
async function moveJob(job: Job, move: Move): Promise<void> {
  const { to, plane, option } = move
  const isActive = job.state === 'active' || job.state === 'enabling'
  const isOurs = isActive || isToBeEnabled(job)
  if (isActive) {
    if (!isToBeEnabled(job) && !(await mark(job, plane, to))) return
    await plane.disableJob(job.id, DISABLE_TASKS[option])
  }
  try {
    if (!(await isDisabled(job, move))) return
    await plane.moveJob(job.id, to)
  } catch (error) {
    // It is disabled, but cannot be moved: it stays on its pool.
    if (isOurs && !move.context.signal.aborted) await enable(job, move)
    throw error
  }
  if (isOurs) await enable(job, move)
}

const isToBeEnabled = ({ metadata }: Job): boolean => markIn(metadata, MARKS.enable) !== undefined

async function enable(job: Job, move: Move): Promise<void> {
  const { plane } = move
  const state = (await plane.getJob(job.id))?.state
  if (state === undefined) return
  if (state === 'disabled' || (state === 'disabling' && (await isDisabled(job, move)))) await plane.enableJob(job.id)
  await mark(job, plane)
}

/**
 * Sets the mark in the metadata as it is now, or removes it without a value: hours may have passed since the job was listed.
 * `false` where the job ended meanwhile.
 */
async function mark({ id }: Job, plane: BatchDataPlane, value?: string): Promise<boolean> {
  for (let isSecondTry = false; ; isSecondTry = true) {
    const job = await plane.getJob(id)
    if (hasEnded(job)) return false
    if (markIn(job.metadata, MARKS.enable) === value) return true
    try {
      await plane.setJobMetadata(job, withMark(job.metadata, MARKS.enable, value))
      return true
    } catch (error) {
      // 412: changed since it was read; 409: ended since.
      if (isSecondTry || !(error instanceof AzureError && (error.status === 412 || error.status === 409))) throw error
    }
  }
}

const hasEnded = (job: Job | undefined): job is undefined =>
  job === undefined || job.state === 'terminating' || job.state === 'completed' || job.state === 'deleting'

/** Waits until the job's running tasks have ended as the option says; `false` where the job ended meanwhile. */
function isDisabled({ id }: Job, { plane, context }: Move): Promise<boolean> {
  return waitFor(
    context,
    () => `job ${id} to be disabled`,
    () => JOB_DELAY_MS,
    async () => {
      const job = await plane.getJob(id)
      if (hasEnded(job)) return false
      return job.state === 'disabled' ? true : undefined
    },
  )
}
