import { isDeepStrictEqual } from 'node:util'
import type { Pool } from '../model/batch.ts'
import { type NodeTotals, nodesOf, nodesOutOf, totalOf } from '../model/nodes.ts'
import { emit, type StepContext, waitFor } from '../run/context.ts'
import type { PoolEditor } from './editor.ts'
import { targetFrom, totals } from './size.ts'

/** A drain, a proof, a canary: everything else waits for them. */
const MOST_NODES_AWAITED = 3

/** A pool without nodes is steady within seconds, others take minutes: read after 3 s at first, every 30 s later, where others wait for it every 5 s. */
function poolDelayMs(waitedMs: number, target: NodeTotals | undefined): number {
  const isAwaited = target !== undefined && totalOf(target) <= MOST_NODES_AWAITED
  return Math.min(isAwaited ? 5_000 : 30_000, Math.max(3_000, waitedMs))
}

/** What a pool is watched for; `number` and `maxResizes` are the resizes of this run so far and at most. */
export interface Watch {
  readonly editor: PoolEditor
  readonly name: string
  readonly number: number
  readonly maxResizes: number
  /** Absent: nobody waits for a size, and no counts are reported. */
  readonly target?: NodeTotals
  /** For signs of life, e.g. `pool render to be steady`. */
  readonly waitingFor?: string
  /** The resize was just read as begun: there is nothing new to read yet. */
  readonly isJustBegun?: boolean
}

/** The pool as soon as it is steady; its node counts are reported as they change. */
export async function waitUntilSteady(watch: Watch, context: StepContext): Promise<Pool> {
  const { editor, name, number, maxResizes, target, waitingFor = `pool ${name} to be steady` } = watch
  let reported = ''
  let progress = ''
  const delayMs = (waitedMs: number) => poolDelayMs(waitedMs, target)
  if (watch.isJustBegun) await context.clock.sleep(delayMs(0), context.signal)
  return waitFor(
    context,
    () => `${waitingFor}${progress}`,
    delayMs,
    async () => {
      const pool = await editor.watch()
      const { allocationState } = pool.properties
      const current = totals(pool)
      const state = `${allocationState} ${current.dedicated} ${current.lowPriority}`
      if (state !== reported && target)
        emit(context, { kind: 'node-count-changed', pool: pool.name, allocationState, current, target, number, maxResizes })
      reported = state
      if (target) progress = totalOf(target) > 0 ? `, ${nodesOutOf(current, target)} so far` : `, ${nodesOf(current)} left`
      return allocationState === 'Steady' ? pool : undefined
    },
  )
}

/** The pool when nobody resizes it any more. A resize to another size than this run `requested` is reported as someone else's. */
export async function waitUntilIdle(watch: Watch, requested: NodeTotals | undefined, context: StepContext): Promise<Pool> {
  const pool = await watch.editor.get()
  if (pool.properties.allocationState === 'Steady') return pool
  const { resizeOperationStatus } = pool.properties
  const { startTime } = resizeOperationStatus ?? {}
  const target = targetFrom(resizeOperationStatus)
  if (!isDeepStrictEqual(target, requested))
    emit(context, { kind: 'resize-foreign', pool: pool.name, target, ...(startTime && { startedAt: startTime }) })
  return waitUntilSteady(watch, context)
}
