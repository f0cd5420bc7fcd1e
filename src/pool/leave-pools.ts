import type { PoolSettings } from '../config/config.ts'
import { explainInLine } from '../errors/explanation.ts'
import { type ArmId, nameOf } from '../model/arm-id.ts'
import { emit, type StepContext } from '../run/context.ts'
import type { LedgerEntry } from '../run/runner.ts'
import type { PoolPlan } from './pool-plan.ts'
import { type PutBack, type PutBackPorts, tryToPutBack } from './put-back.ts'
import { restorePool } from './replaced-pool.ts'

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
  await putBack(drained, isCancelled ? LONGEST_STOP_MS : LONGEST_PUT_BACK_MS, context)
}

/** `on-cancel: stop-resize`: pools keep the nodes that they have by then. */
async function stopResizes(pools: readonly PoolPlan[], context: StepContext): Promise<void> {
  const warn = (text: string) => emit(context, { kind: 'notice', level: 'warning', text })
  const stopped = Promise.all(
    pools.map(async ({ id, request, action }) => {
      if (action === 'none') return
      try {
        // The run may not have come to this pool, or its resize may be over.
        if (((await context.batch.getPool(id))?.properties.allocationState ?? 'Steady') === 'Steady') return
        await context.batch.stopResize(id)
        warn(`The resize of pool ${request.id} was stopped.`)
      } catch (error) {
        warn(`The resize of pool ${request.id} was not stopped: ${explainInLine(error)}`)
      }
    }),
  )
  await Promise.race([stopped, context.clock.sleep(LONGEST_STOP_MS, new AbortController().signal)])
}

/**
 * Pools that this run drained and could not bring up again (`poolSize` in the ledger), deleted and did not make again (`replacedPool`), or
 * that an earlier run left drained (`left`), are as they were. What takes longer than `limitMs` is the post step's to finish.
 */
async function putBack(left: readonly ArmId[], limitMs: number, context: StepContext): Promise<void> {
  const { batch, clock, ledger } = context
  const open = ledger.open()
  const over = new AbortController()
  const ports: PutBackPorts = { batch, clock, signal: over.signal }
  const drained = [...left, ...open.flatMap(({ id, kind }) => (kind === 'poolSize' ? [id as ArmId] : []))]
  const deleted = open.filter(({ kind }) => kind === 'replacedPool')
  const done = async (id: string, ended: Promise<PutBack>): Promise<void> => {
    const { text, isOwed } = await ended
    if (!isOwed) ledger.settle(id)
    if (text) emit(context, { kind: 'notice', level: 'warning', text })
  }
  const all = Promise.all([
    ...[...new Set(drained)].map((id) => done(id, tryToPutBack(id, ports))),
    ...deleted.map((entry) => done(entry.id, tryToRestore(entry, ports))),
  ])
  await Promise.race([all, clock.sleep(limitMs, over.signal)])
}

async function tryToRestore(entry: LedgerEntry, ports: PutBackPorts): Promise<PutBack> {
  try {
    const text = await restorePool(entry, ports)
    return text ? { text } : {}
  } catch (error) {
    return { text: `Pool ${nameOf(entry.id)} is not made again yet: ${explainInLine(error)}`, isOwed: true }
  }
}
