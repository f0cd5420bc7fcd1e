/** Nodes over time. */
import { shortNodes, totalOf } from '../../model/nodes.ts'
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
  const columns: readonly Column[] = [
    'Time (UTC)',
    { right: 'Nodes' },
    { right: 'Target' },
    ...(isHealthKnown ? [{ right: 'Healthy' }] : []),
  ]
  // A slot of the chart repeats the sample before it where nothing changed.
  const distinct = points.filter(({ at }, index) => at !== points[index - 1]?.at)
  const rows = distinct.map(({ at, current, target, healthy }) => [
    timeOf(at),
    shortNodes(current),
    target ? shortNodes(target) : '–',
    ...(isHealthKnown ? [healthy ?? '–'] : []),
  ])
  const numbers = table(columns, rows)
  if (!chart) return numbers
  return blocks(
    chart,
    md`Blue bars: nodes in the pool${lines.map((line) => `; ${line}`).join('')}.`,
    details('The same in numbers', numbers),
  )
}
