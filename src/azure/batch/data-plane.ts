import { isRestError, type PipelineRequest, type PipelineResponse } from '@azure/core-rest-pipeline'
import { AzureError } from '../../errors/azure-error.ts'
import { innermost } from '../../errors/innermost.ts'
import { DataPlaneUnreachableError, PRIVATE_ACCOUNT } from '../../errors/run-errors.ts'
import { explainUnreachable, unreachable } from '../../errors/unreachable.ts'
import type { BatchAccount } from '../../model/batch.ts'
import type { BatchDataPlane } from '../../model/batch-service.ts'
import type { Connection } from '../connection.ts'
import { type JsonRequest, Requests } from '../requests.ts'
import { createSender } from '../transport.ts'
import { toAutoScaleRun, type WireAutoScaleRun } from './formulas.ts'
import { isUnfinishedOn, toJob, type WireJob, type WireJobSchedule } from './jobs.ts'
import { present, toNode, toSighting, toSupportedImage, type WireNode, type WireNodeCounts, type WireSupportedImage } from './nodes.ts'
import { taskBody, toTask, type WireTask } from './tasks.ts'

const API_VERSION = '2025-06-01'
const JSON_TYPE = 'application/json; odata=minimalmetadata'

/** The Batch service: node states, nodes, files and resizes exist only here. No published SDK speaks its current api-version. */
export function createDataPlane({ accountEndpoint }: BatchAccount, connection: Connection): BatchDataPlane {
  const { credential, cloud, transport, clock } = connection
  const origin = `https://${accountEndpoint}`
  const send = reaching(accountEndpoint, createSender(credential, cloud.batchScope, transport))
  const requests = new Requests({ send, origin, clock, contentType: JSON_TYPE })

  const to = (operation: string, method: string, path: string, query: Readonly<Record<string, string>> = {}): JsonRequest => ({
    operation,
    method,
    url: `${origin}${path}?${new URLSearchParams({ ...query, 'api-version': API_VERSION })}`,
  })
  const act = async (request: JsonRequest): Promise<void> => void (await requests.json(request))

  return { ...poolsOf(requests, to, act), ...nodesOf(requests, to, act), ...jobsOf(requests, to, act), ...tasksOf(requests, to, act) }
}

type To = (operation: string, method: string, path: string, query?: Readonly<Record<string, string>>) => JsonRequest
type Act = (request: JsonRequest) => Promise<void>
type TaskPart = 'createJob' | 'deleteJob' | 'addTask' | 'listTasks' | 'getTaskOutput'
type PoolPart = 'resize' | 'evaluateAutoScale' | 'enableAutoScale' | 'getPoolEtag' | 'deletePool'
type NodePart = 'listSupportedImages' | 'getNodeCounts' | 'listNodes' | 'listNodeStates' | 'getStartTaskOutput' | 'removeNodes'

function poolsOf(requests: Requests, to: To, act: Act): Pick<BatchDataPlane, PoolPart> {
  return {
    resize: (poolName, { nodeDeallocationOption, ...body }) =>
      act({
        ...to('resize pool', 'POST', `/pools/${poolName}/resize`),
        body: { ...body, nodeDeallocationOption: nodeDeallocationOption.toLowerCase() },
      }),

    async evaluateAutoScale(poolName, autoScaleFormula) {
      const request = { ...to('evaluate autoscale formula', 'POST', `/pools/${poolName}/evaluateautoscale`), body: { autoScaleFormula } }
      return toAutoScaleRun(await requests.json<WireAutoScaleRun>(request))
    },

    enableAutoScale: (poolName, { formula, evaluationInterval }) =>
      act({
        ...to('enable autoscale', 'POST', `/pools/${poolName}/enableautoscale`),
        body: { autoScaleFormula: formula, ...(evaluationInterval && { autoScaleEvaluationInterval: evaluationInterval }) },
      }),

    async getPoolEtag(poolName) {
      const pool = await requests.find<{ eTag?: string }>(to('read pool', 'GET', `/pools/${poolName}`, { $select: 'id,eTag' }))
      return pool?.eTag
    },

    async deletePool(poolName, etag) {
      try {
        await act({ ...to('delete pool', 'DELETE', `/pools/${poolName}`), headers: { 'if-match': etag } })
      } catch (error) {
        const isGoing = error instanceof AzureError && (error.status === 404 || error.code === 'PoolBeingDeleted')
        if (!isGoing) throw error
      }
    },
  }
}

