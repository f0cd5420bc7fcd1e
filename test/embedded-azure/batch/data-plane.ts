/** The Batch service: supported images, node counts, nodes and their files, resizes, jobs and job schedules. */
import { createHash } from 'node:crypto'
import type { Arm } from '../arm/resources.ts'
import { type Answer, type Call, Refusal, type Route } from '../route.ts'
import { IMAGES } from './catalogue.ts'
import { dataPlanePoolRoutes, missing } from './data-plane-pools.ts'
import { dataPlaneTaskRoutes, refuseDeleting } from './data-plane-tasks.ts'
import { affinityIdOf, type Job, type JobSchedule } from './jobs.ts'
import { refuseUnmatched } from './pool-writes.ts'
import { DURATION_MS, minutesOf, type Node, type Pool, type Pools } from './pools.ts'

const API_VERSIONS = ['2024-02-01.19.0', '2024-07-01.20.0', '2025-06-01']
/** https://learn.microsoft.com/rest/api/batchservice/pool/remove-nodes */
const MOST_NODES_REMOVED = 100
const STATES = [
  'creating',
  'idle',
  'leavingPool',
  'offline',
  'preempted',
  'rebooting',
  'reimaging',
  'running',
  'starting',
  'startTaskFailed',
  'unknown',
  'unusable',
  'waitingForStartTask',
  'upgradingOS',
]

