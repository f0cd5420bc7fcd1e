/**
 * Mermaid text in the plainest syntax, since GitHub does not say which Mermaid it runs and shows nothing of a chart it cannot parse.
 * The same numbers are always in a table beside it.
 */
import { totalOf } from '../../model/nodes.ts'
import { poolNames } from '../pool-names.ts'
import type { PhaseRecord, PoolReport } from '../run-report.ts'
import { type Markdown, mermaid } from './markdown.ts'
import type { TimedSample } from './samples.ts'

const MOST_TASKS = 50

/** Seen on white and on black, the green of healthy nodes before the bars; the themes' own bars are nearly white, their background is grey. */
const COLORS = { nodes: '#79b8ff', target: '#bf8700', healthy: '#116329' } as const
const MOST_POOLS = 5

/** Low, and so narrow that a telephone shows it nearly as large as it is; its labels stay legible when it is scaled down. */
const SIZE = '{"width": 520, "height": 260}'
/** A curve of fewer nodes shows less than its table. */
const LEAST_NODES = 20

/** Bars: nodes of the pool. Lines: the target, and from when they were looked at, the healthy ones. https://mermaid.js.org/syntax/xyChart.html */
export function nodeChart(samples: readonly TimedSample[]): Markdown | undefined {
  const last = samples.at(-1)
  if (!last || samples.length < 2) return undefined
  const nodes = samples.map(({ current }) => totalOf(current))
  const targets = samples.map(({ target }) => (target ? totalOf(target) : undefined))
  const highest = Math.max(1, ...nodes, ...targets.map((target) => target ?? 0))
  if (highest < LEAST_NODES || nodes.every((number) => number === 0)) return undefined
  const { unit, unitMs } = unitFor(last.elapsedMs)
  const lines = [
    ...(targets.includes(undefined) ? [] : [{ color: COLORS.target, values: targets }]),
    ...(hasHealth(samples) ? [{ color: COLORS.healthy, values: samples.map(({ healthy = 0 }) => healthy) }] : []),
  ]
  const palette = [COLORS.nodes, ...lines.map(({ color }) => color)].join(', ')
  return mermaid(
    `%%{init: {"xyChart": ${SIZE}, "themeVariables": {"xyChart": {"backgroundColor": "#00000000", "plotColorPalette": "${palette}"}}}}%%`,
    'xychart-beta',
    `  x-axis "${unit}" 0 --> ${Math.max(1, Math.round(last.elapsedMs / unitMs))}`,
    `  y-axis "nodes" 0 --> ${highest}`,
    `  bar [${nodes.join(', ')}]`,
    ...lines.map(({ values }) => `  line [${values.join(', ')}]`),
  )
}

type PoolTimes = Pick<PoolReport, 'name' | 'account' | 'attempts' | 'error'>

/** Nodes are looked at one by one only when the pool is steady. */
export const hasHealth = (samples: readonly TimedSample[]): boolean => samples.some(({ healthy }) => healthy !== undefined)

/** Phases, and below them the resizes of each pool; of many pools, only of those that failed. https://mermaid.js.org/syntax/gantt.html */
export function timeline(phases: readonly PhaseRecord[], pools: readonly PoolTimes[]): Markdown | undefined {
  if (phases.length === 0) return undefined
  const shownPools = pools.length > MOST_POOLS ? pools.filter(({ error }) => error).slice(0, MOST_POOLS) : pools
  const nameIn = poolNames(pools)
  const tasks = [
    { section: 'Phases', rows: phases.map(({ phase, outcome, ...times }) => task(phase, outcome === 'failed', times)) },
    ...shownPools.map((pool) => ({
      section: label(nameIn(pool)),
      rows: pool.attempts.flatMap(({ number, startedAt, finishedAt, errors }) =>
        finishedAt ? task(`resize ${number}`, errors.length > 0, { startedAt, finishedAt }) : [],
      ),
    })),
  ]
  let left = MOST_TASKS
  const shown = tasks.flatMap(({ section, rows }) => {
    const taken = rows.slice(0, left)
    left -= taken.length
    return taken.length === 0 ? [] : [`section ${section}`, ...taken]
  })
  const { tick, format } = ticksFor(phases)
  return mermaid(
    'gantt',
    '  dateFormat YYYY-MM-DDTHH:mm:ss',
    `  axisFormat ${format}`,
    `  tickInterval ${tick}`,
    '  todayMarker off',
    ...shown.map((line) => `  ${line}`),
  )
}

function task(name: string, isCritical: boolean, times: { readonly startedAt: string; readonly finishedAt: string }): string {
  const start = Date.parse(times.startedAt)
  const end = Math.max(Date.parse(times.finishedAt), start + 1_000)
  return `${label(name)} :${isCritical ? 'crit, ' : ''}${second(start)}, ${second(end)}`
}

const MOST_TICKS = 8
const TICKS = [
  { tick: '1second', tickMs: 1_000, format: '%H:%M:%S' },
  { tick: '10second', tickMs: 10_000, format: '%H:%M:%S' },
  { tick: '1minute', tickMs: 60_000, format: '%H:%M' },
  { tick: '5minute', tickMs: 300_000, format: '%H:%M' },
  { tick: '15minute', tickMs: 900_000, format: '%H:%M' },
  { tick: '1hour', tickMs: 3_600_000, format: '%H:%M' },
] as const

/** Marks whose labels do not run into each other. */
function ticksFor(phases: readonly PhaseRecord[]): (typeof TICKS)[number] {
  const startMs = Math.min(...phases.map(({ startedAt }) => Date.parse(startedAt)))
  const endMs = Math.max(...phases.map(({ finishedAt }) => Date.parse(finishedAt)))
  return TICKS.find(({ tickMs }) => (endMs - startMs) / tickMs <= MOST_TICKS) ?? TICKS[5]
}

/** Without a zone: read and shown as it stands, so the axis is in UTC for everyone. */
const second = (ms: number): string => new Date(ms).toISOString().slice(0, 19)

/** Only what no Mermaid grammar gives a meaning to. */
const label = (name: string): string => name.replace(/[^\w .-]+/g, ' ').trim() || 'unnamed'

function unitFor(spanMs: number): { readonly unit: string; readonly unitMs: number } {
  return spanMs < 180_000 ? { unit: 'seconds', unitMs: 1_000 } : { unit: 'minutes', unitMs: 60_000 }
}
