/** Pools and their nodes as the Batch service keeps them: resizes that take their time and fall short, nodes with fates of their own. */
import { randomUUID } from 'node:crypto'
import type { Arm } from '../arm/resources.ts'
import { startsNodes } from '../compute/systems.ts'
import { Refusal } from '../route.ts'
import { REGION, type ResizeFailure, type Scenario } from '../scenarios/scenario.ts'
import { sizeOf } from './catalogue.ts'
import { coreRefusal } from './core-quotas.ts'
import { Formulas } from './formulas.ts'
import { Jobs } from './jobs.ts'

// biome-ignore lint/suspicious/noExplicitAny: a pool's properties are whatever the caller sent
export type Properties = any

export interface Node {
  readonly id: string
  /** By the order in which nodes came to the pool; a fate is found by it. */
  readonly index: number
  readonly isDedicated: boolean
  /** The system of its image cannot start: it never contacts the service. */
  readonly isDead: boolean
  /** Azure's time; nodes appear one after the other while the pool resizes. */
  bornAtMs: number
  /** When it began to leave. */
  leavingSinceMs?: number
  isLeaving: boolean
  /** What becomes of the task that runs on it then. */
  leavesBy?: string
}

/** What `nodecounts` sums up. */
export interface CountedNode {
  readonly state: string
  readonly isDedicated: boolean
}

export interface Pool {
  readonly name: string
  etag: string
  properties: Properties
  /** `identity` and `tags`. */
  envelope: Properties
  nodes: Node[]
  nodesSoFar: number
  /** Until then it is not visible, for all that it exists: Azure's reads are eventually consistent. */
  visibleAtMs: number
  /** The last counts of its nodes, where counts lag. */
  counted?: { readonly atMs: number; readonly states: readonly CountedNode[] }
  /** Counts the evaluations of its formula that are due: a new schedule ends the one before. */
  formulaSchedule: number
  /** Until when tasks run on its nodes. */
  tasksEndAtMs: number
  /** Ends the resize under way before its time. */
  stop?: () => void
}

/** Recorded: one node 96.7 s, a refusal for quota 1.2 s, a node from starting to idle 48 s. */
export const DURATION_MS = { allocation: 97_000, refusal: 1_200, creating: 12_000, start: 48_000, startTask: 10_000, drain: 30_000 }
/** Recorded: 64 s with nodes, 0 to 16 s without. */
const DELETE_MS = { withNodes: 64_000, empty: 8_000 }
const TIMED_OUT = {
  code: 'AllocationTimedout',
  message: 'Desired number of dedicated nodes could not be allocated as the resize timeout was reached',
}

interface Target {
  readonly targetDedicatedNodes: number
  readonly targetLowPriorityNodes: number
  readonly resizeTimeout: string
  readonly nodeDeallocationOption?: string
  /** Nodes that go, whatever the target. */
  readonly nodeList?: readonly string[]
}

export class Pools {
  readonly #arm: Arm
  readonly #scenario: Scenario
  readonly #pools = new Map<string, Pool>()
  readonly #behaviours: NonNullable<Scenario['resizes']>[number][]
  readonly jobs: Jobs
  readonly formulas: Formulas

  /** Of the account. */
  readonly region: string
  /** Pools whose nodes count against the same core quotas. */
  counted: () => readonly Pool[] = () => this.all()

