/** Nodes by state, and over time. */
import { nodeChart } from './charts.ts'
import { blocks, type Column, details, type Markdown, md, nothing, table } from './markdown.ts'
import { occupiedStates, STATES, totalOf } from './nodes.ts'
import type { PoolReport } from './run-report.ts'
import { overTime, type TimedSample } from './samples.ts'
import { timeOf } from './times.ts'

const POINTS = 30

export function nodeStates({ nodeStates: counts }: PoolReport): Markdown {
  if (!counts) return nothing
  const occupied = occupiedStates(counts)
  const hasSpot = occupied.some(({ lowPriority }) => lowPriority > 0)
  const columns: readonly Column[] = ['Node state', { right: 'Dedicated' }, ...(hasSpot ? [{ right: 'Spot' }, { right: 'Both' }] : [])]
  const cells = (dedicated: number, spot: number) => (hasSpot ? [dedicated, spot, dedicated + spot] : [dedicated])
  return table(
    columns,
    occupied.map(({ state, dedicated, lowPriority }) => [stateLabel(state), ...cells(dedicated, lowPriority)]),
  )
}

function stateLabel(state: keyof typeof STATES): Markdown {
  const { label, kind } = STATES[state]
  return kind === 'broken' ? md`**${label}**` : md`${label}`
}

/** The curve, and folded below it the same numbers. */
export function nodesOverTime({ name, samples, autoScale }: PoolReport): Markdown {
  const points = overTime(samples, POINTS)
  const chart = nodeChart(name, points)
  if (!chart) return nothing
  const hasHealth = points.some(({ healthy }) => healthy !== undefined)
  const columns: readonly Column[] = [
    'Time (UTC)',
    { right: 'Dedicated' },
    { right: 'Spot' },
    { right: 'Target' },
    ...(hasHealth ? [{ right: 'Healthy' }] : []),
  ]
  return blocks(
    chart,
    md`Bars: nodes in the pool${autoScale ? nothing : md`; line: target`}.`,
    details(
      'The same in numbers',
      table(
        columns,
        distinct(points).map(({ at, current, target, healthy }) => [
          timeOf(at),
          current.dedicated,
          current.lowPriority,
          target ? totalOf(target) : '–',
          ...(hasHealth ? [healthy ?? '–'] : []),
        ]),
      ),
    ),
  )
}

/** A slot of the chart repeats the sample before it where nothing changed. */
const distinct = (points: readonly TimedSample[]): readonly TimedSample[] => points.filter(({ at }, index) => at !== points[index - 1]?.at)
