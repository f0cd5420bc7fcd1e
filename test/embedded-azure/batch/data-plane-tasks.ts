/** Tasks that callers add to jobs, and the files that they write. https://learn.microsoft.com/rest/api/batchservice/tasks */
import { type Answer, type Call, Refusal, type Route } from '../route.ts'
import { missing, page, route } from './data-plane-routes.ts'
import { affinityIdOf, isCutShort, type Job, type Task } from './jobs.ts'
import { minutesOf } from './pool.ts'
import type { Pools } from './pools.ts'

export function dataPlaneTaskRoutes(pools: Pools, jobOf: (call: Call) => Job): readonly Route[] {
  return [
    route('POST', '/jobs/:job/tasks', 'jobs/write', (call) => {
      const job = jobOf(call)
      refuseDeleting(job)
      const { id, commandLine, affinityInfo, requiredSlots = 1, constraints = {}, containerSettings } = call.body ?? {}
      for (const [name, value] of Object.entries({ id, commandLine })) {
        if (!value) throw missing(name)
      }
      if (job.tasks.some((task) => task.id === id)) throw new Refusal(409, 'TaskExists', 'The specified task already exists.')
      const { maxWallClockTime } = constraints
      pools.jobs.addTask(job, id, {
        commandLine,
        requiredSlots,
        ...(affinityInfo && { affinityId: affinityInfo.affinityId }),
        ...(maxWallClockTime && { maxMinutes: minutesOf(maxWallClockTime) }),
        ...(containerSettings && { containerSettings }),
      })
      return { status: 201, headers: { location: `${call.origin}/jobs/${job.id}/tasks/${id}` } }
    }),
    route('GET', '/jobs/:job/tasks', 'jobs/read', (call) => {
      const job = jobOf(call)
      return page(
        'tasks',
        call,
        job.tasks.map((task) => shownTask(job, task)),
      )
    }),
    ...(['HEAD', 'GET'] as const).map((method) =>
      route(method, '/jobs/:job/tasks/:task/files/:file', 'jobs/read', (call) => fileAnswer(method, jobOf(call), call)),
    ),
  ]
}

/** https://learn.microsoft.com/rest/api/batchservice/jobs/delete-job: updates of a job that is being deleted fail with 409. */
export function refuseDeleting({ state }: Job): void {
  if (state === 'deleting')
    throw new Refusal(409, 'JobBeingDeleted', 'The specified job has been marked for deletion and is being garbage collected.')
}

function fileAnswer(method: 'HEAD' | 'GET', { tasks }: Job, { params, headers }: Call): Answer {
  const task = tasks.find(({ id }) => id === params.task)
  if (!task) throw new Refusal(404, 'TaskNotFound', 'The specified task does not exist.')
  if (!/^std(?:out|err)\.txt$/.test(params.file ?? '') || task.nodeId === undefined)
    throw new Refusal(404, 'FileNotFound', 'The specified file does not exist.')
  const bytes = Buffer.from(task.fate?.[params.file === 'stderr.txt' ? 'stderr' : 'stdout'] ?? '')
  const [, from = 0, to = bytes.length - 1] = /bytes=(\d+)-(\d+)/.exec(headers['ocp-range'] ?? '') ?? []
  const part = method === 'GET' ? bytes.subarray(Number(from), Number(to) + 1) : bytes
  return {
    status: 200,
    body: method === 'GET' ? part.toString() : '',
    headers: { 'content-type': 'application/octet-stream', 'content-length': String(part.length) },
  }
}

function shownTask({ poolId = '' }: Job, task: Task): object {
  const { id, state, spec, nodeId, startedAtMs, endedAtMs, result, fate } = task
  const exitCode = isCutShort(task) ? ENDED_BY_BATCH : (fate?.exitCode ?? 0)
  return {
    id,
    state,
    ...(spec && { commandLine: spec.commandLine, requiredSlots: spec.requiredSlots }),
    ...(spec?.containerSettings && { containerSettings: spec.containerSettings }),
    ...(nodeId && { nodeInfo: { affinityId: affinityIdOf({ id: nodeId }), poolId, nodeId } }),
    executionInfo: {
      ...(startedAtMs !== undefined && { startTime: new Date(startedAtMs).toISOString() }),
      ...(endedAtMs !== undefined && { endTime: new Date(endedAtMs).toISOString() }),
      ...(state === 'completed' && { exitCode }),
      ...(result && { result }),
      ...(state === 'completed' && result === 'failure' && { failureInfo: FAILED }),
      retryCount: 0,
      requeueCount: 0,
    },
  }
}

/** https://learn.microsoft.com/rest/api/batchservice/tasks/get-task (`failureInfo`), codes: https://learn.microsoft.com/azure/batch/batch-job-task-error-checking */
const FAILED = {
  category: 'usererror',
  code: 'FailureExitCode',
  message: 'The task exited with an exit code representing a failure',
  details: [{ name: 'Message', value: 'The task exited with an exit code representing a failure' }],
}
/** `0xC000013A`, of a task that was ended for its time: https://github.com/Azure/BatchExplorer/issues/146 */
const ENDED_BY_BATCH = -1_073_741_510
