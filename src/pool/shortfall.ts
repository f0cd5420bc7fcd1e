import type { ResizeError } from '../errors/resize-errors.ts'
import { PoolError } from '../errors/run-errors.ts'
import type { BatchAccount, Pool } from '../model/batch.ts'
import { type NodeTotals, nodesOf, nodesOutOf, totalOf } from '../model/nodes.ts'
import type { StepContext } from '../run/context.ts'
import { type Diagnosis, diagnose } from './diagnose.ts'
import { totals } from './size.ts'

/** A pool that is not at its target, and is not resized again. */
export interface Shortfall {
  readonly pool: Pool
  readonly target: NodeTotals
  readonly why: 'fatal' | 'max-resizes' | 'no-progress' | 'not-started'
  /** Of the last resize; absent where Batch gave none. */
  readonly error?: ResizeError | undefined
  /** Resize requests sent. */
  readonly number: number
  /** ISO 8601. */
  readonly resizeTimeout: string
  readonly account: BatchAccount
}

/** The error to end with, with what `diagnose` finds beside Azure's own words. */
export async function shortfallError(shortfall: Shortfall, context: StepContext): Promise<PoolError> {
  const { pool, target, error, account } = shortfall
  return describeShortfall(shortfall, error && (await diagnose(error, { pool, target, account }, context)))
}

export function describeShortfall(
  { pool, target, why, error, number, resizeTimeout }: Omit<Shortfall, 'account'>,
  found: Diagnosis | undefined,
): PoolError {
  const current = totals(pool)
  const words = error ? `${error.innermostCode || error.code}: ${error.innermostMessage ?? error.message}` : 'Batch gave no error'
  const reason = {
    fatal: '',
    'max-resizes': ` after ${number} resizes`,
    'no-progress': ' and the last resizes brought no node',
    'not-started': ', and without the data plane Azure began no other resize',
  }[why]
  const seen = totalOf(target) === 0 ? `could not be drained: ${nodesOf(current)} left` : `has ${nodesOutOf(current, target)}`
  return new PoolError({
    title: error ? `${error.title} (${error.code})` : 'Pool short of its target',
    message: `pool ${pool.name} ${seen}${reason}: ${words}${found ? `\n${found.words}` : ''}`,
    hint: found?.hint ?? error?.fix ?? `Raise \`max-resizes\` or \`resize-timeout\` (now ${resizeTimeout}).`,
    ...(error && { link: error.link, code: error.innermostCode || error.code }),
  })
}

/** A target that was set by PATCH and began no resize. */
export function notStartedError(pool: string, target: NodeTotals): PoolError {
  return new PoolError({
    title: 'Resize not started',
    message: `pool ${pool}: the target was set to ${nodesOf(target)}, but Azure began no resize, and the data plane cannot be reached to ask for one`,
    hint: 'Run on a machine that reaches the data plane of the account.',
    link: 'https://learn.microsoft.com/azure/batch/public-network-access',
  })
}
