/** Pure: whether somebody else resized a pool while a run was working on it. */
import { isDeepStrictEqual } from 'node:util'
import { ForeignChangeError } from '../errors/run-errors.ts'
import type { Pool } from '../model/batch.ts'
import { type NodeTotals, nodesOf } from '../model/nodes.ts'
import { targetOf } from './size.ts'

/** A notice for a pool that somebody resized since the run looked at it; `undefined` where nobody did. The run sets the size all the same. */
export function foreignSizeNotice(now: Pool, decidedOn: Pool): string | undefined {
  const isSized = [now, decidedOn].every(({ properties }) => properties.scaleSettings?.fixedScale)
  const seen = targetOf(now)
  if (!isSized || isDeepStrictEqual(seen, targetOf(decidedOn))) return undefined
  return `Pool ${now.name} was resized to ${nodesOf(seen)} by someone else since this run looked at it; it gets the requested size.`
}

/** A resize that somebody else requested is not silently undone. @throws ForeignChangeError where the pool's target is not `target` */
export function refuseForeignTarget(pool: Pool, target: NodeTotals): void {
  const { autoScale } = pool.properties.scaleSettings ?? {}
  const seen = targetOf(pool)
  if (!autoScale && isDeepStrictEqual(seen, target)) return
  const became = autoScale ? 'given an autoscale formula' : `resized to ${nodesOf(seen)}`
  throw new ForeignChangeError({
    title: 'Pool resized by someone else',
    message: `pool ${pool.name} was ${became} during the run, which requested ${nodesOf(target)}`,
    hint: 'That change was left alone. Run again once it is settled who sizes the pool.',
  })
}
