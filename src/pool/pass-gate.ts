import type { Explanation } from '../errors/explanation.ts'
import { PoolError } from '../errors/run-errors.ts'
import type { Pool } from '../model/batch.ts'
import { countIn, type NodeTotals, sumOf } from '../model/nodes.ts'
import { emit, type StepContext } from '../run/context.ts'
import { refuseForeignTarget } from './foreign-size.ts'
import { type Verdict, verify } from './health-gate.ts'
import type { PoolWork } from './pool-plan.ts'
import { replaceNodes } from './replace-nodes.ts'
import type { PoolResizer } from './resizer.ts'

/** The health gate refused the pool. */
export class GateError extends PoolError {
  readonly verdict: Verdict

  constructor(verdict: Verdict, explanation: Explanation) {
    super(explanation)
    this.verdict = verdict
  }
}

/** A pool before the health gate. */
export interface PoolAtGate {
  readonly work: PoolWork
  readonly resizer: PoolResizer
  /** The pool as it was when its resize had ended. */
  readonly pool: Pool
  readonly target: NodeTotals
}

/**
 * The health gate. Unusable nodes are replaced, and nodes that have left are requested again, as long as that helps and the limit on
 * resizes allows it. Where a formula sizes the pool, unusable nodes stay: without them, the pool would look healthy at a size that the
 * formula has not requested. @throws GateError
 */
export async function passGate({ work, resizer, pool, target }: PoolAtGate, context: StepContext): Promise<Verdict> {
  const { id: poolName, autoScale, resizeTimeout } = work.plan.request
  const { nodeDeallocationOption } = work.settings
  const look = async (seen: Pool): Promise<Verdict> => {
    const verdict = await verify({ work, pool: seen, target, sinceMs: resizer.drainBeganMs }, context)
    // If somebody resized the pool, missing nodes are not a failure of the image.
    if (verdict.error && !autoScale) refuseForeignTarget(await resizer.editor.get(), target)
    return verdict
  }
  let verdict = await look(pool)
  let healthyBefore = -1
  if (verdict.error && unusableIn(verdict) > 0 && autoScale) {
    const text = `Pool ${poolName} keeps its unusable nodes (${unusableIn(verdict)}), because its formula sizes it. Remove them, and the formula requests others.`
    emit(context, { kind: 'notice', level: 'warning', text })
  }
  while (!autoScale && verdict.error && canReplace(verdict, target) && resizer.mayResize && verdict.health.healthy > healthyBefore) {
    healthyBefore = verdict.health.healthy
    const unusable = unusableIn(verdict)
    const nodeIds = unusable > 0 ? (await resizer.plane.listNodes(poolName, ['unusable'], unusable)).map(({ id }) => id) : []
    const request = { resizeTimeout, nodeDeallocationOption }
    verdict = await look(await replaceNodes({ resizer, poolName, nodeIds, request, target }, context))
  }
  if (verdict.error) throw new GateError(verdict, verdict.error.explanation)
  return verdict
}

const unusableIn = ({ counts }: Verdict): number => countIn(counts, ['unusable'])

/** Whether nodes are unusable or have left, so that new ones can be requested. */
const canReplace = (verdict: Verdict, target: NodeTotals): boolean =>
  unusableIn(verdict) > 0 || (verdict.counts !== undefined && sumOf(verdict.counts.dedicated) < target.dedicated)
