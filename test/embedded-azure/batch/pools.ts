/** Pools and their nodes as the Batch service keeps them: resizes that take their time and fall short, nodes with fates of their own. */
import { randomUUID } from 'node:crypto'
import type { Arm } from '../arm/resources.ts'
import { startsNodes } from '../compute/systems.ts'
import { Refusal } from '../route.ts'
import { REGION, type ResizeFailure, type Scenario } from '../scenarios/scenario.ts'
import { imageError, TIMED_OUT } from './allocation-errors.ts'
import { coreRefusal } from './core-quotas.ts'
import { Formulas } from './formulas.ts'
import { Jobs } from './jobs.ts'
import { NodeStates } from './node-states.ts'
import { type CountedNode, DURATION_MS, minutesOf, type Node, type Pool, type Properties, type Target } from './pool.ts'
import { seededProperties } from './seeded-pool.ts'

/** Recorded: 64 s with nodes, 0 to 16 s without. */
export const DELETE_MS = { withNodes: 64_000, empty: 8_000 }

export class Pools {
  readonly #arm: Arm
  readonly #scenario: Scenario
  readonly #pools = new Map<string, Pool>()
  readonly #behaviours: NonNullable<Scenario['resizes']>[number][]
  readonly jobs: Jobs
  readonly formulas: Formulas
  readonly states: NodeStates

  /** Of the account. */
  readonly region: string
  /** Pools whose nodes count against the same core quotas. */
  counted: () => readonly Pool[] = () => this.all()

  constructor(arm: Arm, scenario: Scenario, region: string = REGION) {
    this.#arm = arm
    this.region = region
    this.#scenario = scenario
    this.#behaviours = [...(scenario.resizes ?? [])]
    this.states = new NodeStates(arm.clock, scenario.nodes)
    this.formulas = new Formulas(this, arm.clock, scenario.formula)
    for (const seeded of scenario.pools ?? []) this.#seed(seeded)
    this.jobs = new Jobs(this, arm.clock, scenario)
  }

  /** Retired in the public cloud; other clouds and older accounts may still take them. */
  get acceptsManagedImages(): boolean {
    return this.#scenario.account.acceptsManagedImages === true
  }

  get quota(): number {
    return this.#scenario.account.poolQuota ?? 100
  }

