/** What a phase has achieved, in a line of the log. */
import { count, nodesOf, totalOf } from '../model/nodes.ts'
import type { RunEvent } from '../run/events.ts'
import { type LogLine, quoted, replicas, thing } from './log-lines.ts'
import { singleLine } from './untrusted.ts'

/** The last event of each kind about each thing: by kind and thing. */
export type PhaseFacts = ReadonlyMap<string, RunEvent>

const MOST_CHANGES = 50
/** Of more pools, the sum. */
const MOST_POOLS = 3

export function withFact(facts: PhaseFacts, event: RunEvent): PhaseFacts {
  const about = 'pool' in event ? event.pool : 'id' in event ? event.id.toLowerCase() : ''
  return new Map(facts).set(`${event.kind} ${about}`, event)
}

/** E.g. `3 snapshots created, gallery "images" created`; empty where there is nothing to say. */
export function phaseWords(facts: PhaseFacts): string {
  const events = [...facts.values()]
  return [...checkWords(events), ...planWords(events), ...resourceWords(events), ...replicationWords(events), ...poolWords(events)].join(
    ', ',
  )
}

/** The plan itself, a change a line. */
export function planLines(facts: PhaseFacts): readonly LogLine[] {
  const changes = ofKind([...facts.values()], 'planned').flatMap((event) => event.changes)
  const lines = changes
    .slice(0, MOST_CHANGES)
    .map(({ verb, type, name, reason }) => `  ${singleLine(`${verb} ${type} ${quoted(name)}: ${reason}`)}`)
  const more = changes.length > MOST_CHANGES ? [`  and ${count(changes.length - MOST_CHANGES)} more, in the report`] : []
  return [...lines, ...more].map((text) => ({ level: 'info', text }))
}

function checkWords(events: readonly RunEvent[]): readonly string[] {
  return ofKind(events, 'checked').map(({ passed, warnings, errors }) =>
    [
      `${some(passed, 'check')} passed`,
      ...(errors > 0 ? [some(errors, 'error')] : []),
      ...(warnings > 0 ? [some(warnings, 'warning')] : []),
    ].join(', '),
  )
}

function planWords(events: readonly RunEvent[]): readonly string[] {
  return ofKind(events, 'planned').map(({ changes }) => (changes.length === 0 ? 'nothing to change' : some(changes.length, 'change')))
}

const DONE = ['created', 'adopted', 'updated', 'deleted', 'kept'] as const

function resourceWords(events: readonly RunEvent[]): readonly string[] {
  const done = ofKind(events, 'resource').filter(({ change }) => (DONE as readonly string[]).includes(change))
  return [...Map.groupBy(done, ({ change, type }) => `${change} ${type}`).values()].map((alike) => {
    const [first] = alike
    if (!first) return ''
    return alike.length === 1 ? `${thing(first)} ${first.change}` : `${some(alike.length, first.type)} ${first.change}`
  })
}

const replicationWords = (events: readonly RunEvent[]): readonly string[] =>
  ofKind(events, 'replication').map((event) => `replication: ${replicas(event)}`)

/** Healthy nodes where they were looked at, else the nodes that came. */
function poolWords(events: readonly RunEvent[]): readonly string[] {
  const states = ofKind(events, 'node-states-changed')
  const healthOf = (who: string, some: typeof states) =>
    `${count(sum(some, ({ healthy }) => healthy))} of ${count(sum(some, ({ target }) => totalOf(target)))} nodes of ${who} healthy`
  const resized = ofKind(events, 'resize-ended').filter(({ pool }) => !states.some((seen) => seen.pool === pool))
  return [
    ...(states.length > MOST_POOLS
      ? [healthOf(`${states.length} pools`, states)]
      : states.map((one) => healthOf(`pool ${one.pool}`, [one]))),
    ...(resized.length > MOST_POOLS
      ? [`${count(sum(resized, ({ current }) => totalOf(current)))} nodes in ${resized.length} pools`]
      : resized.map(({ pool, current, number }) => `pool ${pool} has ${nodesOf(current)} after resize ${number}`)),
  ]
}

const sum = <T>(items: readonly T[], of: (item: T) => number): number => items.reduce((total, item) => total + of(item), 0)

const some = (number: number, noun: string): string => `${count(number)} ${noun}${number === 1 ? '' : 's'}`

function ofKind<K extends RunEvent['kind']>(events: readonly RunEvent[], kind: K): readonly Extract<RunEvent, { readonly kind: K }>[] {
  return events.filter((event): event is Extract<RunEvent, { readonly kind: K }> => event.kind === kind)
}
