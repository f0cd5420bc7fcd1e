/** The states of nodes over time, and the fates that a scenario has for them. */
import type { AzureClock } from '../clock/clock.ts'
import type { Scenario } from '../scenarios/scenario.ts'
import { DURATION_MS, type Node, type Pool } from './pool.ts'

export class NodeStates {
  readonly #clock: Pick<AzureClock, 'now'>
  readonly #fates: NonNullable<Scenario['nodes']>

  constructor(clock: Pick<AzureClock, 'now'>, fates: Scenario['nodes'] = []) {
    this.#clock = clock
    this.#fates = fates
  }

  /** When a node came into the state that it is in. */
  transitionTimeOf(pool: Pool, node: Node): string {
    const { bornAtMs, isLeaving, leavingSinceMs = bornAtMs } = node
    const steps = [0, DURATION_MS.creating, DURATION_MS.start, DURATION_MS.start + DURATION_MS.startTask]
    const ageMs = this.#clock.now().getTime() - bornAtMs
    const reached = steps.filter((step) => step <= ageMs && (pool.properties.startTask || step <= DURATION_MS.start))
    return new Date(isLeaving ? leavingSinceMs : bornAtMs + (reached.at(-1) ?? 0)).toISOString()
  }

  /** In camel case, as node counts have it. */
  of(pool: Pool, { index, bornAtMs, isLeaving, isDead }: Node): string {
    if (isLeaving) return 'leavingPool'
    const ageMs = this.#clock.now().getTime() - bornAtMs
    if (ageMs < DURATION_MS.creating) return 'creating'
    const fate = this.fateOf(pool, index)
    if (ageMs < DURATION_MS.start || fate?.state === 'starting') return 'starting'
    if (isDead) return 'unusable'
    if (pool.properties.startTask && ageMs < DURATION_MS.start + DURATION_MS.startTask) return 'waitingForStartTask'
    return fate?.state ?? (this.#clock.now().getTime() < pool.tasksEndAtMs ? 'running' : 'idle')
  }

  fateOf({ name, properties }: Pool, index: number): NonNullable<Scenario['nodes']>[number] | undefined {
    const image: string = properties.deploymentConfiguration?.virtualMachineConfiguration?.imageReference?.id ?? ''
    return this.#fates.find((node) => node.index === index && (node.pool ?? name) === name && image.endsWith(node.onImage ?? ''))
  }
}
