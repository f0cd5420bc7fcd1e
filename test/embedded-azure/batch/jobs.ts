/** Jobs and their tasks: which node runs what, and what becomes of tasks when their job is disabled or their node goes. */
import type { AzureClock } from '../clock/clock.ts'
import type { Scenario, TaskFate } from '../scenarios/scenario.ts'
import type { Node } from './pool.ts'
import type { Pools } from './pools.ts'

/** As the caller added it. */
interface TaskSpec {
  readonly commandLine: string
  readonly affinityId?: string
  readonly requiredSlots: number
  /** Minutes; absent: no limit. */
  readonly maxMinutes?: number
  readonly containerSettings?: object
}

export interface Task {
  readonly id: string
  readonly minutes: number
  readonly spec?: TaskSpec
  startedAtMs?: number
  endedAtMs?: number
  /** The node that it ran on, also once it has ended. */
  nodeId?: string
  fate?: TaskFate | undefined
  state: 'active' | 'running' | 'completed'
  result?: 'success' | 'failure'
  /** More than one: it was requeued on the way. */
  starts: number
  endsAtMs: number
  node?: Node
}

export interface Job {
  readonly id: string
  state: string
  /** Absent: the job makes a pool of its own. */
  poolId?: string
  metadata: readonly { readonly name: string; readonly value: string }[]
  readonly tasks: Task[]
}

export interface JobSchedule {
  readonly id: string
  readonly state: string
  jobSpecification: { readonly poolInfo: { readonly poolId?: string }; readonly [member: string]: unknown }
}

const TICK_MS = 5_000
const DELETE_MS = 15_000

export class Jobs {
  readonly all: Job[]
  readonly schedules: readonly JobSchedule[]
  readonly #pools: Pools
  readonly #clock: AzureClock
  readonly #fates: readonly TaskFate[]
  /** Tasks that have begun, by pool. */
  readonly #begun = new Map<string, number>()
  #isTicking = false

  constructor(pools: Pools, clock: AzureClock, { jobs = [], jobSchedules = [], tasks: fates = [] }: Scenario) {
    this.#fates = fates
    this.#pools = pools
    this.#clock = clock
    this.all = jobs.map(({ id, poolId, state = 'active', tasks }) => ({
      id,
      state,
      ...(poolId !== undefined && { poolId }),
      metadata: [],
      tasks: Array.from({ length: tasks?.count ?? 0 }, (_, index) => ({
        id: `task-${index}`,
        minutes: tasks?.minutes ?? 0,
        state: 'active' as const,
        starts: 0,
        endsAtMs: 0,
      })),
    }))
    this.schedules = jobSchedules.map(({ id, poolId }) => ({
      id,
      state: 'active',
      jobSpecification: { poolInfo: { poolId }, priority: 0, displayName: id },
    }))
    if (this.all.some(({ tasks }) => tasks.length > 0)) this.#begin()
  }

  add(id: string, poolId: string | undefined, metadata: Job['metadata'] = []): Job {
    const job: Job = { id, state: 'active', ...(poolId !== undefined && { poolId }), metadata, tasks: [] }
    this.all.push(job)
    return job
  }

  /** It runs on a free node once there is one: the node that it names, if that is free. */
  addTask(job: Job, id: string, spec: TaskSpec): void {
    job.tasks.push({ id, minutes: 0.5, spec, state: 'active', starts: 0, endsAtMs: 0 })
    this.#begin()
  }

