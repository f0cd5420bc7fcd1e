/** A pool and its nodes, as the Batch service keeps them. */

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

/** What a resize asks for. */
export interface Target {
  readonly targetDedicatedNodes: number
  readonly targetLowPriorityNodes: number
  readonly resizeTimeout: string
  readonly nodeDeallocationOption?: string
  /** Nodes that go, whatever the target. */
  readonly nodeList?: readonly string[]
}

/** Recorded: one node 96.7 s, a refusal for quota 1.2 s, a node from starting to idle 48 s. */
export const DURATION_MS = { allocation: 97_000, refusal: 1_200, creating: 12_000, start: 48_000, startTask: 10_000, drain: 30_000 }

export function minutesOf(iso: string): number {
  const [, hours = 0, minutes = 0] = /^PT(?:(\d+)H)?(?:(\d+)M)?/.exec(iso) ?? []
  return Number(hours) * 60 + Number(minutes)
}
