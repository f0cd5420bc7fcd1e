import type { TokenCredential } from '@azure/core-auth'
import { createHttpHeaders, createPipelineRequest, type HttpMethods, isRestError, type PipelineResponse } from '@azure/core-rest-pipeline'
import { DataPlaneUnreachableError } from '../errors/run-errors.ts'
import type { BatchAccount } from '../model/batch.ts'
import type { BatchDataPlane, ComputeNode, Job, JobSchedule, NodeState, NodeStateCounts, SupportedImage } from '../model/batch-service.ts'
import type { OsType } from '../model/compute.ts'
import { type Attempt, failedAnswer, failedCall, trusted } from './failure.ts'
import { createSender, type TransportOptions } from './transport.ts'

const API_VERSION = '2025-06-01'
const JSON_TYPE = 'application/json; odata=minimalmetadata'
/** A host that is private from here; a busy one answers. */
const UNREACHABLE_CODES = new Set(['ENOTFOUND', 'ECONNREFUSED', 'ETIMEDOUT'])
/** Refusals of accounts with public network access disabled. https://learn.microsoft.com/azure/batch/public-network-access */
const PRIVATE_CODES = /AuthorizationFailure|PublicNetworkAccess|IPAddress(?:Not)?Allowed/i

/** The Batch service: node states, nodes, files and resizes exist only here. No installable SDK speaks its current api-version. */
export function createDataPlane(
  account: BatchAccount,
  credential: TokenCredential,
  scope: string,
  transport: TransportOptions,
): BatchDataPlane {
  const sendRequest = createSender(credential, scope, transport)
  const host = account.accountEndpoint

  const send = async (
    operation: string,
    method: HttpMethods,
    path: string,
    { query = {}, body, headers = {} }: { query?: Record<string, string>; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<{ answer: PipelineResponse; attempt: Attempt }> => {
    const url = path.startsWith('https:') ? path : `https://${host}${path}?${new URLSearchParams({ ...query, 'api-version': API_VERSION })}`
    const attempt = { operation, method, url }
    const request = createPipelineRequest({
      url,
      method,
      headers: createHttpHeaders({ accept: JSON_TYPE, ...(body !== undefined && { 'content-type': JSON_TYPE }), ...headers }),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    try {
      return { answer: await sendRequest(request), attempt }
    } catch (error) {
      if (isRestError(error) && error.code && UNREACHABLE_CODES.has(error.code)) throw new DataPlaneUnreachableError(host, error.message)
      throw failedCall(attempt, error, undefined)
    }
  }

  const ask = async (...request: Parameters<typeof send>): Promise<PipelineResponse> => {
    const { answer, attempt } = await send(...request)
    if (answer.status < 400) return answer
    const failure = failedAnswer(attempt, answer)
    if (answer.status === 403 && PRIVATE_CODES.test(answer.bodyAsText ?? '')) throw new DataPlaneUnreachableError(host, failure.message)
    throw failure
  }

  const list = async <T>(
    operation: string,
    path: string,
    query: Record<string, string>,
    limit = Number.POSITIVE_INFINITY,
  ): Promise<T[]> => {
    const found: T[] = []
    let answer = await ask(operation, 'GET', path, { query })
    for (;;) {
      const page = JSON.parse(answer.bodyAsText || '{}') as { value?: T[]; 'odata.nextLink'?: string }
      found.push(...(page.value ?? []))
      const next = page['odata.nextLink']
      if (!next || found.length >= limit) return found.slice(0, limit)
      answer = await ask(operation, 'GET', trusted(next, `https://${host}`, 'the next page'))
    }
  }

  return {
    async listSupportedImages() {
      const images = await list<WireSupportedImage>('list supported images', '/supportedimages', {})
      return images.map(toSupportedImage)
    },

    async getNodeCounts(poolName) {
      const [counts] = await list<WireNodeCounts>('count nodes', '/nodecounts', { $filter: `poolId eq '${poolName}'` })
      return { dedicated: present(counts?.dedicated), lowPriority: present(counts?.lowPriority) }
    },

    async listNodes(poolName, states, limit) {
      const query = {
        $filter: states.map((state) => `state eq '${state.toLowerCase()}'`).join(' or '),
        $select: 'id,state,isDedicated,errors,startTaskInfo',
        maxresults: String(Math.min(1000, limit)),
      }
      return (await list<WireNode>('list nodes', `/pools/${poolName}/nodes`, query, limit)).map(toNode)
    },

    async getStartTaskOutput(poolName, nodeId, file, bytes) {
      // The document takes a file's path as one segment.
      const path = `/pools/${poolName}/nodes/${nodeId}/files/${encodeURIComponent(`startup/${file}`)}`
      const properties = await send('read start task output', 'HEAD', path)
      const length = Number(properties.answer.headers.get('content-length'))
      if (properties.answer.status !== 200 || !length) return undefined
      const { answer } = await send('read start task output', 'GET', path, {
        headers: { accept: '*/*', 'ocp-range': `bytes=${Math.max(0, length - bytes)}-${length - 1}` },
      })
      return answer.status < 300 ? (answer.bodyAsText ?? '').slice(-bytes) : undefined
    },

    async resize(poolName, request) {
      const { nodeDeallocationOption, ...body } = request
      await ask('resize pool', 'POST', `/pools/${poolName}/resize`, {
        body: { ...body, nodeDeallocationOption: nodeDeallocationOption.toLowerCase() },
      })
    },

    async removeNodes(poolName, nodeIds, { resizeTimeout, nodeDeallocationOption }) {
      await ask('remove nodes', 'POST', `/pools/${poolName}/removenodes`, {
        body: { nodeList: nodeIds, resizeTimeout, nodeDeallocationOption: nodeDeallocationOption.toLowerCase() },
      })
    },

    async listJobs(poolName) {
      const jobs = await list<WireJob>('list jobs', '/jobs', { $select: 'id,eTag,state,poolInfo,metadata' })
      return jobs
        .filter(({ state, poolInfo }) => isOn(poolInfo, poolName) && !['completed', 'terminating', 'deleting'].includes(state))
        .map(toJob)
    },

    async getJob(id) {
      const { answer, attempt } = await send('read job', 'GET', `/jobs/${id}`, { query: { $select: 'id,eTag,state,metadata' } })
      if (answer.status === 404) return undefined
      if (answer.status >= 400) throw failedAnswer(attempt, answer)
      return toJob(JSON.parse(answer.bodyAsText || '{}') as WireJob)
    },

    async setJobMetadata({ id, etag }, metadata) {
      await ask('mark job', 'PATCH', `/jobs/${id}`, { body: { metadata }, headers: { 'if-match': etag } })
    },

    async disableJob(id, disableTasks) {
      await ask('disable job', 'POST', `/jobs/${id}/disable`, { body: { disableTasks } })
    },

    async moveJob(id, poolName) {
      await ask('move job', 'PATCH', `/jobs/${id}`, { body: { poolInfo: { poolId: poolName } } })
    },

    async enableJob(id) {
      await ask('enable job', 'POST', `/jobs/${id}/enable`)
    },

    async listJobSchedules(poolName) {
      const schedules = await list<WireJobSchedule>('list job schedules', '/jobschedules', { $select: 'id,state,jobSpecification' })
      return schedules
        .filter(
          ({ state, jobSpecification }) =>
            isOn(jobSpecification.poolInfo, poolName) && !['completed', 'terminating', 'deleting'].includes(state),
        )
        .map(({ id, jobSpecification }) => ({ id, jobSpecification }))
    },

    async moveJobSchedule({ id, jobSpecification }, poolName) {
      await ask('move job schedule', 'PATCH', `/jobschedules/${id}`, {
        body: { jobSpecification: { ...jobSpecification, poolInfo: { poolId: poolName } } },
      })
    },
  }
}

interface WireJob extends Pick<Job, 'id' | 'state'> {
  readonly eTag: string
  readonly poolInfo?: PoolInfo
  readonly metadata?: Job['metadata']
}

interface PoolInfo {
  readonly poolId?: string
}

interface WireJobSchedule extends JobSchedule {
  readonly state: string
  readonly jobSpecification: Readonly<Record<string, unknown>> & { readonly poolInfo?: PoolInfo }
}

const isOn = (info: PoolInfo | undefined, poolName: string): boolean => info?.poolId?.toLowerCase() === poolName.toLowerCase()

const toJob = ({ id, eTag, state, metadata = [] }: WireJob): Job => ({ id, etag: eTag, state, metadata })

interface WireSupportedImage {
  readonly nodeAgentSKUId: string
  readonly imageReference: SupportedImage['imageReference']
  readonly osType: string
  readonly verificationType: SupportedImage['verificationType']
  readonly batchSupportEndOfLife?: string
}

interface WireNodeCounts {
  readonly poolId: string
  readonly dedicated: Record<string, number>
  readonly lowPriority: Record<string, number>
}

interface WireNode {
  readonly id: string
  readonly state: string
  readonly isDedicated?: boolean
  readonly errors?: readonly { readonly code?: string; readonly message?: string; readonly errorDetails?: readonly NameValue[] }[]
  readonly startTaskInfo?: {
    readonly state: string
    readonly exitCode?: number
    readonly failureInfo?: { readonly code?: string; readonly message?: string; readonly details?: readonly NameValue[] }
  }
}

interface NameValue {
  readonly name?: string
  readonly value?: string
}

function toSupportedImage({
  nodeAgentSKUId,
  osType,
  batchSupportEndOfLife,
  imageReference,
  verificationType,
}: WireSupportedImage): SupportedImage {
  return {
    nodeAgentSkuId: nodeAgentSKUId,
    imageReference,
    osType: (osType.toLowerCase() === 'windows' ? 'Windows' : 'Linux') satisfies OsType,
    verificationType,
    ...(batchSupportEndOfLife && { batchSupportEndOfLife }),
  }
}

/** States with at least one node; `total` is a sum, not a state. */
function present(counts: Record<string, number> = {}): NodeStateCounts {
  return Object.fromEntries(Object.entries(counts).filter(([state, count]) => state !== 'total' && count > 0)) as NodeStateCounts
}

const STATES: readonly NodeState[] = [
  'creating',
  'starting',
  'waitingForStartTask',
  'idle',
  'running',
  'startTaskFailed',
  'unusable',
  'offline',
  'preempted',
  'rebooting',
  'reimaging',
  'leavingPool',
  'upgradingOS',
  'deallocating',
  'deallocated',
]

/** Nodes carry their state in lower case (`starttaskfailed`), counts in camel case. */
function stateOf(text: string): NodeState {
  return STATES.find((state) => state.toLowerCase() === text.toLowerCase()) ?? 'unknown'
}

function toNode({ id, state, isDedicated = true, errors = [], startTaskInfo }: WireNode): ComputeNode {
  return {
    id,
    state: stateOf(state),
    isDedicated,
    errors: errors.map(({ code = '', message = '', errorDetails = [] }) => ({ code, message, details: errorDetails.map(toDetail) })),
    ...(startTaskInfo && { startTaskInfo: toStartTaskInfo(startTaskInfo) }),
  }
}

function toStartTaskInfo({
  state,
  exitCode,
  failureInfo,
}: NonNullable<WireNode['startTaskInfo']>): NonNullable<ComputeNode['startTaskInfo']> {
  return {
    state,
    ...(exitCode !== undefined && { exitCode }),
    ...(failureInfo && {
      failureInfo: { code: failureInfo.code ?? '', message: failureInfo.message ?? '', details: (failureInfo.details ?? []).map(toDetail) },
    }),
  }
}

const toDetail = ({ name = '', value = '' }: NameValue) => ({ name, value })
