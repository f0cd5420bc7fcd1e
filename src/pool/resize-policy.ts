/** What comes after a resize: done, again, enough, or failed. */
import type { ResizeError } from '../errors/resize-errors.ts'
import type { NodeTotals } from '../model/nodes.ts'
import { shareOf } from './health.ts'

export interface Outcome {
  readonly target: NodeTotals
  readonly before: NodeTotals
  readonly current: NodeTotals
  readonly errors: readonly ResizeError[]
  /** Resize requests sent so far, this one included. */
  readonly number: number
  readonly maxResizes: number
  /** Rounds in a row, this one included, that came no nearer to the target (`cameNearer`). */
  readonly roundsWithoutGain: number
  /** Share of the target that must be healthy; a pool that has so many nodes is not given up for the rest. */
  readonly minHealthyPercentage: number
}

export type NextMove =
  | { readonly kind: 'done' }
  | { readonly kind: 'resize'; readonly afterMs: number }
  /** Short of the target, but of nodes enough for the health gate, which decides. */
  | { readonly kind: 'enough'; readonly why: 'max-resizes' | 'no-progress'; readonly error?: ResizeError }
  | { readonly kind: 'fail'; readonly why: 'fatal' | 'max-resizes' | 'no-progress'; readonly error?: ResizeError }

const FIRST_BACKOFF_MS = 30_000

const LONGEST_BACKOFF_MS = 300_000

const MOST_ROUNDS_WITHOUT_GAIN = 3

/** Whether the resize came nearer to its target, up or down. Spot nodes come and go, and are not counted on the way up. */
export function cameNearer({ target, before, current }: Pick<Outcome, 'target' | 'before' | 'current'>): boolean {
  const missing = ({ dedicated, lowPriority }: NodeTotals) =>
    Math.abs(target.dedicated - dedicated) + Math.max(0, lowPriority - target.lowPriority)
  return missing(current) < missing(before)
}

/**
 * `random` is between 0 and 1: half of the wait is jitter. Missing Spot nodes are not requested again, because Batch keeps seeking them; nodes
 * in excess of the target are, of either kind.
 */
export function decideNext(outcome: Outcome, random: number): NextMove {
  const { target, current, errors, number, maxResizes, roundsWithoutGain } = outcome
  const fatal = errors.find((error) => error.class === 'fatal')
  const isThere = current.dedicated === target.dedicated && current.lowPriority <= target.lowPriority
  if (isThere && (current.lowPriority === target.lowPriority || !fatal)) return { kind: 'done' }
  if (fatal) return { kind: 'fail', why: 'fatal', error: fatal }
  const worst = errors.find((error) => error.class === 'retry') ?? errors[0]
  const cap = errors.some((error) => error.once) ? Math.min(2, maxResizes) : maxResizes
  const kind = isEnough(outcome) ? 'enough' : 'fail'
  if (number >= cap) return { kind, why: 'max-resizes', ...(worst && { error: worst }) }
  if (roundsWithoutGain >= MOST_ROUNDS_WITHOUT_GAIN) return { kind, why: 'no-progress', ...(worst && { error: worst }) }
  const backoffMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (number - 1))
  return { kind: 'resize', afterMs: Math.round(backoffMs * (0.5 + random / 2)) }
}

/** A gate that requires nothing (0 %) does not make a pool without nodes a good one. */
function isEnough({ target, current, minHealthyPercentage }: Outcome): boolean {
  const required = shareOf(target.dedicated, minHealthyPercentage)
  return required > 0 && current.dedicated >= required && current.dedicated <= target.dedicated && current.lowPriority <= target.lowPriority
}