export function batchDataPlaneRoutes(arm: Arm, pools: Pools): readonly Route[] {
  const { all: jobs, schedules } = pools.jobs
  const route = (method: Route['method'], path: string, action: string, handle: (call: Call) => Answer): Route => ({
    method,
    path,
    apiVersions: API_VERSIONS,
    action: `Microsoft.Batch/batchAccounts/${action}`,
    handle,
  })
  const page = (name: string, call: Call, value: readonly unknown[]): Answer => {
    const size = Number(call.query.get('maxresults') ?? 1_000)
    const skip = Number(call.query.get('$skiptoken') ?? 0)
    const next = new URLSearchParams(call.query)
    next.set('$skiptoken', String(skip + size))
    return {
      status: 200,
      body: {
        'odata.metadata': `${call.origin}/$metadata#${name}`,
        value: value.slice(skip, skip + size),
        ...(value.length > skip + size && { 'odata.nextLink': `${call.origin}${call.path}?${next}` }),
      },
    }
  }
  const poolOf = ({ params }: Call): Pool => pools.get(params.pool ?? '')
  const jobOf = ({ params }: Call): Job => {
    const job = jobs.find(({ id }) => id.toLowerCase() === params.job?.toLowerCase())
    if (!job) throw new Refusal(404, 'JobNotFound', 'The specified job does not exist.')
    return job
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

  return [
    route('GET', '/supportedimages', 'read', (call) =>
      page(
        'listsupportedimages',
        call,
        IMAGES.map(({ agent, end, os = 'linux', isUnverified, capabilities, ...image }) => ({
          nodeAgentSKUId: agent,
          imageReference: { ...image, version: 'latest' },
          osType: os,
          ...(capabilities && { capabilities }),
          verificationType: isUnverified ? 'unverified' : 'verified',
          ...(end && { batchSupportEndOfLife: end }),
        })),
      ),
    ),
    route('GET', '/nodecounts', 'pools/read', (call) => {
      const name = /poolId eq '([^']+)'/.exec(call.query.get('$filter') ?? '')?.[1]
      const asked = pools.visible().filter((pool) => name === undefined || pool.name === name)
      const counts = (pool: Pool, dedicated: boolean) =>
        countStates(
          pools
            .countedNodesOf(pool)
            .filter(({ isDedicated }) => isDedicated === dedicated)
            .map(({ state }) => state),
        )
      return page(
        'poolnodecounts',
        call,
        asked.map((pool) => ({ poolId: pool.name, dedicated: counts(pool, true), lowPriority: counts(pool, false) })),
      )
    }),
    route('GET', '/pools/:pool/nodes', 'pools/read', (call) => {
      const pool = poolOf(call)
      const states = [...(call.query.get('$filter') ?? '').matchAll(/state eq '(\w+)'/g)].map(([, state]) => state)
      const nodes = pools.nodesOf(pool).filter((node) => states.length === 0 || states.includes(pools.stateOf(pool, node).toLowerCase()))
      return page(
        'nodes',
        call,
        nodes.map((node) => selected(call, shownNode(pools, pool, node))),
      )
    }),
    ...dataPlanePoolRoutes(arm, pools, route, page, (pool, id) => {
      const node = pools.nodesOf(pool).find((one) => one.id === id)
      return node && shownNode(pools, pool, node)
    }),
    ...(['HEAD', 'GET'] as const).map((method) =>
      route(method, '/pools/:pool/nodes/:node/files/:file', 'pools/read', (call) => {
        const pool = poolOf(call)
        const node = pool.nodes.find(({ id }) => id === call.params.node)
        if (!node) throw new Refusal(404, 'NodeNotFound', 'The specified node does not exist.')
        if (!/^startup\/std(?:out|err)\.txt$/.test(call.params.file ?? ''))
          throw new Refusal(404, 'FileNotFound', 'The specified file does not exist.')
        const text = pools.fateOf(pool, node.index)?.[call.params.file === 'startup/stderr.txt' ? 'stderr' : 'stdout'] ?? ''
        const bytes = Buffer.from(text)
        const [, from = 0, to = bytes.length - 1] = /bytes=(\d+)-(\d+)/.exec(call.headers['ocp-range'] ?? '') ?? []
        const part = method === 'GET' ? bytes.subarray(Number(from), Number(to) + 1) : bytes
        return {
          status: 200,
          body: method === 'GET' ? part.toString() : '',
          headers: { 'content-type': 'application/octet-stream', 'content-length': String(part.length) },
        }
      }),
    ),
    route('POST', '/pools/:pool/resize', 'pools/write', (call) => {
      const pool = poolOf(call)
      if (pool.properties.scaleSettings?.autoScale)
        throw new Refusal(409, 'AutoScalingFormulaInUse', 'The specified pool is configured to use autoscaling.')
      pools.refuseBusy(pool)
      const { targetDedicatedNodes, targetLowPriorityNodes, resizeTimeout = 'PT15M', nodeDeallocationOption } = call.body ?? {}
      if (targetDedicatedNodes === undefined && targetLowPriorityNodes === undefined) throw missing('targetDedicatedNodes')
      if (minutesOf(resizeTimeout) < 5) {
        throw new Refusal(400, 'InvalidPropertyValue', 'The value provided for one of the properties in the request body is invalid.', {
          details: [
            { code: 'PropertyName', message: 'resizeTimeout' },
            { code: 'PropertyValue', message: resizeTimeout },
            { code: 'Reason', message: 'The resize timeout must be at least 5 minutes.' },
          ],
        })
      }
      const { fixedScale } = pool.properties.scaleSettings ?? {}
      pools.resize(pool, {
        targetDedicatedNodes: targetDedicatedNodes ?? fixedScale?.targetDedicatedNodes ?? 0,
        targetLowPriorityNodes: targetLowPriorityNodes ?? fixedScale?.targetLowPriorityNodes ?? 0,
        resizeTimeout,
        nodeDeallocationOption,
      })
      return { status: 202 }
    }),
    route('POST', '/pools/:pool/stopresize', 'pools/write', (call) => {
      const pool = poolOf(call)
      if (pool.properties.allocationState !== 'Resizing')
        throw new Refusal(
          409,
          'OperationInvalidForCurrentState',
          'The specified operation is not valid for the current state of the resource.',
        )
      pool.stop?.()
      return { status: 202 }
    }),
    route('POST', '/pools/:pool/removenodes', 'pools/write', (call) => {
      const pool = poolOf(call)
      pools.refuseBusy(pool)
      const { nodeList = [], resizeTimeout = 'PT15M', nodeDeallocationOption } = call.body ?? {}
      if (nodeList.length === 0 || nodeList.length > MOST_NODES_REMOVED)
        throw new Refusal(400, 'OutOfRangeInput', 'One of the input values is out of range.', {
          details: [{ code: 'PropertyName', message: 'nodeList' }],
        })
      const going = pool.nodes.filter(({ id }) => nodeList.includes(id))
      const left = (dedicated: boolean) =>
        pool.nodes.filter(({ isDedicated, id }) => isDedicated === dedicated && !nodeList.includes(id)).length
      if (going.length === 0) throw new Refusal(404, 'NodeNotFound', 'The specified node does not exist.')
      pools.resize(pool, {
        targetDedicatedNodes: left(true),
        targetLowPriorityNodes: left(false),
        resizeTimeout,
        nodeDeallocationOption,
        nodeList,
      })
      return { status: 202 }
    }),

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
    ...dataPlaneTaskRoutes(pools, route, page, jobOf),
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

const etagOver = (content: unknown): string =>
  `0x${createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 15).toUpperCase()}`

/** `$select`: what is not asked for is left out. https://learn.microsoft.com/rest/api/batchservice/odata-filters-in-batch */
function selected(call: Call, entry: object): object {
  const names = call.query.get('$select')?.split(',')
  return names ? Object.fromEntries(Object.entries(entry).filter(([name]) => names.includes(name))) : entry
}

function countStates(states: readonly string[]): Record<string, number> {
  const counts = Object.fromEntries(STATES.map((state) => [state, 0]))
  for (const state of states) counts[state] = (counts[state] ?? 0) + 1
  return { ...counts, total: states.length }
}

function shownNode(pools: Pools, pool: Pool, node: Node): object {
  const state = pools.stateOf(pool, node)
  const fate = pools.fateOf(pool, node.index)
  const hasStarted = !['creating', 'starting', 'waitingForStartTask', 'unusable'].includes(state)
  const time = new Date(node.bornAtMs + DURATION_MS.start).toISOString()
  const failed = state === 'startTaskFailed'
  return {
    id: node.id,
    state: state.toLowerCase(),
    stateTransitionTime: pools.stateTransitionTimeOf(pool, node),
    allocationTime: new Date(node.bornAtMs).toISOString(),
    isDedicated: node.isDedicated,
    affinityId: affinityIdOf(node),
    vmSize: String(pool.properties.vmSize).toLowerCase(),
    ...(fate?.errors && { errors: fate.errors }),
    ...((pool.properties.startTask || failed) &&
      hasStarted && {
        startTaskInfo: {
          state: 'completed',
          startTime: time,
          endTime: time,
          exitCode: failed ? (fate?.exitCode ?? 1) : 0,
          retryCount: 0,
          result: failed ? 'failure' : 'success',
          ...(failed && {
            failureInfo: {
              category: 'usererror',
              code: 'FailureExitCode',
              message: 'The task exited with an exit code representing a failure',
              details: [],
            },
          }),
        },
      }),
  }
}