  constructor(arm: Arm, scenario: Scenario, region: string = REGION) {
    this.#arm = arm
    this.region = region
    this.#scenario = scenario
    this.#behaviours = [...(scenario.resizes ?? [])]
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
      const states = this.nodesOf(pool).map((node) => ({ state: this.stateOf(pool, node), isDedicated: node.isDedicated }))
      pool.counted = { atMs, states }
    }
    return pool.counted.states
  }

  /** When a node came into the state that it is in. */
  stateTransitionTimeOf(pool: Pool, node: Node): string {
    const { bornAtMs, isLeaving, leavingSinceMs = bornAtMs } = node
    const steps = [0, DURATION_MS.creating, DURATION_MS.start, DURATION_MS.start + DURATION_MS.startTask]
    const ageMs = this.#arm.clock.now().getTime() - bornAtMs
    const reached = steps.filter((step) => step <= ageMs && (pool.properties.startTask || step <= DURATION_MS.start))
    return new Date(isLeaving ? leavingSinceMs : bornAtMs + (reached.at(-1) ?? 0)).toISOString()
  }

  /** In camel case, as node counts have it. */
  stateOf(pool: Pool, { index, bornAtMs, isLeaving, isDead }: Node): string {
    if (isLeaving) return 'leavingPool'
    const ageMs = this.#arm.clock.now().getTime() - bornAtMs
    if (ageMs < DURATION_MS.creating) return 'creating'
    const fate = this.fateOf(pool, index)
    if (ageMs < DURATION_MS.start || fate?.state === 'starting') return 'starting'
    if (isDead) return 'unusable'
    if (pool.properties.startTask && ageMs < DURATION_MS.start + DURATION_MS.startTask) return 'waitingForStartTask'
    return fate?.state ?? (this.#arm.clock.now().getTime() < pool.tasksEndAtMs ? 'running' : 'idle')
  }

  fateOf({ name, properties }: Pool, index: number): NonNullable<Scenario['nodes']>[number] | undefined {
    const image: string = properties.deploymentConfiguration?.virtualMachineConfiguration?.imageReference?.id ?? ''
    return this.#scenario.nodes?.find((node) => node.index === index && (node.pool ?? name) === name && image.endsWith(node.onImage ?? ''))
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
    const refused = coreRefusal(this.#scenario.account, this.counted(), pool, target) ?? this.#imageError(pool)
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

  /** What the compute provider refuses, in the wrapping that Batch gives it. */
  #imageError({ properties }: Pool): ResizeFailure | undefined {
    const { world } = this.#arm
    const { imageReference, securityProfile } = properties.deploymentConfiguration?.virtualMachineConfiguration ?? {}
    const id: string = imageReference?.id ?? ''
    if (!id || id.includes('/foreign-')) return undefined
    const version = world.get(id)
    const message = 'Desired number of dedicated nodes could not be allocated'
    if (!version) {
      return {
        code: 'AllocationFailed',
        message,
        details: [{ code: 'Reason', message: 'The server encountered an internal error.' }],
      }
    }
    // A managed image says itself what a definition says of a version.
    const definition = world.get(id.replace(/\/versions\/.*$/i, ''))
    const generation: string = definition?.properties.hyperVGeneration ?? 'V1'
    const size = sizeOf(properties.vmSize)
    const provider = (code: string, text: string): ResizeFailure => ({
      code: 'AllocationFailed',
      message,
      details: [
        { code: 'Provider Error Json', message: JSON.stringify({ error: { code, message: text } }) },
        { code: 'Provider Error Json Truncated', message: 'False' },
      ],
    })
    if (size && !size.HyperVGenerations.split(',').includes(generation)) {
      const digit = generation.slice(1)
      return provider(
        'BadRequest',
        `The selected VM size '${properties.vmSize}' cannot boot Hypervisor Generation '${digit}'. If this was a Create operation please check that the Hypervisor Generation of the Image matches the Hypervisor Generation of the selected VM Size. If this was an Update operation please select a Hypervisor Generation '${digit}' VM Size.`,
      )
    }
    const features: readonly { name: string; value: string }[] = definition?.properties.features ?? []
    const needs = features.find(({ name }) => name === 'SecurityType')?.value
    if (needs === 'TrustedLaunch' && String(securityProfile?.securityType).toLowerCase() !== 'trustedlaunch') {
      return provider(
        'BadRequest',
        "The provided gallery image only supports creation of VMs and VM Scale Sets with 'TrustedLaunch' security type.",
      )
    }
    return undefined
  }

  #newNode(pool: Pool, isDedicated: boolean): Node {
    const index = pool.nodesSoFar++
    const image = pool.properties.deploymentConfiguration?.virtualMachineConfiguration?.imageReference?.id ?? ''
    const isDead = !startsNodes(this.#arm.world.get(image)?.properties.system)
    return { id: `tvmps_${pool.name}_${index}`, index, isDedicated, isDead, bornAtMs: 0, isLeaving: false }
  }

  #seed({ id, properties, nodes, taskMinutes = 0, staleErrors }: NonNullable<Scenario['pools']>[number]): void {
    const nowMs = this.#arm.clock.now().getTime()
    const anHourAgo = new Date(nowMs - 3_600_000).toISOString()
    const pool = this.add(id, {
      interNodeCommunication: 'Disabled',
      taskSlotsPerNode: 1,
      taskSchedulingPolicy: { nodeFillType: 'Spread' },
      scaleSettings: { fixedScale: { targetDedicatedNodes: nodes, targetLowPriorityNodes: 0, resizeTimeout: 'PT15M' } },
      ...structuredClone(properties),
      vmSize: String(properties.vmSize).toUpperCase(),
      provisioningState: 'Succeeded',
      provisioningStateTransitionTime: anHourAgo,
      creationTime: anHourAgo,
      lastModified: anHourAgo,
      allocationState: 'Steady',
      allocationStateTransitionTime: anHourAgo,
      currentDedicatedNodes: nodes,
      currentLowPriorityNodes: 0,
      resizeOperationStatus: {
        targetDedicatedNodes: nodes,
        targetLowPriorityNodes: 0,
        nodeDeallocationOption: 'Requeue',
        resizeTimeout: 'PT15M',
        startTime: anHourAgo,
        ...(staleErrors && { errors: staleErrors }),
      },
    })
    pool.visibleAtMs = nowMs
    pool.tasksEndAtMs = nowMs + taskMinutes * 60_000
    pool.nodes = Array.from({ length: nodes }, () => ({ ...this.#newNode(pool, true), bornAtMs: nowMs - 3_600_000 }))
  }

  #newEtag(): string {
    return `W/"0x8D${randomUUID().slice(0, 13).replaceAll('-', '').toUpperCase()}"`
  }
}

export function minutesOf(iso: string): number {
  const [, hours = 0, minutes = 0] = /^PT(?:(\d+)H)?(?:(\d+)M)?/.exec(iso) ?? []
  return Number(hours) * 60 + Number(minutes)
}
