/** Jobs and their tasks: which node runs what, and what becomes of tasks when their job is disabled or their node goes. */
import type { AzureClock } from '../clock/clock.ts'
import type { Scenario } from '../scenarios/scenario.ts'
import type { Node, Pools } from './pools.ts'

export interface Task {
  readonly id: string
  readonly minutes: number
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
  readonly tasks: readonly Task[]
}

export interface JobSchedule {
  readonly id: string
  readonly state: string
  jobSpecification: { readonly poolInfo: { readonly poolId?: string }; readonly [member: string]: unknown }
}

const TICK_MS = 5_000

export class Jobs {
  readonly all: Job[]
  readonly schedules: readonly JobSchedule[]
  readonly #pools: Pools
  readonly #clock: AzureClock

  constructor(pools: Pools, clock: AzureClock, { jobs = [], jobSchedules = [] }: Scenario) {
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
    if (this.all.some(({ tasks }) => tasks.length > 0)) this.#tick()
  }

  add(id: string, poolId: string | undefined, metadata: Job['metadata'] = []): Job {
    const job: Job = { id, state: 'active', ...(poolId !== undefined && { poolId }), metadata, tasks: [] }
    this.all.push(job)
    return job
  }

  delete(job: Job): void {
    this.terminate(job)
    this.all.splice(this.all.indexOf(job), 1)
  }

  /** Its tasks end with it. */
  terminate(job: Job): void {
    for (const task of running(job)) complete(task, 'failure')
    job.state = 'completed'
  }

  /** Running tasks end first (`wait`), go back into the queue, or are ended. */
  disable(job: Job, disableTasks: string): void {
    for (const task of running(job)) {
      if (disableTasks === 'requeue') requeue(task)
      else if (disableTasks === 'terminate') complete(task, 'failure')
    }
    job.state = running(job).length > 0 ? 'disabling' : 'disabled'
  }

  #tick(): void {
    const nowMs = this.#clock.now().getTime()
    for (const job of this.all) {
      for (const task of running(job)) this.#goOn(job, task, nowMs)
      if (job.state === 'disabling' && running(job).length === 0) job.state = 'disabled'
      if (job.state === 'active') this.#start(job, nowMs)
    }
    this.#clock.after(TICK_MS, () => this.#tick())
  }

  #goOn(job: Job, task: Task, nowMs: number): void {
    const isThere = task.node !== undefined && this.#pools.find(job.poolId ?? '')?.nodes.includes(task.node) === true
    if (task.endsAtMs <= nowMs) complete(task, 'success')
    else if (!isThere && task.node?.leavesBy === 'terminate') complete(task, 'failure')
    else if (!isThere) requeue(task)
  }

  /** One task a node, as far as there are nodes. */
  #start(job: Job, nowMs: number): void {
    const pool = this.#pools.find(job.poolId ?? '')
    if (!pool) return
    const busy = new Set(this.all.flatMap((other) => running(other).map(({ node }) => node)))
    const free = this.#pools
      .nodesOf(pool)
      .filter((node) => !busy.has(node) && ['idle', 'running'].includes(this.#pools.stateOf(pool, node)))
    const waiting = job.tasks.filter(({ state }) => state === 'active')
    for (const [index, node] of free.slice(0, waiting.length).entries()) {
      const task = waiting[index]
      if (!task) return
      Object.assign(task, { state: 'running', node, starts: task.starts + 1, endsAtMs: nowMs + task.minutes * 60_000 })
      pool.tasksEndAtMs = Math.max(pool.tasksEndAtMs, task.endsAtMs)
    }
  }
}

const running = ({ tasks }: Job): readonly Task[] => tasks.filter(({ state }) => state === 'running')

function requeue(task: Task): void {
  task.state = 'active'
  delete task.node
}

function complete(task: Task, result: 'success' | 'failure'): void {
  Object.assign(task, { state: 'completed', result })
  delete task.node
}
