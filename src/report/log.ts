/**
 * The log of a run: the lines of a phase are folded into a group, except where there are none. How each phase ended, and the plan, are
 * outside the groups, for a reader who opens none.
 */
import { showDuration, showTimeBetween } from '../model/duration.ts'
import { count, totalOf } from '../model/nodes.ts'
import type { PhaseName, RunEvent } from '../run/events.ts'
import { type LogLine, logLine } from './log-lines.ts'
import { type PhaseFacts, phaseWords, planLines, withFact } from './phase-outcome.ts'
import { poolNames } from './pool-names.ts'
import type { RunReport, RunResult } from './run-report.ts'
import { singleLine } from './untrusted.ts'

/** What has been said so far. */
export interface Log {
  readonly phases: readonly OpenPhase[]
  /** The phase whose lines are being folded away. */
  readonly group?: PhaseName
  /** When the last line was written, and the last one that reported a change, in milliseconds since 1970. */
  readonly shownAtMs: number
  readonly changedAtMs: number
  /** When each pool's last resize of this run began, by pool. */
  readonly resizes: ReadonlyMap<string, number>
}

interface OpenPhase {
  readonly phase: PhaseName
  readonly startedAtMs: number
  readonly facts: PhaseFacts
}

/** What an event adds to the log. */
export interface LogStep {
  readonly log: Log
  readonly lines: readonly LogLine[]
}

/** The log of a run that began at this ISO 8601 instant. */
export function startLog(startedAt: string): Log {
  const startedAtMs = Date.parse(startedAt)
  return { phases: [], shownAtMs: startedAtMs, changedAtMs: startedAtMs, resizes: new Map() }
}

export function logEvent(log: Log, event: RunEvent): LogStep {
  switch (event.kind) {
    case 'phase-started':
      return beginPhase(log, event)
    case 'phase-ended':
      return endPhase(log, event)
    case 'heartbeat':
    case 'phase-running':
      return isSilent(log, event) ? withLine(log, event) : { log, lines: [] }
    // The identity of the run is outside the groups, too.
    case 'signed-in':
      return { log: { ...log, shownAtMs: Date.parse(event.at) }, lines: shown(event, log) }
    default:
      return withLine(withNews(log, event), event)
  }
}

/** The last lines: where to look first. A run that is cancelled ends in the midst of a phase. */
export function endLog({ group }: Log, report: RunReport): readonly LogLine[] {
  return [...(group ? [END_GROUP] : []), closingLine(report)]
}

const END_GROUP: LogLine = { level: 'endgroup', text: '' }

function beginPhase(log: Log, event: RunEvent & { readonly kind: 'phase-started' }): LogStep {
  const { phase, at } = event
  const { lines, log: closed } = closeGroup(log)
  const atMs = Date.parse(at)
  const phases = [...closed.phases, { phase, startedAtMs: atMs, facts: new Map() }]
  const begun = { ...closed, phases, shownAtMs: atMs, changedAtMs: atMs }
  return { log: begun, lines: [...lines, ...shown(event, begun)] }
}

const ENDINGS = {
  succeeded: { mark: '✓', verb: 'took', tone: 'good' },
  failed: { mark: '✗', verb: 'failed after', tone: 'bad' },
  cancelled: { mark: '✗', verb: 'was cancelled after', tone: 'bad' },
} as const

function endPhase(log: Log, { phase, at, outcome }: RunEvent & { readonly kind: 'phase-ended' }): LogStep {
  const index = log.phases.findLastIndex((open) => open.phase === phase)
  const ended = log.phases[index]
  if (!ended) return { log, lines: [] }
  const { lines, log: closed } = closeGroup(log)
  const { mark, verb, tone } = ENDINGS[outcome]
  const words = phaseWords(ended.facts)
  const took = showDuration(Date.parse(at) - ended.startedAtMs)
  const text = singleLine(`${mark} ${phase} ${verb} ${took}${words ? `: ${words}` : ''}`)
  return {
    log: { ...closed, phases: closed.phases.toSpliced(index, 1), shownAtMs: Date.parse(at), changedAtMs: Date.parse(at) },
    lines: [...lines, { level: 'info', text, tone }, ...planLines(ended.facts)],
  }
}

