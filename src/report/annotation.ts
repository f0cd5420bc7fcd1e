/** The one annotation of a run: shorter than what GitHub takes, and never without what to do. */
import type { Explanation } from '../errors/explanation.ts'
import { poolNames } from './pool-names.ts'
import type { RunReport } from './run-report.ts'

/** A check run takes 64 KB and a title of 255 characters. https://docs.github.com/rest/checks/runs */
const LONGEST_MESSAGE = 8_000
const LONGEST_HINT = 4_000
const LONGEST_TITLE = 200

export interface Annotation {
  readonly title: string
  readonly text: string
}

export function annotationOf({ title, message, hint, link }: Explanation): Annotation {
  const text = [shortened(message, LONGEST_MESSAGE), shortened(hint, LONGEST_HINT), link].filter(Boolean).join('\n')
  return { title: shortened(title, LONGEST_TITLE), text }
}

/** The failure of a run, with the name of the pool where one of several failed and the message does not have it. */
export function failureIn({ error, pools }: Pick<RunReport, 'error' | 'pools'>): Explanation | undefined {
  const [failed, ...others] = pools.filter((pool) => pool.error)
  if (!error || !failed || others.length > 0 || pools.length === 1 || error.message !== failed.error?.message) return error
  const name = poolNames(pools)(failed)
  return error.message.includes(name) ? error : { ...error, message: `${name}: ${error.message}` }
}

const MORE = '… (all of it is in the job summary and the JSON report)'

/** Whole lines as far as they fit. */
function shortened(text: string, longest: number): string {
  if (text.length <= longest) return text
  const part = text.slice(0, longest - MORE.length)
  const lineEnd = part.lastIndexOf('\n')
  return `${(lineEnd > 0 ? part.slice(0, lineEnd + 1) : part).toWellFormed()}${MORE}`
}
