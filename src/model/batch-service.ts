/** The Batch service (data plane): nodes, jobs, supported images. Property names are Azure's own. */
import type { MarketplaceImage, OsType } from './compute.ts'

/** Node states of the data plane, lower camel case as in `nodecounts`. */
export type NodeState =
  | 'creating'
  | 'starting'
  | 'waitingForStartTask'
  | 'idle'
  | 'running'
  | 'startTaskFailed'
  | 'unusable'
  | 'offline'
  | 'preempted'
  | 'rebooting'
  | 'reimaging'
  | 'leavingPool'
  | 'unknown'
  | 'upgradingOS'
  | 'deallocating'
  | 'deallocated'

export type NodeStateCounts = Readonly<Partial<Record<NodeState, number>>>

/** Nodes by state; a state with no node is absent. */
export interface NodeCounts {
  readonly dedicated: NodeStateCounts
  readonly lowPriority: NodeStateCounts
}

export interface NodeError {
  readonly code: string
  readonly message: string
  readonly details: readonly { readonly name: string; readonly value: string }[]
}

export interface ComputeNode {
  readonly id: string
  readonly state: NodeState
  readonly isDedicated: boolean
  /** A task with this `affinityId` runs on this node, if it is free. */
  readonly affinityId?: string
  readonly errors: readonly NodeError[]
  readonly startTaskInfo?: {
    readonly state: string
    readonly exitCode?: number
    readonly failureInfo?: NodeError
  }
}

/** A node as far as the health gate needs it. Times are ISO 8601, by Azure's clock. */
export interface NodeSighting extends Pick<ComputeNode, 'id' | 'state' | 'isDedicated'> {
  readonly allocationTime?: string
  readonly stateTransitionTime?: string
}

/** One evaluation of an autoscale formula. */
export interface AutoScaleRun {
  readonly evaluationTime: string
  /** E.g. `$TargetDedicatedNodes=3;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue`; also where the evaluation failed. */
  readonly results?: string
  /** As Azure gives it: ARM nests `details`, the data plane has `values`. */
  readonly error?: { readonly code: string; readonly message: string }
}

/** An entry of the account's `supportedimages`. */
export interface SupportedImage {
  readonly nodeAgentSkuId: string
  readonly imageReference: MarketplaceImage
  readonly osType: OsType
  readonly verificationType: 'verified' | 'unverified'
  readonly batchSupportEndOfLife?: string
}

export type NodeDeallocationOption = 'Requeue' | 'Terminate' | 'TaskCompletion'

export interface ResizeRequest {
  readonly targetDedicatedNodes: number
  readonly targetLowPriorityNodes: number
  /** ISO 8601 duration. */
  readonly resizeTimeout: string
  readonly nodeDeallocationOption: NodeDeallocationOption
}

export interface StartTaskOutputRequest {
  readonly poolName: string
  readonly nodeId: string
  readonly file: 'stdout.txt' | 'stderr.txt'
  /** How many, counted from the end of the file. */
  readonly bytes: number
}

/** A job of a pool. */
export interface Job {
  readonly id: string
  readonly etag: string
  readonly state: 'active' | 'disabling' | 'disabled' | 'enabling' | 'terminating' | 'completed' | 'deleting'
  readonly metadata: readonly { readonly name: string; readonly value: string }[]
}

/** A job that runs its tasks on an existing pool. */
export interface NewJob {
  readonly id: string
  readonly poolName: string
  /** -1,000 to 1,000. Batch's default is 0. */
  readonly priority: number
  readonly metadata: Job['metadata']
}

/** A task that is run once, without retries. */
export interface NewTask {
  readonly id: string
  readonly commandLine: string
  /** That of the node which it should run on: Batch prefers that node if it is free. */
  readonly affinityId: string
  /** The slots of the node that it takes up; with all of them, no other task runs beside it. */
  readonly requiredSlots: number
  /** ISO 8601 duration, counted from its start. */
  readonly maxWallClockTime: string
  /** Required on a pool with a container configuration. */
  readonly containerImage?: string
}

