/** The words of the log: a line for each event that a reader waits for. `log.ts` decides which of them are shown, and when. */
import type { ResizeError } from '../errors/resize-errors.ts'
import { nameOf } from '../model/arm-id.ts'
import type { NodeCounts } from '../model/batch-service.ts'
import { parseDurationMs, showDuration } from '../model/duration.ts'
import { count, type NodeTotals, nodesOf, occupiedStates, percent, STATES, totalOf } from '../model/nodes.ts'
import type { RunEvent } from '../run/events.ts'
import { identityOf } from './signed-in.ts'
import { singleLine } from './untrusted.ts'

export interface LogLine {
  readonly level: 'info' | 'warning' | 'debug' | 'group' | 'endgroup'
  readonly text: string
  /** How it is meant: nodes that came, nodes that did not. */
  readonly tone?: 'good' | 'bad'
}

/** Times that an event does not carry. All in milliseconds. */
export interface LogTimes {
  /** Since the phase began. */
  readonly inPhaseMs: number
  /** Since the pool's resize began; absent where this run has begun none. */
  readonly inResizeMs?: number
  /** Since the log last said that something changed. */
  readonly unchangedMs: number
  /** The current phase; absent between phases. */
  readonly phase?: string
}

const LONGEST = 2_000
const LONGEST_ERROR = 500

/** `undefined`: nothing worth a line. */
export function logLine(event: RunEvent, times: LogTimes): LogLine | undefined {
  const line = lineOf(event, times)
  return line && { ...line, text: singleLine(line.text, LONGEST) }
}

function lineOf(event: RunEvent, times: LogTimes): LogLine | undefined {
  switch (event.kind) {
    case 'phase-started':
      return { level: 'debug', text: `phase ${event.phase} begins` }
    case 'resource':
      return info(`${event.change} ${thing(event)}${event.detail ? `: ${event.detail}` : ''}`)
    case 'replication':
      return info(`replication of image version ${quoted(nameOf(event.imageId))}: ${replicas(event)}${inPhase(times)}`)
    case 'resize-started':
    case 'resize-foreign':
    case 'resize-ended':
    case 'resize-backoff':
      return resizeLine(event, times)
    case 'node-count-changed':
      return countLine(event, times)
    case 'node-states-changed':
      return statesLine(event, times)
    case 'smoke-test-ended':
      return smokeLine(event, times)
    case 'proof-ended':
      return proofLine(event, times)
    case 'data-plane-unreachable':
      return warning(`node states are not known, because the Batch data plane does not answer this run: ${event.reason}`)
    case 'signed-in':
      return info(`signed in as ${identityOf(event.who)}`)
    case 'check-warning':
      return warning(`${event.title} (${event.id}): ${event.seen}`)
    case 'heartbeat':
      return info(`still waiting for ${event.waitingFor}; waiting for ${showDuration(event.elapsedMs)}, ${unchanged(times)}`)
    case 'phase-running':
      return info(`${event.phase} has been running for ${showDuration(event.elapsedMs)}, ${unchanged(times)}`)
    case 'notice':
      return { level: event.level, text: event.text }
    case 'phase-ended':
    case 'checked':
    case 'planned':
      return undefined
  }
}

type EventOf<K extends RunEvent['kind']> = Extract<RunEvent, { readonly kind: K }>

function resizeLine(
  event: EventOf<'resize-started' | 'resize-foreign' | 'resize-ended' | 'resize-backoff'>,
  { inResizeMs }: LogTimes,
): LogLine {
  switch (event.kind) {
    case 'resize-started': {
      const { pool, number, maxResizes, from, request } = event
      const target = { dedicated: request.targetDedicatedNodes, lowPriority: request.targetLowPriorityNodes }
      const timeout = showDuration(parseDurationMs(request.resizeTimeout) ?? 0)
      return info(
        `${pool}: resize ${number} of ${maxResizes} at most, from ${nodesOf(from)} to ${nodesOf(target)}; resize timeout ${timeout}`,
      )
    }
    case 'resize-foreign':
      return warning(`${event.pool}: already resizing to ${nodesOf(event.target)}, which this run did not request; waiting for it to end`)
    case 'resize-ended': {
      const { pool, number, gained, current, errors } = event
      const after = inResizeMs === undefined ? '' : ` after ${showDuration(inResizeMs)}`
      const outcome = `${pool}: resize ${number} ended${after} with ${nodesOf(current)} (${change(gained)})`
      return errors.length === 0 ? { ...info(outcome), tone: 'good' } : warning(`${outcome}; ${errors.map(errorWords).join('; ')}`)
    }
    case 'resize-backoff':
      return info(`${event.pool}: the next resize begins in ${showDuration(event.waitMs)} (${event.reason})`)
  }
}