  /** https://learn.microsoft.com/rest/api/batchservice/jobs/delete-job: `deleting` until its tasks have been ended. */
  beginDelete(job: Job): void {
    this.terminate(job)
    job.state = 'deleting'
    this.#clock.after(DELETE_MS, () => {
      if (this.all.includes(job)) this.all.splice(this.all.indexOf(job), 1)
    })
  }

  /** Its tasks end with it. */
  terminate(job: Job): void {
    for (const task of running(job)) complete(task, 'failure', this.#clock.now().getTime())
    job.state = 'completed'
  }

  /** Running tasks end first (`wait`), go back into the queue, or are ended. */
  disable(job: Job, disableTasks: string): void {
    for (const task of running(job)) {
      if (disableTasks === 'requeue') requeue(task)
      else if (disableTasks === 'terminate') complete(task, 'failure', this.#clock.now().getTime())
    }
    job.state = running(job).length > 0 ? 'disabling' : 'disabled'
  }

  #begin(): void {
    if (this.#isTicking) return
    this.#isTicking = true
    this.#tick()
  }

  #tick(): void {
    const nowMs = this.#clock.now().getTime()
    for (const job of this.all) {
      for (const task of running(job)) this.#goOn(job, task, nowMs)
      if (job.state === 'disabling' && running(job).length === 0) job.state = 'disabled'
      if (job.state === 'active') this.#start(job, nowMs)
    }
    this.#isTicking = this.all.some(({ tasks }) => tasks.some(({ state }) => state !== 'completed'))
    if (this.#isTicking) this.#clock.after(TICK_MS, () => this.#tick())
  }

  #goOn(job: Job, task: Task, nowMs: number): void {
    const isThere = task.node !== undefined && this.#pools.find(job.poolId ?? '')?.nodes.includes(task.node) === true
    if (task.endsAtMs <= nowMs) complete(task, task.fate?.exitCode || isCutShort(task) ? 'failure' : 'success', task.endsAtMs)
    else if (!isThere && task.node?.leavesBy === 'terminate') complete(task, 'failure', nowMs)
    else if (!isThere) requeue(task)
  }

  /** One task a node, as far as there are nodes. */
  #start(job: Job, nowMs: number): void {
    const pool = this.#pools.find(job.poolId ?? '')
    if (!pool) return
    const busy = new Set(this.all.flatMap((other) => running(other).map(({ node }) => node)))
    const free = this.#pools
      .nodesOf(pool)
      .filter((node) => !busy.has(node) && ['idle', 'running'].includes(this.#pools.states.of(pool, node)))
    const waiting = job.tasks.filter(({ state }) => state === 'active')
    for (const node of free.slice(0, waiting.length)) {
      const wanted = waiting.findIndex(({ spec }) => spec?.affinityId === affinityIdOf(node))
      const [task] = waiting.splice(Math.max(0, wanted), 1)
      if (!task) return
      if (task.spec) task.fate = this.#nextFate(pool.name)
      const minutes = Math.min(task.fate?.minutes ?? task.minutes, task.spec?.maxMinutes ?? Number.POSITIVE_INFINITY)
      Object.assign(task, {
        state: 'running',
        node,
        nodeId: node.id,
        starts: task.starts + 1,
        startedAtMs: nowMs,
        endsAtMs: nowMs + minutes * 60_000,
      })
      pool.tasksEndAtMs = Math.max(pool.tasksEndAtMs, task.endsAtMs)
    }
  }

  #nextFate(poolName: string): TaskFate | undefined {
    const index = this.#begun.get(poolName) ?? 0
    this.#begun.set(poolName, index + 1)
    return this.#fates.find((fate) => fate.index === index && (fate.pool ?? poolName) === poolName)
  }
}

/** What a task names to run there. https://learn.microsoft.com/rest/api/batchservice/nodes/get-node (`affinityId`) */
export const affinityIdOf = ({ id }: Pick<Node, 'id'>): string => `TVM:${id}`

/** Whether its time is over before it ends by itself. */
export const isCutShort = ({ spec, fate, minutes }: Task): boolean =>
  (fate?.minutes ?? minutes) > (spec?.maxMinutes ?? Number.POSITIVE_INFINITY)

const running = ({ tasks }: Job): readonly Task[] => tasks.filter(({ state }) => state === 'running')

function requeue(task: Task): void {
  task.state = 'active'
  delete task.node
}

function complete(task: Task, result: 'success' | 'failure', endedAtMs: number): void {
  Object.assign(task, { state: 'completed', result, endedAtMs })
  delete task.node
}
