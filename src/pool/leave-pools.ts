import type { PoolSettings } from '../config/config.ts'
import { explainInLine } from '../errors/explanation.ts'
import type { ArmId } from '../model/arm-id.ts'
import { emit, type StepContext } from '../run/context.ts'
import type { PoolPlan } from './pool-plan.ts'
import { putSizesBack } from './put-back.ts'

/** The runner kills the process 7.5 s after SIGINT. */
const LONGEST_STOP_MS = 4_000
const LONGEST_PUT_BACK_MS = 120_000

/** A run that ends early. */
export interface EarlyEnd {
  readonly onCancel: PoolSettings['onCancel']
  /** Empty where no plan was made. */
  readonly plans: readonly PoolPlan[]
  /** Pools that an earlier run had drained before this run began. */
  readonly drained: readonly ArmId[]
  readonly isCancelled: boolean
}

/** Stops resizes where `on-cancel` says so, and puts back the sizes of pools that an earlier run has drained. Never throws. */
export async function leavePools({ onCancel, plans, drained, isCancelled }: EarlyEnd, context: StepContext): Promise<void> {
  if (context.signal.aborted && onCancel === 'stop-resize') await stopResizes(plans, context)
  await putSizesBack(drained, isCancelled ? LONGEST_STOP_MS : LONGEST_PUT_BACK_MS, context)
}

/** `on-cancel: stop-resize`: pools keep the nodes that they have by then. */
async function stopResizes(pools: readonly PoolPlan[], context: StepContext): Promise<void> {
  const warn = (text: string) => emit(context, { kind: 'notice', level: 'warning', text })
  const stopped = Promise.all(
    pools.map(async ({ id, request, action }) => {
      if (action === 'none') return
      try {
        await context.batch.stopResize(id)
        warn(`The resize of pool ${request.id} was stopped.`)
      } catch (error) {
        warn(`The resize of pool ${request.id} was not stopped: ${explainInLine(error)}`)
      }
    }),
  )
  await Promise.race([stopped, context.clock.sleep(LONGEST_STOP_MS, new AbortController().signal)])
}