function countLine({ pool, current, target, number, allocationState }: EventOf<'node-count-changed'>, { inResizeMs }: LogTimes): LogLine {
  const since = inResizeMs === undefined ? '' : `, ${showDuration(inResizeMs)} into resize ${number}`
  const state = allocationState === 'Resizing' ? '' : `; the pool is ${allocationState.toLowerCase()}`
  const nodes = totalOf(target) === 0 ? `${nodesOf(current)} left to drain` : progress(current, target)
  return info(`${pool}: ${nodes}${since}${state}`)
}

function statesLine({ pool, counts, healthy, required, target }: EventOf<'node-states-changed'>, times: LogTimes): LogLine {
  const words = `${pool}: ${count(healthy)}/${count(totalOf(target))} healthy (${count(required)} required), ${states(counts)}${inPhase(times)}`
  const tone = isBroken(counts) ? 'bad' : healthy >= required ? 'good' : undefined
  return { ...info(words), ...(tone && { tone }) }
}

function smokeLine({ pool, passed, nodes, reason }: EventOf<'smoke-test-ended'>, times: LogTimes): LogLine {
  if (reason) return warning(`the smoke test passed on ${passed} of ${nodes} nodes: ${reason}`)
  return { ...info(`${pool}: the smoke test passed on ${passed} of ${nodes} nodes${inPhase(times)}`), tone: 'good' }
}

function proofLine({ pool, proves, target, result, reason = '' }: EventOf<'proof-ended'>, times: LogTimes): LogLine {
  const pools = proves.join(', ')
  switch (result) {
    case 'healthy':
      return {
        ...info(`${pool}: ${nodesOf(target)} healthy on the new image, which proves it for ${pools}${inPhase(times)}`),
        tone: 'good',
      }
    case 'no-room':
      return warning(`${pool}: the quota leaves no room for it, so ${pools} is refreshed without this proof: ${reason}`)
    case 'failed':
      return warning(`${pool}: the new image is not proven, so ${pools} stays as it is: ${reason}`)
  }
}

const info = (text: string): LogLine => ({ level: 'info', text })
const warning = (text: string): LogLine => ({ level: 'warning', text })

/** A gallery may be called *images*. */
export const quoted = (name: string): string => `"${name}"`

/** E.g. `gallery "images"`. */
export const thing = ({ type, id }: Pick<EventOf<'resource'>, 'type' | 'id'>): string => `${type} ${quoted(nameOf(id))}`

/** E.g. `West Europe 40 %, North Europe failed`. */
export const replicas = ({ regions }: Pick<EventOf<'replication'>, 'regions'>): string =>
  regions.map(({ region, state, progress: done }) => `${region} ${state === 'Failed' ? 'failed' : `${done} %`}`).join(', ')

const inPhase = ({ phase, inPhaseMs }: LogTimes): string => (phase ? `, ${showDuration(inPhaseMs)} into ${phase}` : '')

const unchanged = ({ unchangedMs }: LogTimes): string => `nothing new for ${showDuration(unchangedMs)}`

/** `412/900 nodes (45 %)`; both kinds where both are wanted or there. */
function progress(current: NodeTotals, target: NodeTotals): string {
  const [nodes, wanted] = [totalOf(current), totalOf(target)]
  const share = wanted === 0 ? '' : ` (${percent(nodes, wanted)})`
  const hasBoth = current.dedicated + target.dedicated > 0 && current.lowPriority + target.lowPriority > 0
  const kinds = `, ${count(current.dedicated)}/${count(target.dedicated)} dedicated, ${count(current.lowPriority)}/${count(target.lowPriority)} Spot`
  return `${count(nodes)}/${count(wanted)} nodes${share}${hasBoth ? kinds : ''}`
}

function change(gained: NodeTotals): string {
  const total = totalOf(gained)
  return total < 0 ? `${count(-total)} fewer` : `${count(total)} more`
}

const CLASSES: Readonly<Record<ResizeError['class'], string>> = {
  fatal: 'another try would not help',
  retry: 'tried again',
  wait: 'Batch keeps trying',
}

function errorWords({ code, message, innermostCode, innermostMessage, class: kind }: ResizeError): string {
  return singleLine(`${innermostCode ?? code} (${CLASSES[kind]}): ${innermostMessage ?? message}`, LONGEST_ERROR)
}

const isBroken = (counts: NodeCounts): boolean => occupiedStates(counts).some(({ state }) => STATES[state].kind === 'broken')

function states(counts: NodeCounts): string {
  const occupied = occupiedStates(counts)
  return occupied.length === 0 ? 'no nodes' : occupied.map((totals) => `${STATES[totals.state].label} ${count(totalOf(totals))}`).join(', ')
}
