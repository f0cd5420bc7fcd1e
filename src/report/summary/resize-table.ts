/** What each resize requested, what it gained, and why it fell short. */
import { showTimeBetween } from '../../model/duration.ts'
import { shortNodes, totalOf } from '../../model/nodes.ts'
import type { PoolReport, ResizeAttempt } from '../run-report.ts'
import { timeOf } from '../times.ts'
import { blocks, code, errorName, join, link, list, type Markdown, md, table, text } from './markdown.ts'

/** Attempts in a table; below it every distinct error once, with its fix, but for the one in the box below the verdict. */
export function resizeTable({ attempts, error }: PoolReport): Markdown {
  return blocks(
    table(
      ['Resize', 'Nodes', 'Errors'],
      attempts.map((attempt) => [timeIn(attempt), gainOf(attempt), errorsOf(attempt)]),
    ),
    list(distinctErrors(attempts, error?.code)),
  )
}

/** E.g. `2: 08:21:32 UTC, took 15 min`. */
const timeIn = ({ number, startedAt, finishedAt }: ResizeAttempt): Markdown =>
  md`${number}: ${timeOf(startedAt)} UTC, ${finishedAt ? `took ${showTimeBetween(startedAt, finishedAt)}` : 'not ended'}`

/** E.g. `400 → 700 (+300), target 900`. */
function gainOf({ request, from, to }: ResizeAttempt): Markdown {
  const target = { dedicated: request.targetDedicatedNodes, lowPriority: request.targetLowPriorityNodes }
  const before = totalOf(from)
  const change = to ? md`${before} → ${totalOf(to)} (${signed(totalOf(to) - before)})` : md`from ${before}`
  return md`${change}, target ${shortNodes(target)}`
}

const errorsOf = ({ errors }: ResizeAttempt): Markdown =>
  errors.length === 0
    ? md`none`
    : join(
        errors.map((error) => md`${errorName(error.innermostCode ?? error.code)} (${error.class})`),
        '<br>',
      )

function distinctErrors(attempts: readonly ResizeAttempt[], shown: string | undefined): readonly Markdown[] {
  const errors = attempts
    .flatMap(({ number, errors }) => errors.map((error) => ({ ...error, number })))
    .filter((error) => (error.innermostCode || error.code) !== shown)
  const byMeaning = Map.groupBy(errors, ({ code: name, innermostCode, fix }) => [name, innermostCode, fix].join('\n'))
  return [...byMeaning.values()].flatMap((same) => {
    const last = same.at(-1)
    if (!last) return []
    const names =
      last.innermostCode && last.innermostCode !== last.code ? md`${code(last.code)} / ${code(last.innermostCode)}` : code(last.code)
    const numbers = [...new Set(same.map(({ number }) => number))]
    return md`${names} in resize${numbers.length > 1 ? 's' : ''} ${numbers.join(', ')}: ${text(last.innermostMessage ?? last.message, 1_500)}<br>\n**${MEANING[last.class]}.** ${text(last.fix)} ${link('Documentation', last.link)}`
  })
}

const MEANING = {
  fatal: 'Another try would not help',
  retry: 'Tried again',
  wait: 'Batch keeps trying',
} as const

const signed = (value: number): string => (value > 0 ? `+${value.toLocaleString('en-US')}` : value.toLocaleString('en-US'))