export interface Task {
  readonly id: string
  readonly state: 'active' | 'preparing' | 'running' | 'completed'
  /** Absent until it starts. */
  readonly nodeId?: string
  /** ISO 8601. */
  readonly startTime?: string
  readonly endTime?: string
  /** Absent where the command did not run to its end. */
  readonly exitCode?: number
  readonly failureInfo?: NodeError
}

export interface TaskOutputRequest {
  readonly jobId: string
  readonly taskId: string
  readonly file: 'stdout.txt' | 'stderr.txt'
  /** How many, counted from the end of the file. */
  readonly bytes: number
}

/** A job schedule. To move it, the specification of its jobs is sent back whole, with another pool. */
export interface JobSchedule {
  readonly id: string
  readonly etag: string
  readonly jobSpecification: Readonly<Record<string, unknown>>
}

/** The Batch service at the account's endpoint. Throws `DataPlaneUnreachableError` where it cannot be reached at all. */
export interface BatchDataPlane {
  listSupportedImages(): Promise<readonly SupportedImage[]>
  /**
   * One cheap request, but not always up to date, unlike `listNodeStates`.
   * https://learn.microsoft.com/azure/batch/batch-get-resource-counts
   */
  getNodeCounts(poolName: string): Promise<NodeCounts>
  /** All nodes of a pool: one request for every 1,000. */
  listNodeStates(poolName: string): Promise<readonly NodeSighting[]>
  /** Nodes in any of `states`, at most `limit`. */
  listNodes(poolName: string, states: readonly NodeState[], limit: number): Promise<readonly ComputeNode[]>
  /** The last `bytes` of a start task's `stdout.txt` or `stderr.txt`; `undefined` where the node has none. */
  getStartTaskOutput(request: StartTaskOutputRequest): Promise<string | undefined>
  resize(poolName: string, request: ResizeRequest): Promise<void>
  /** Evaluates a formula on a pool that has autoscale on; nothing is applied. */
  evaluateAutoScale(poolName: string, formula: string): Promise<AutoScaleRun>
  /** `autoScale` as in ARM; the pool must be steady. */
  enableAutoScale(poolName: string, autoScale: { readonly formula: string; readonly evaluationInterval?: string }): Promise<void>
  /** `undefined` where the pool does not exist. */
  getPoolEtag(poolName: string): Promise<string | undefined>
  /** Starts to delete the pool if it is still as it was read (`If-Match`). A pool that is gone or being deleted is not an error. */
  deletePool(poolName: string, etag: string): Promise<void>
  /** At most 100 nodes a call. */
  removeNodes(
    poolName: string,
    nodeIds: readonly string[],
    request: Pick<ResizeRequest, 'resizeTimeout' | 'nodeDeallocationOption'>,
  ): Promise<void>
  /** Jobs that run on the pool and have not ended. */
  listJobs(poolName: string): Promise<readonly Job[]>
  /** `undefined` where the job is gone. */
  getJob(id: string): Promise<Job | undefined>
  /** Replaces the metadata of a job if it is still as it was read (`If-Match`). */
  setJobMetadata(job: Pick<Job, 'id' | 'etag'>, metadata: Job['metadata']): Promise<void>
  createJob(job: NewJob): Promise<void>
  /** Starts to end its tasks and to delete it. A job that is already gone is not an error. */
  deleteJob(id: string): Promise<void>
  addTask(jobId: string, task: NewTask): Promise<void>
  listTasks(jobId: string): Promise<readonly Task[]>
  /** `undefined` where the file does not exist, or no longer does. */
  getTaskOutput(request: TaskOutputRequest): Promise<string | undefined>
  disableJob(id: string, disableTasks: 'wait' | 'requeue' | 'terminate'): Promise<void>
  /** The job must be disabled. */
  moveJob(id: string, poolName: string): Promise<void>
  enableJob(id: string): Promise<void>
  /** Schedules whose jobs run on the pool. */
  listJobSchedules(poolName: string): Promise<readonly JobSchedule[]>
  /** Only if it is still as it was read (`If-Match`). */
  moveJobSchedule(schedule: JobSchedule, poolName: string): Promise<void>
}
