/** One line of the log for each event that a reader waits for. */
import type { ResizeError } from '../errors/resize-errors.ts'
import { nameOf } from '../model/arm-id.ts'
import type { NodeCounts } from '../model/batch-service.ts'
import { count, type NodeTotals, nodesOf, occupiedStates, percent, STATES, totalOf } from '../model/nodes.ts'
import type { RunEvent } from '../run/events.ts'
import { between, duration } from './duration.ts'
import type { RunReport, RunResult } from './run-report.ts'
import { singleLine } from './untrusted.ts'

export interface LogLine {
  readonly level: 'info' | 'warning' | 'debug' | 'group' | 'endgroup'
  readonly text: string
  /** How it is meant: nodes that came, nodes that did not. */
  readonly tone?: 'good' | 'bad'
}

const LONGEST = 2_000

/** `startedAt` is when the run began. `undefined`: nothing worth a line. */
export function logLine(event: RunEvent, startedAt: string): LogLine | undefined {
  const line = lineOf(event, between(startedAt, event.at))
  return line && { ...line, text: singleLine(line.text, LONGEST) }
}

/**
 * Signs of life are for a log that has been silent so long, and are given often enough for it to say something every minute. Those that
 * know what is being waited for come first.
 */
const SILENCE_MS: Partial<Record<RunEvent['kind'], number>> = { heartbeat: 50_000, 'phase-goes-on': 55_000 }

/** Whether an event is not worth its line yet; `shownAtMs` is when the log last said something. */
export const isChatter = ({ kind, at }: RunEvent, shownAtMs: number): boolean => Date.parse(at) - shownAtMs < (SILENCE_MS[kind] ?? 0)

/** The last line of the log: where to look first. */
export function closingLine({ result, startedAt, finishedAt, pools, image }: RunReport): LogLine {
  const shown = pools.slice(0, MOST_POOLS).map(({ name, healthy, current, target, nodeStates }) => {
    const nodes = `${count(nodeStates ? healthy : totalOf(current))}/${count(totalOf(target))}`
    return `${name} ${nodes} ${nodeStates ? 'healthy' : 'nodes'}`
  })
  const more = pools.length > shown.length ? [`${pools.length - shown.length} more pools`] : []
  const facts = [...shown, ...more, ...(image ? [`image ${image.name} ${image.version}`] : [])]
  const text = singleLine(`${result} in ${between(startedAt, finishedAt)}${facts.length > 0 ? `: ${facts.join(', ')}` : ''}`, LONGEST)
  return { level: 'info', text, ...(TONES[result] && { tone: TONES[result] }) }
}

const MOST_POOLS = 10
const TONES: Readonly<Record<RunResult, LogLine['tone']>> = {
  succeeded: 'good',
  unchanged: 'good',
  planned: undefined,
  failed: 'bad',
  cancelled: 'bad',
  'rolled-back': 'bad',
}

function lineOf(event: RunEvent, elapsed: string): LogLine | undefined {
  switch (event.kind) {
    case 'phase-started':
      return { level: 'group', text: event.phase }
    case 'phase-ended':
      return { level: 'endgroup', text: `${event.phase} ${event.outcome}, ${elapsed}` }
    case 'resource':
      return info(`${event.change} ${event.type} ${nameOf(event.id)}${event.detail ? `: ${event.detail}` : ''}`)
    case 'replication':
      return info(
        `${nameOf(event.imageId)}: replicated to ${event.regions.map(({ region, progress }) => `${region} ${progress} %`).join(', ')}, ${elapsed}`,
      )
    case 'resize-started': {
      const { pool, number, maxResizes, from, request } = event
      const target = { dedicated: request.targetDedicatedNodes, lowPriority: request.targetLowPriorityNodes }
      return info(
        `${pool}: resize ${number} of ${maxResizes} from ${nodesOf(from)} to ${nodesOf(target)}, timeout ${request.resizeTimeout}`,
      )
    }
    case 'resize-foreign':
      return { level: 'warning', text: `${event.pool}: already resizing to ${nodesOf(event.target)}, not by this run; waiting for it` }
    case 'node-count-changed': {
      const { pool, current, target, number, maxResizes, allocationState } = event
      const state = allocationState === 'Resizing' ? '' : `, ${allocationState.toLowerCase()}`
      if (totalOf(target) === 0) return info(`${pool}: ${nodesOf(current)} left to drain, ${elapsed}${state}`)
      return info(`${pool}: ${progress(current, target)}, ${elapsed}, resize ${number} of ${maxResizes}${state}`)
    }
    case 'resize-ended': {
      const { pool, number, gained, current, errors } = event
      const outcome = `${pool}: resize ${number} ended with ${nodesOf(current)} (${change(gained)}), ${elapsed}`
      return errors.length === 0
        ? { ...info(outcome), tone: 'good' }
        : { level: 'warning', text: `${outcome}; ${errors.map(told).join('; ')}` }
    }
    case 'resize-backoff':
      return info(`${event.pool}: next resize in ${duration(event.waitMs)}: ${event.reason}`)
    case 'node-states-changed': {
      const { pool, counts, healthy, required, target } = event
      return {
        ...info(
          `${pool}: ${count(healthy)}/${count(totalOf(target))} healthy (${count(required)} required), ${states(counts)}, ${elapsed}`,
        ),
        ...(isBroken(counts) ? { tone: 'bad' } : healthy >= required && { tone: 'good' }),
      }
    }
    case 'data-plane-unreachable':
      return { level: 'warning', text: `Batch data plane ${event.host} cannot be reached, node states stay unknown: ${event.reason}` }
    case 'check-warning':
      return { level: 'warning', text: `${event.id}: ${event.seen}` }
    case 'heartbeat':
      return info(`still waiting for ${event.waitingFor}, for ${duration(event.elapsedMs)} now, ${elapsed}`)
    case 'phase-goes-on':
      return info(`still at ${event.phase}, for ${duration(event.elapsedMs)} now, ${elapsed}`)
    case 'notice':
      return { level: event.level, text: event.text }
  }
}

const info = (text: string): LogLine => ({ level: 'info', text })

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

function told({ code, message, innermostCode, innermostMessage, class: kind }: ResizeError): string {
  return singleLine(`${innermostCode ?? code} (${kind}): ${innermostMessage ?? message}`, 500)
}

const isBroken = (counts: NodeCounts): boolean => occupiedStates(counts).some(({ state }) => STATES[state].kind === 'broken')

function states(counts: NodeCounts): string {
  const occupied = occupiedStates(counts)
  return occupied.length === 0 ? 'no nodes' : occupied.map((totals) => `${STATES[totals.state].label} ${count(totalOf(totals))}`).join(', ')
}
