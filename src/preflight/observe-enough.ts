/** Reads as much as the run needs: most nightly runs find that there is nothing to do. */
import type { Config } from '../config/config.ts'
import { withChosenCapture } from '../observe/choose-capture.ts'
import { observe } from '../observe/observe.ts'
import { observeForChanges } from '../observe/observe-for-changes.ts'
import type { ObservedFleet } from '../observe/observed.ts'
import { planRun } from '../plan/plan.ts'
import type { StepContext } from '../run/context.ts'
import type { RunContext } from '../run/runner.ts'
import { factsOf } from './facts.ts'
import { checkAll } from './rules.ts'

/** A run as requested. */
export interface Request {
  readonly config: Config
  readonly run: RunContext
  readonly now: Date
}

/**
 * Quotas, VM sizes and permissions are read only where something would be changed, or where a rule objects already: then all objections
 * are reported at once.
 */
export async function observeEnough(request: Request, context: StepContext): Promise<ObservedFleet> {
  const observed = await observe(request.config, context)
  return isAsRequested(request, observed) ? observed : observeForChanges(request.config, observed, context)
}

/** Whether the run would change nothing. */
export function isAsRequested({ config: given, run, now }: Request, observed: ObservedFleet): boolean {
  if (given.mode === 'prune' || given.pool?.showCost || (given.image?.retainVersions ?? 0) > 0) return false
  const config = withChosenCapture(given, observed.vm?.vm)
  const facts = factsOf(config, observed, now)
  if (checkAll(facts).some(({ severity }) => severity === 'error')) return false
  return planRun({ config, observed, content: facts[0]?.content, run, now }).changes.length === 0
}