function nodesOf(requests: Requests, to: To, act: Act): Pick<BatchDataPlane, NodePart> {
  return {
    async listSupportedImages() {
      return (await requests.list<WireSupportedImage>(to('list supported images', 'GET', '/supportedimages'))).map(toSupportedImage)
    },

    async getNodeCounts(poolName) {
      const ofPool = { $filter: `poolId eq '${poolName}'` }
      const [counts] = await requests.listIfAny<WireNodeCounts>(to('count nodes', 'GET', '/nodecounts', ofPool))
      return { dedicated: present(counts?.dedicated), lowPriority: present(counts?.lowPriority) }
    },

    async listNodes(poolName, states, limit) {
      const query = {
        $filter: states.map((state) => `state eq '${state.toLowerCase()}'`).join(' or '),
        $select: 'id,state,isDedicated,affinityId,errors,startTaskInfo',
        maxresults: String(Math.min(1000, limit)),
      }
      return (await requests.list<WireNode>(to('list nodes', 'GET', `/pools/${poolName}/nodes`, query), limit)).map(toNode)
    },

    async listNodeStates(poolName) {
      const query = { $select: 'id,state,isDedicated,allocationTime,stateTransitionTime', maxresults: '1000' }
      return (await requests.list<WireNode>(to('list nodes', 'GET', `/pools/${poolName}/nodes`, query))).map(toSighting)
    },

    async getStartTaskOutput({ poolName, nodeId, file, bytes }) {
      // The document takes a file's path as one segment.
      const path = `/pools/${poolName}/nodes/${nodeId}/files/${encodeURIComponent(`startup/${file}`)}`
      return endOfFile('read start task output', path, bytes, { requests, to })
    },

    removeNodes: (poolName, nodeList, { resizeTimeout, nodeDeallocationOption }) =>
      act({
        ...to('remove nodes', 'POST', `/pools/${poolName}/removenodes`),
        body: { nodeList, resizeTimeout, nodeDeallocationOption: nodeDeallocationOption.toLowerCase() },
      }),
  }
}

/** `undefined` where there is no such file, or nothing in it. */
async function endOfFile(
  operation: string,
  path: string,
  bytes: number,
  { requests, to }: { readonly requests: Requests; readonly to: To },
): Promise<string | undefined> {
  const properties = await requests.send(to(operation, 'HEAD', path))
  const length = Number(properties.headers.get('content-length'))
  if (properties.status !== 200 || !length) return undefined
  const headers = { accept: '*/*', 'ocp-range': `bytes=${Math.max(0, length - bytes)}-${length - 1}` }
  const answer = await requests.send({ ...to(operation, 'GET', path), headers })
  return answer.status < 300 ? (answer.bodyAsText ?? '').slice(-bytes) : undefined
}

function tasksOf(requests: Requests, to: To, act: Act): Pick<BatchDataPlane, TaskPart> {
  return {
    createJob: ({ id, poolName, priority, metadata }) =>
      act({ ...to('create job', 'POST', '/jobs'), body: { id, priority, poolInfo: { poolId: poolName }, metadata } }),

    async deleteJob(id) {
      try {
        await act(to('delete job', 'DELETE', `/jobs/${id}`))
      } catch (error) {
        // 409: it is being deleted already.
        if (!(error instanceof AzureError && (error.status === 404 || /^JobBeingDeleted$/i.test(error.code)))) throw error
      }
    },

    addTask: (jobId, task) => act({ ...to('add task', 'POST', `/jobs/${jobId}/tasks`), body: taskBody(task) }),

    async listTasks(jobId) {
      const query = { $select: 'id,state,nodeInfo,executionInfo' }
      return (await requests.list<WireTask>(to('list tasks', 'GET', `/jobs/${jobId}/tasks`, query))).map(toTask)
    },

    getTaskOutput: ({ jobId, taskId, file, bytes }) =>
      endOfFile('read task output', `/jobs/${jobId}/tasks/${taskId}/files/${file}`, bytes, { requests, to }),
  }
}

