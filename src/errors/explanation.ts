import { inspect } from 'node:util'

/** What a user reads about a failure: one annotation, and a section of the summary. Texts from Azure are not escaped here. */
export interface Explanation {
  /** Short and for people, e.g. `Core quota reached`. */
  readonly title: string
  /** Azure's innermost words, or ours. */
  readonly message: string
  /** What to do. */
  readonly hint: string
  readonly link?: string
  /** Azure's innermost code. */
  readonly code?: string
  /** `x-ms-correlation-request-id` of the answer, for Azure support. */
  readonly correlationId?: string
}

/** A failure that can explain itself. */
export abstract class ActionError extends Error {
  readonly explanation: Explanation

  constructor(explanation: Explanation, options?: ErrorOptions) {
    super(explanation.message, options)
    this.name = new.target.name
    this.explanation = explanation
  }
}

/** An annotation has room for about this many. */
const MOST_FAILURES_SHOWN = 20

/** Several of the things that a run did side by side failed, each for its own reason. */
export class MultipleFailuresError extends ActionError {
  constructor(first: Explanation, others: readonly Explanation[]) {
    const all = [first, ...others]
    const more = all.length - MOST_FAILURES_SHOWN
    const lines = all.slice(0, MOST_FAILURES_SHOWN).map(({ title, message }) => `${title}: ${message}`)
    super({
      ...first,
      message: [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n'),
      hint: [...new Set(all.map(({ hint }) => hint))].join('\n'),
      title: `${first.title}, and ${others.length} more`,
    })
  }
}

/** The explanation of anything that was thrown; never throws. */
export function explain(error: unknown): Explanation {
  if (error instanceof ActionError) return error.explanation
  const message = error instanceof Error ? error.message : inspect(error)
  return {
    title: 'Unexpected error',
    message: message.slice(0, 2_000),
    hint: 'The action does not know this failure. Run again with debug logging; if it happens again, report it with the log.',
    link: 'https://docs.github.com/actions/how-tos/monitor-workflows/enable-debug-logging',
  }
}

/** What happened and what to do about it, as running text. */
export const inSentences = ({ message, hint }: Pick<Explanation, 'message' | 'hint'>): string =>
  `${message.trim().replace(/\.+$/, '')}. ${hint}`

/** The same of anything that was thrown. */
export const explainInLine = (error: unknown): string => inSentences(explain(error))

/** What to do. */
export type Advice = Pick<Explanation, 'hint' | 'link'>

/** The title above Azure's words, e.g. `Core quota reached`, and the advice below them. */
export type Remedy = Pick<Explanation, 'title' | 'hint' | 'link'>
