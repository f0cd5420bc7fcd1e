/** What each resize requested, what it gained, and why it fell short. */
import { showTimeBetween } from '../../model/duration.ts'
import { count, totalOf } from '../../model/nodes.ts'
import type { PoolReport, ResizeAttempt } from '../run-report.ts'
import { timeOf } from '../times.ts'
import { blocks, code, join, link, list, type Markdown, md, table, text } from './markdown.ts'

/** Attempts in a table; below it every distinct error once, with its fix, but for the one in the box below the verdict. */
export function resizeTable({ attempts, error }: PoolReport): Markdown {
  return blocks(
    table(
      [{ right: '#' }, 'Start (UTC)', 'Duration', 'Target', 'Nodes', { right: 'Gain' }, 'Errors'],
      attempts.map(({ number, startedAt, finishedAt, request, from, to, errors }) => [
        number,
        timeOf(startedAt),
        finishedAt ? showTimeBetween(startedAt, finishedAt) : 'not ended',
        targetOf(request),
        to ? `${count(totalOf(from))} → ${count(totalOf(to))}` : `${count(totalOf(from))} →`,
        to ? signed(totalOf(to) - totalOf(from)) : '–',
        errors.length === 0
          ? 'none'
          : join(
              errors.map((error) => md`${code(error.innermostCode ?? error.code)} (${error.class})`),
              '<br>',
            ),
      ]),
    ),
    list(distinctErrors(attempts, error?.code)),
  )
}

function targetOf({ targetDedicatedNodes, targetLowPriorityNodes }: ResizeAttempt['request']): string {
  return targetLowPriorityNodes === 0
    ? count(targetDedicatedNodes)
    : `${count(targetDedicatedNodes)} + ${count(targetLowPriorityNodes)} Spot`
}

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
