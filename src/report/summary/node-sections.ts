/** Nodes over time. */
import { totalOf } from '../../model/nodes.ts'
import type { PoolReport } from '../run-report.ts'
import { timeOf } from '../times.ts'
import { hasHealth, nodeChart } from './charts.ts'
import { blocks, type Column, details, type Markdown, md, nothing, table } from './markdown.ts'
import { overTime } from './samples.ts'

const POINTS = 30

/** The curve, and folded below it the same numbers; of few nodes only the numbers. */
export function nodesOverTime({ samples, autoScale }: PoolReport): Markdown {
  const points = overTime(samples, POINTS)
  const chart = nodeChart(points)
  if (points.length < 2 || points.every(({ current }) => totalOf(current) === 0)) return nothing
  const isHealthKnown = hasHealth(points)
  const lines = [
    ...(autoScale ? [] : ['amber: the target']),
    ...(isHealthKnown ? ['green: healthy nodes, known once the pool is steady'] : []),
  ]
  const hasSpot = points.some(({ current, target }) => current.lowPriority > 0 || (target?.lowPriority ?? 0) > 0)
  const columns: readonly Column[] = [
    'Time (UTC)',
    { right: hasSpot ? 'Dedicated' : 'Nodes' },
    ...(hasSpot ? [{ right: 'Spot' }] : []),
    { right: 'Target' },
    ...(isHealthKnown ? [{ right: 'Healthy' }] : []),
  ]
  const rows = points.map(({ at, current, target, healthy }) => [
    timeOf(at),
    current.dedicated,
    ...(hasSpot ? [current.lowPriority] : []),
    target ? totalOf(target) : '–',
    ...(isHealthKnown ? [healthy ?? '–'] : []),
  ])
  const numbers = table(columns, distinct(rows))
  if (!chart) return numbers
  return blocks(
    chart,
    md`Blue bars: nodes in the pool${lines.map((line) => `; ${line}`).join('')}.`,
    details('The same in numbers', numbers),
  )
}

/** A slot of the chart repeats the sample before it where nothing changed. */
const distinct = <Row extends readonly unknown[]>(rows: readonly Row[]): readonly Row[] =>
  rows.filter((row, index) => row.join() !== rows[index - 1]?.join())
