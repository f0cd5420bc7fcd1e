/** What the summary tells of one pool. */

import { nodeChart } from './charts.ts'
import { between } from './duration.ts'
import { blocks, type Column, code, details, join, link, list, type Markdown, md, nothing, table, text } from './markdown.ts'
import { nodesOf, occupiedStates, STATES, totalOf } from './nodes.ts'
import type { Reference } from './references.ts'
import type { PoolReport, ResizeAttempt } from './run-report.ts'
import { overTime } from './samples.ts'
import { timeOf } from './times.ts'

const MOST_POINTS = 30

/** Before and after, one column each. */
export function poolTable(pool: PoolReport, reference: Reference): Markdown {
  const { targetBefore, currentBefore, target, current } = pool
  const kinds = [
    { title: 'Dedicated nodes', of: 'dedicated' },
    { title: 'Spot nodes', of: 'lowPriority' },
  ] as const
  const sizes = kinds
    .filter(({ of }) => [target, current, targetBefore, currentBefore].some((totals) => (totals?.[of] ?? 0) > 0) || of === 'dedicated')
    .map(({ title, of }) => [
      title,
      share(currentBefore?.[of], targetBefore?.[of]),
      share(current[of], pool.autoScale ? undefined : target[of]),
    ])
  return table(
    ['', 'Before', 'After'],
    [
      ['Image', pool.imageBefore ? reference(pool.imageBefore) : '–', pool.imageAfter ? reference(pool.imageAfter) : '–'],
      ...sizes,
      ['Healthy nodes', '', pool.nodeStates ? health(pool) : 'not known'],
    ],
  )
}

/** One pool a row. */
export function poolsTable(pools: readonly PoolReport[], reference: Reference): Markdown {
  return table(
    ['Pool', 'Action', 'Image before', 'Image after', { right: 'Nodes before' }, { right: 'Nodes' }, { right: 'Healthy' }, ''],
    pools.map((pool) => [
      reference(pool.id, pool.name),
      pool.action,
      pool.imageBefore ? reference(pool.imageBefore) : '–',
      pool.imageAfter ? reference(pool.imageAfter) : '–',
      pool.currentBefore ? totalOf(pool.currentBefore) : '–',
      share(totalOf(pool.current), pool.autoScale ? undefined : totalOf(pool.target)),
      pool.nodeStates ? pool.healthy : '–',
      pool.error ? md`**${text(pool.error.title, 80)}**` : '',
    ]),
  )
}

/** What the pool is, in a line. */
export function poolFacts(pool: PoolReport, reference: Reference): Markdown {
  const facts = [
    md`Pool ${reference(pool.id, pool.name)} of account ${code(pool.account)}`,
    code(pool.vmSize),
    ACTIONS[pool.action],
    ...(pool.autoScale ? ['sized by its formula'] : [md`resize timeout ${code(pool.resizeTimeout)}`]),
    ...(pool.allocationState ? [`allocation ${pool.allocationState.toLowerCase()}`] : []),
  ]
  return join(facts, ' · ')
}

const ACTIONS: Readonly<Record<PoolReport['action'], string>> = {
  created: 'created',
  resized: 'resized',
  reimaged: 'moved to the image in place',
  replaced: 'deleted and created anew',
  'blue-green': 'new pool beside the old one',
  none: 'left as it was',
}

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

/** Attempts in a table; below it every distinct error once, with its fix. */
export function resizeAttempts({ attempts }: PoolReport): Markdown {
  return blocks(
    table(
      [{ right: '#' }, 'Start (UTC)', 'Duration', 'Asked for', { right: 'Nodes before' }, { right: 'Gained' }, 'Errors'],
      attempts.map((attempt) => [
        attempt.number,
        timeOf(attempt.startedAt),
        attempt.finishedAt ? between(attempt.startedAt, attempt.finishedAt) : 'not ended',
        nodesOf({ dedicated: attempt.request.targetDedicatedNodes, lowPriority: attempt.request.targetLowPriorityNodes }),
        totalOf(attempt.from),
        attempt.to ? signed(totalOf(attempt.to) - totalOf(attempt.from)) : '–',
        attempt.errors.length === 0
          ? 'none'
          : join(
              attempt.errors.map(({ code: name, innermostCode, class: kind }) => md`${code(innermostCode ?? name)} (${kind})`),
              ', ',
            ),
      ]),
    ),
    list(distinctErrors(attempts)),
  )
}

function distinctErrors(attempts: readonly ResizeAttempt[]): readonly Markdown[] {
  const errors = attempts.flatMap(({ number, errors }) => errors.map((error) => ({ ...error, number })))
  const byMeaning = Map.groupBy(errors, ({ code: name, innermostCode, fix }) => [name, innermostCode, fix].join('\n'))
  return [...byMeaning.values()].flatMap((same) => {
    const last = same.at(-1)
    if (!last) return []
    const names =
      last.innermostCode && last.innermostCode !== last.code ? md`${code(last.code)} / ${code(last.innermostCode)}` : code(last.code)
    const numbers = [...new Set(same.map(({ number }) => number))]
    return md`${names} in resize ${numbers.join(', ')}: ${text(last.innermostMessage ?? last.message, 1_500)}<br>\n**${MEANING[last.class]}.** ${text(last.fix)} ${link('Documentation', last.link)}`
  })
}

const MEANING = {
  fatal: 'Another try would not help',
  retry: 'Tried again',
  wait: 'Batch goes on by itself',
} as const

/** The curve, and folded below it the same numbers. */
export function nodesOverTime({ name, samples, autoScale }: PoolReport): Markdown {
  const points = overTime(samples, MOST_POINTS)
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
        points.map(({ at, current, target, healthy }) => [
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

const share = (part: number | undefined, whole: number | undefined): Markdown => {
  if (part === undefined) return md`–`
  return whole === undefined ? md`${part}` : md`${part} of ${whole}`
}

function health({ healthy, target, required, autoScale }: PoolReport): Markdown {
  return md`**${healthy}${autoScale ? nothing : md` of ${totalOf(target)}`}**${required < totalOf(target) ? md` (${required} required)` : nothing}`
}

const signed = (value: number): string => (value > 0 ? `+${value.toLocaleString('en-US')}` : value.toLocaleString('en-US'))