function jobsOf(requests: Requests, to: To, act: Act): Omit<BatchDataPlane, PoolPart | NodePart | TaskPart> {
  return {
    async listJobs(poolName) {
      const jobs = await requests.list<WireJob>(to('list jobs', 'GET', '/jobs', { $select: 'id,eTag,state,poolInfo,metadata' }))
      return jobs.filter(({ state, poolInfo }) => isUnfinishedOn(poolName, state, poolInfo)).map(toJob)
    },

    async getJob(id) {
      const job = await requests.find<WireJob>(to('read job', 'GET', `/jobs/${id}`, { $select: 'id,eTag,state,metadata' }))
      return job && toJob(job)
    },

    setJobMetadata: ({ id, etag }, metadata) =>
      act({ ...to('mark job', 'PATCH', `/jobs/${id}`), body: { metadata }, headers: { 'if-match': etag } }),

    disableJob: (id, disableTasks) => act({ ...to('disable job', 'POST', `/jobs/${id}/disable`), body: { disableTasks } }),

    moveJob: (id, poolName) => act({ ...to('move job', 'PATCH', `/jobs/${id}`), body: { poolInfo: { poolId: poolName } } }),

    enableJob: (id) => act(to('enable job', 'POST', `/jobs/${id}/enable`)),

    async listJobSchedules(poolName) {
      const query = { $select: 'id,eTag,state,jobSpecification' }
      const schedules = await requests.list<WireJobSchedule>(to('list job schedules', 'GET', '/jobschedules', query))
      return schedules
        .filter(({ state, jobSpecification }) => isUnfinishedOn(poolName, state, jobSpecification.poolInfo))
        .map(({ id, eTag, jobSpecification }) => ({ id, etag: eTag, jobSpecification }))
    },

    moveJobSchedule: ({ id, etag, jobSpecification }, poolName) =>
      act({
        ...to('move job schedule', 'PATCH', `/jobschedules/${id}`),
        body: { jobSpecification: { ...jobSpecification, poolInfo: { poolId: poolName } } },
        headers: { 'if-match': etag },
      }),
  }
}

/** Refusals of accounts with public network access disabled. https://learn.microsoft.com/azure/batch/public-network-access */
const PRIVATE_CODES = /AuthorizationFailure|PublicNetworkAccess|IPAddress(?:Not)?Allowed/i

/** @throws DataPlaneUnreachableError where the host cannot be reached, or refuses every request from this network */
function reaching(host: string, send: (request: PipelineRequest) => Promise<PipelineResponse>): typeof send {
  return async (request) => {
    let answer: PipelineResponse
    try {
      answer = await send(request)
    } catch (error) {
      throw dataPlaneUnreachable(host, error) ?? error
    }
    const { status, bodyAsText } = answer
    if (status !== 403 || !PRIVATE_CODES.test(bodyAsText ?? '')) return answer
    throw new DataPlaneUnreachableError(host, innermost(bodyAsText).message)
  }
}

/** The error for a host that is private or blocked; `undefined` for other failures, such as that of a busy host. */
function dataPlaneUnreachable(host: string, error: unknown): DataPlaneUnreachableError | undefined {
  if (!isRestError(error)) return undefined
  const reason = unreachable(error)
  if (!reason) return error.code === 'ETIMEDOUT' ? new DataPlaneUnreachableError(host, error.message) : undefined
  const { hint, link } = explainUnreachable(host, reason)
  // A private account has no public name, or one that cannot be reached from outside.
  if (reason.kind === 'name' || reason.kind === 'refused')
    return new DataPlaneUnreachableError(host, reason.words, { ...PRIVATE_ACCOUNT, hint: `${hint} ${PRIVATE_ACCOUNT.hint}` })
  return new DataPlaneUnreachableError(host, reason.words, { hint, ...(link && { link }) })
}
