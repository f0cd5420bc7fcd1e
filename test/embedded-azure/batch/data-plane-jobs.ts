/** Jobs and job schedules of the Batch service. https://learn.microsoft.com/rest/api/batchservice/jobs */
import { type Call, Refusal, type Route } from '../route.ts'
import { etagOver, missing, page, route } from './data-plane-routes.ts'
import { dataPlaneTaskRoutes, refuseDeleting } from './data-plane-tasks.ts'
import type { Job, JobSchedule } from './jobs.ts'
import { refuseUnmatched } from './pool-writes.ts'
import type { Pools } from './pools.ts'

export function dataPlaneJobRoutes(pools: Pools): readonly Route[] {
  const { all: jobs, schedules } = pools.jobs
  const jobOf = ({ params }: Call): Job => {
    const job = jobs.find(({ id }) => id.toLowerCase() === params.job?.toLowerCase())
    if (!job) throw new Refusal(404, 'JobNotFound', 'The specified job does not exist.')
    return job
  }

  return [
    route('GET', '/jobs', 'jobs/read', (call) => page('jobs', call, jobs.map(shownJob))),
    route('POST', '/jobs', 'jobs/write', (call) => {
      const { id, poolInfo, metadata } = call.body ?? {}
      for (const [name, value] of Object.entries({ id, poolInfo })) {
        if (!value) throw missing(name)
      }
      const twin = jobs.find((job) => job.id.toLowerCase() === id.toLowerCase())
      if (twin) refuseDeleting(twin)
      if (twin) throw new Refusal(409, 'JobExists', 'The specified job already exists.')
      const job = pools.jobs.add(id, poolInfo.poolId, metadata)
      return { status: 201, headers: { etag: etagOf(job), location: `${call.origin}/jobs/${id}` } }
    }),
    route('DELETE', '/jobs/:job', 'jobs/delete', (call) => {
      refuseDeleting(jobOf(call))
      pools.jobs.beginDelete(jobOf(call))
      return { status: 202 }
    }),
    route('POST', '/jobs/:job/terminate', 'jobs/write', (call) => {
      pools.jobs.terminate(jobOf(call))
      return { status: 202 }
    }),
    route('GET', '/jobs/:job', 'jobs/read', (call) => ({
      status: 200,
      headers: { etag: etagOf(jobOf(call)) },
      body: { 'odata.metadata': `${call.origin}/$metadata#jobs/@Element`, ...shownJob(jobOf(call)) },
    })),
    route('POST', '/jobs/:job/disable', 'jobs/write', (call) => {
      const job = jobOf(call)
      if (!call.body?.disableTasks) throw missing('disableTasks')
      pools.jobs.disable(job, call.body.disableTasks)
      return { status: 202 }
    }),
    route('POST', '/jobs/:job/enable', 'jobs/write', (call) => {
      jobOf(call).state = 'active'
      return { status: 202 }
    }),
    route('PATCH', '/jobs/:job', 'jobs/write', (call) => {
      const job = jobOf(call)
      const poolId = call.body?.poolInfo?.poolId
      const match = call.headers['if-match']
      if (match && match !== '*' && match !== etagOf(job))
        throw new Refusal(412, 'ConditionNotMet', 'The condition specified using HTTP conditional header(s) is not met.')
      if (job.state === 'completed') throw new Refusal(409, 'JobCompleted', 'The specified job is already in a completed state.')
      if (poolId && job.state !== 'disabled')
        throw new Refusal(409, 'JobNotDisabled', 'The specified operation is not valid for the current state of the job.')
      if (poolId) job.poolId = poolId
      if (call.body?.metadata) job.metadata = call.body.metadata
      return { status: 200 }
    }),
    ...dataPlaneTaskRoutes(pools, jobOf),
    route('GET', '/jobschedules', 'jobSchedules/read', (call) =>
      page(
        'jobschedules',
        call,
        schedules.map((schedule) => ({ ...schedule, eTag: scheduleEtag(schedule) })),
      ),
    ),
    route('PATCH', '/jobschedules/:schedule', 'jobSchedules/write', (call) => {
      const schedule = schedules.find(({ id }) => id.toLowerCase() === call.params.schedule?.toLowerCase())
      if (!schedule) throw new Refusal(404, 'JobScheduleNotFound', 'The specified job schedule does not exist.')
      refuseUnmatched(call.headers, scheduleEtag(schedule))
      if (call.body?.jobSpecification) schedule.jobSpecification = call.body.jobSpecification
      return { status: 200 }
    }),
  ]
}

const etagOf = ({ state, poolId, metadata }: Job): string => etagOver([state, poolId, metadata])
const scheduleEtag = ({ state, jobSpecification }: JobSchedule): string => etagOver([state, jobSpecification])

const shownJob = (job: Job) => {
  const { id, state, poolId, metadata } = job
  return {
    id,
    eTag: etagOf(job),
    state,
    poolInfo: poolId === undefined ? { autoPoolSpecification: { poolLifetimeOption: 'job' } } : { poolId },
    ...(metadata.length > 0 && { metadata }),
  }
}