  all(): readonly Pool[] {
    return [...this.#pools.values()].sort((one, other) => one.name.localeCompare(other.name))
  }

  /** Those that are visible by now. */
  visible(): readonly Pool[] {
    return this.all().filter((pool) => this.#isVisible(pool))
  }

  #isVisible({ visibleAtMs }: Pool): boolean {
    return visibleAtMs <= this.#arm.clock.now().getTime()
  }

  /** @throws Refusal `PoolNotFound` */
  get(name: string): Pool {
    const pool = this.find(name)
    if (!pool || !this.#isVisible(pool)) throw new Refusal(404, 'PoolNotFound', 'The specified pool does not exist.')
    return pool
  }

  find(name: string): Pool | undefined {
    return this.#pools.get(name.toLowerCase())
  }

  add(name: string, properties: Properties): Pool {
    const visibleAtMs = this.#arm.clock.now().getTime() + (this.#scenario.unseenSeconds ?? 0) * 1_000
    const pool: Pool = {
      name,
      etag: this.#newEtag(),
      properties,
      envelope: {},
      nodes: [],
      nodesSoFar: 0,
      tasksEndAtMs: 0,
      visibleAtMs,
      formulaSchedule: 0,
    }
    this.#pools.set(name.toLowerCase(), pool)
    return pool
  }

  /** @returns when it will be gone, in milliseconds; nothing where it is on its way out already. */
  beginDelete(pool: Pool): number | undefined {
    if (pool.properties.provisioningState === 'Deleting') return undefined
    const { clock } = this.#arm
    const afterMs = pool.nodes.length > 0 ? DELETE_MS.withNodes : DELETE_MS.empty
    pool.properties.provisioningState = 'Deleting'
    pool.properties.provisioningStateTransitionTime = this.now()
    pool.stop?.()
    clock.after(afterMs, () => {
      if (this.find(pool.name) === pool) this.delete(pool.name)
    })
    return clock.now().getTime() + afterMs
  }

  delete(name: string): void {
    this.#pools.delete(name.toLowerCase())
  }

  touch(pool: Pool): void {
    pool.etag = this.#newEtag()
    pool.properties.lastModified = this.now()
  }

  now(): string {
    return this.#arm.clock.now().toISOString()
  }

  /** Nodes that there are by now. */
  nodesOf(pool: Pool): readonly Node[] {
    const nowMs = this.#arm.clock.now().getTime()
    return pool.nodes.filter(({ bornAtMs }) => bornAtMs <= nowMs)
  }

  /** What `nodecounts` knows: "the numbers returned may not always be up to date". https://learn.microsoft.com/rest/api/batchservice/pools/list-pool-node-counts */
  countedNodesOf(pool: Pool): readonly CountedNode[] {
    const atMs = this.#arm.clock.now().getTime()
    const lagMs = (this.#scenario.nodeCountsLagMinutes ?? 0) * 60_000
    if (!pool.counted || atMs - pool.counted.atMs >= lagMs) {
      const states = this.nodesOf(pool).map((node) => ({ state: this.states.of(pool, node), isDedicated: node.isDedicated }))
      pool.counted = { atMs, states }
    }
    return pool.counted.states
  }

  refuseBusy(pool: Pool): void {
    if (pool.properties.provisioningState === 'Deleting')
      throw new Refusal(409, 'PoolBeingDeleted', 'The specified pool has been marked for deletion and is being reclaimed.')
    if (pool.properties.allocationState !== 'Steady') throw new Refusal(409, 'PoolBeingResized', 'The specified pool is being resized.')
  }

  /** The pool keeps the nodes that it has. */
  disableAutoScale(pool: Pool): void {
    this.refuseBusy(pool)
    const { currentDedicatedNodes, currentLowPriorityNodes } = pool.properties
    pool.properties.scaleSettings = {}
    this.formulas.end(pool)
    this.resize(pool, {
      targetDedicatedNodes: currentDedicatedNodes,
      targetLowPriorityNodes: currentLowPriorityNodes,
      resizeTimeout: 'PT15M',
    })
  }

  /** Begins a resize; its end is on the clock. */
  resize(pool: Pool, asked: Target): void {
    const { properties } = pool
    const { clock } = this.#arm
    const nowMs = clock.now().getTime()
    const { targetDedicatedNodes, targetLowPriorityNodes, resizeTimeout, nodeDeallocationOption = 'requeue', nodeList } = asked
    Object.assign(properties, {
      allocationState: 'Resizing',
      allocationStateTransitionTime: this.now(),
      resizeOperationStatus: {
        targetDedicatedNodes,
        // Recorded: not there where none are asked for.
        ...(targetLowPriorityNodes > 0 && { targetLowPriorityNodes }),
        nodeDeallocationOption: 'Requeue',
        resizeTimeout,
        startTime: this.now(),
      },
    })
    if (!properties.scaleSettings?.autoScale)
      properties.scaleSettings = { fixedScale: { targetDedicatedNodes, targetLowPriorityNodes, resizeTimeout } }
    this.touch(pool)

    this.countedNodesOf(pool)
    const leaving = this.#leaving(pool, asked, nodeList)
    for (const node of leaving)
      Object.assign(node, { isLeaving: true, leavingSinceMs: nowMs, leavesBy: nodeDeallocationOption.toLowerCase() })
    const staying = pool.nodes.length - leaving.length
    const timeoutMs = minutesOf(resizeTimeout) * 60_000
    const waitsForTasks = leaving.length > 0 && nodeDeallocationOption.toLowerCase() === 'taskcompletion' && pool.tasksEndAtMs > nowMs
    const drainMs = waitsForTasks ? pool.tasksEndAtMs - nowMs + DURATION_MS.drain : leaving.length > 0 ? DURATION_MS.drain : 0

    const growth = targetDedicatedNodes + targetLowPriorityNodes - staying
    const { born, error } = growth > 0 ? this.#allocate(pool, asked) : { born: [], error: undefined }
    const fullMs = growth > 0 ? this.#arm.durations.next('allocation', DURATION_MS.allocation) : DURATION_MS.allocation
    const allocationMs = error?.code === 'AllocationTimedout' ? timeoutMs : born.length > 0 ? fullMs : DURATION_MS.refusal
    for (const [order, node] of born.entries()) {
      node.bornAtMs = nowMs + Math.min(allocationMs, fullMs) * (0.4 + (0.5 * order) / born.length)
      pool.nodes.push(node)
    }
    const isDrained = drainMs <= timeoutMs
    const errors = error ? [error] : isDrained ? undefined : [TIMED_OUT]
    // A timer may fire a moment early, which is long on a fast clock: what was to be born by the end is there at the end.
    const end = (errorsThen = errors, bornByMs = Number.POSITIVE_INFINITY) => {
      delete pool.stop
      pool.nodes = pool.nodes.filter((node) => node.bornAtMs <= bornByMs && !(node.isLeaving && isDrained))
      for (const node of pool.nodes) node.isLeaving = false
      const count = (dedicated: boolean) => pool.nodes.filter(({ isDedicated }) => isDedicated === dedicated).length
      Object.assign(properties, {
        allocationState: 'Steady',
        allocationStateTransitionTime: this.now(),
        currentDedicatedNodes: count(true),
        currentLowPriorityNodes: count(false),
        resizeOperationStatus: { ...properties.resizeOperationStatus, ...(errorsThen && { errors: errorsThen }) },
      })
    }
    const cancel = clock.after(Math.max(allocationMs, Math.min(drainMs, timeoutMs)), end)
    pool.stop = () => {
      cancel()
      const stopped = {
        code: 'ResizeStopped',
        message: 'Desired number of dedicated nodes could not be allocated due to a stop resize operation',
      }
      end([stopped], clock.now().getTime())
    }
  }

  #leaving(pool: Pool, { targetDedicatedNodes, targetLowPriorityNodes }: Target, nodeList: Target['nodeList']): readonly Node[] {
    if (nodeList) return pool.nodes.filter(({ id }) => nodeList.includes(id))
    const surplus = (dedicated: boolean, target: number) => pool.nodes.filter(({ isDedicated }) => isDedicated === dedicated).slice(target)
    return [...surplus(true, targetDedicatedNodes), ...surplus(false, targetLowPriorityNodes)]
  }

  /** The nodes that come, and why not all do. */
  #allocate(pool: Pool, { targetDedicatedNodes, targetLowPriorityNodes }: Target): { born: Node[]; error?: ResizeFailure | undefined } {
    const has = (dedicated: boolean) => pool.nodes.filter((node) => node.isDedicated === dedicated && !node.isLeaving).length
    const missing = { dedicated: targetDedicatedNodes - has(true), lowPriority: targetLowPriorityNodes - has(false) }
    const target = { dedicated: targetDedicatedNodes, lowPriority: targetLowPriorityNodes }
    const refused = coreRefusal(this.#scenario.account, this.counted(), pool, target) ?? imageError(pool, this.#arm.world)
    if (refused) return { born: [], error: refused }
    const behaviour = this.#nextBehaviour(pool)
    const gain = Math.max(0, Math.min(missing.dedicated, behaviour?.gain ?? missing.dedicated))
    const born = [
      ...Array.from({ length: gain }, () => this.#newNode(pool, true)),
      ...Array.from({ length: Math.max(0, missing.lowPriority) }, () => this.#newNode(pool, false)),
    ]
    return { born, error: gain < missing.dedicated ? (behaviour?.error ?? TIMED_OUT) : undefined }
  }

  /** The last one of a pool stays. */
  #nextBehaviour({ name }: Pool): NonNullable<Scenario['resizes']>[number] | undefined {
    const [next, ...others] = this.#behaviours.filter((behaviour) => (behaviour.pool ?? name) === name)
    if (next && others.length > 0) this.#behaviours.splice(this.#behaviours.indexOf(next), 1)
    return next
  }

  #newNode(pool: Pool, isDedicated: boolean): Node {
    const index = pool.nodesSoFar++
    const image = pool.properties.deploymentConfiguration?.virtualMachineConfiguration?.imageReference?.id ?? ''
    const isDead = !startsNodes(this.#arm.world.get(image)?.properties.system)
    return { id: `tvmps_${pool.name}_${index}`, index, isDedicated, isDead, bornAtMs: 0, isLeaving: false }
  }

  #seed(seeded: NonNullable<Scenario['pools']>[number]): void {
    const { id, nodes, taskMinutes = 0 } = seeded
    const nowMs = this.#arm.clock.now().getTime()
    const anHourAgo = new Date(nowMs - 3_600_000).toISOString()
    const pool = this.add(id, seededProperties(seeded, anHourAgo))
    pool.visibleAtMs = nowMs
    pool.tasksEndAtMs = nowMs + taskMinutes * 60_000
    pool.nodes = Array.from({ length: nodes }, () => ({ ...this.#newNode(pool, true), bornAtMs: nowMs - 3_600_000 }))
  }

  #newEtag(): string {
    return `W/"0x8D${randomUUID().slice(0, 13).replaceAll('-', '').toUpperCase()}"`
  }
}