function closeGroup({ group, ...log }: Log): LogStep {
  return { log, lines: group ? [END_GROUP] : [] }
}

/** Signs of life are for a log that has been silent: the first soon, the next ones at least every minute, of which they come every 5 s. */
const FIRST_SILENCE_MS = 30_000
const NEXT_SILENCE_MS = 50_000
/** Those that know what is being waited for come first. */
const PRECEDENCE_MS = 5_000

function isSilent({ shownAtMs, changedAtMs }: Log, { kind, at }: RunEvent): boolean {
  const silenceMs = (shownAtMs === changedAtMs ? FIRST_SILENCE_MS : NEXT_SILENCE_MS) + (kind === 'heartbeat' ? 0 : PRECEDENCE_MS)
  return Date.parse(at) - shownAtMs >= silenceMs
}

/** What the event means for the lines to come. */
function withNews(log: Log, event: RunEvent): Log {
  const [phase, ...outer] = log.phases.toReversed()
  return {
    ...log,
    ...(phase && { phases: [...outer.toReversed(), { ...phase, facts: withFact(phase.facts, event) }] }),
    ...(event.kind === 'resize-started' && { resizes: new Map(log.resizes).set(event.pool, Date.parse(event.at)) }),
  }
}

/** The event's line, in the group of its phase. */
function withLine(log: Log, event: RunEvent): LogStep {
  const lines = shown(event, log)
  if (lines.every(({ level }) => level === 'debug')) return { log, lines }
  const atMs = Date.parse(event.at)
  const isSignOfLife = event.kind === 'heartbeat' || event.kind === 'phase-running'
  const group = log.phases.at(-1)?.phase
  const opened: readonly LogLine[] = group && group !== log.group ? [...closeGroup(log).lines, { level: 'group', text: group }] : []
  return {
    log: { ...log, ...(group && { group }), shownAtMs: atMs, ...(!isSignOfLife && { changedAtMs: atMs }) },
    lines: [...opened, ...lines],
  }
}

function shown(event: RunEvent, { phases, changedAtMs, resizes }: Log): readonly LogLine[] {
  const atMs = Date.parse(event.at)
  const phase = phases.at(-1)
  const resizedAtMs = 'pool' in event ? resizes.get(event.pool) : undefined
  const line = logLine(event, {
    inPhaseMs: atMs - (phase?.startedAtMs ?? atMs),
    unchangedMs: atMs - changedAtMs,
    ...(resizedAtMs !== undefined && { inResizeMs: atMs - resizedAtMs }),
    ...(phase && { phase: phase.phase }),
  })
  return line ? [line] : []
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

function closingLine({ result, startedAt, finishedAt, pools, image }: RunReport): LogLine {
  const nameIn = poolNames(pools)
  const named = pools.slice(0, MOST_POOLS).map((pool) => {
    const { healthy, current, target, nodeStates } = pool
    const nodes = `${count(nodeStates ? healthy : totalOf(current))}/${count(totalOf(target))}`
    return `${nameIn(pool)} ${nodes} ${nodeStates ? 'healthy' : 'nodes'}`
  })
  const more = pools.length > named.length ? [`${pools.length - named.length} more pools`] : []
  const facts = [...named, ...more, ...(image ? [`image ${image.name} ${image.version}`] : [])]
  const took = showTimeBetween(startedAt, finishedAt)
  const text = singleLine(`${result}, the run took ${took}${facts.length > 0 ? `: ${facts.join(', ')}` : ''}`)
  return { level: 'info', text, ...(TONES[result] && { tone: TONES[result] }) }
}
