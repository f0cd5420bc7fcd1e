import { AzureError } from '../errors/azure-error.ts'
import { explainInLine } from '../errors/explanation.ts'
import { DataPlaneUnreachableError } from '../errors/run-errors.ts'
import { type ArmId, armId, nameOf, partsOf, sameId } from '../model/arm-id.ts'
import type { Pool, ScaleSettings } from '../model/batch.ts'
import { nodesOf } from '../model/nodes.ts'
import type { StepContext } from '../run/context.ts'
import type { Ledger } from '../run/runner.ts'
import { owedScale } from './owed-size.ts'
import { isAt, targetFrom } from './size.ts'

const STOP_DELAY_MS = 1_000
/** Of a pool that was made without one. https://learn.microsoft.com/rest/api/batchmanagement/pool/create#fixedscalesettings */
const DEFAULT_RESIZE_TIMEOUT = 'PT15M'

/** What putting a size back needs: the end of a run, and its post step, have no more. */
export type PutBackPorts = Pick<StepContext, 'batch' | 'clock' | 'signal'>

/**
 * A pool that this action drained and that got no size since is given its former one: a run that ends between drain and regrow must not
 * leave it without nodes. A resize needs no PATCH, which a policy may refuse. @returns what to say, or nothing where nothing was owed
 */
export async function putBackSize(id: ArmId, ports: PutBackPorts): Promise<string | undefined> {
  const { batch, clock, signal } = ports
  let pool = await batch.getPool(id)
  if (pool && owedScale(pool) && pool.properties.allocationState !== 'Steady') {
    await batch.stopResize(id).catch(unlessSteady)
    // Whoever else works on the pool may give it a size meanwhile.
    for (; pool && owedScale(pool) && pool.properties.allocationState !== 'Steady'; pool = await batch.getPool(id))
      await clock.sleep(STOP_DELAY_MS, signal)
  }
  const owed = pool && owedScale(pool)
  if (!pool || !owed || (!owed.autoScale && isAt(pool, targetFrom(owed.fixedScale)))) return undefined
  await scaleTo(owed, pool, ports)
  const size = owed.autoScale
    ? 'its autoscale formula is on again'
    : `its former size, ${nodesOf(targetFrom(owed.fixedScale))}, is requested again${owed.isFormulaLost ? '; its formula was too long to be kept, and is off' : ''}`
  return `Pool ${pool.name} was drained and is left as it was: ${size}.`
}

/** What became of a former size. */
export interface PutBack {
  /** Absent where nothing was owed. */
  readonly text?: string
  /** It is still owed: the post step tries again. */
  readonly isOwed?: true
}

/** Whether this run drained the pool, or deleted it to replace it, and has given it no size since. */
export const owesSize = (pool: ArmId, ledger: Ledger): boolean =>
  ledger.open().some(({ id, kind }) => (kind === 'poolSize' || kind === 'replacedPool') && sameId(id, pool))

/** Nothing is owed to the pool any more. */
export function settleSize(pool: ArmId, ledger: Ledger): void {
  if (owesSize(pool, ledger)) ledger.settle(pool)
}

/** The same for the end of a run, which must not fail for it. */
export async function tryToPutBack(id: ArmId, ports: PutBackPorts): Promise<PutBack> {
  try {
    const text = await putBackSize(id, ports)
    return text ? { text } : {}
  } catch (error) {
    return {
      text: `Pool ${nameOf(id)} was drained, and its former size could not be put back: ${explainInLine(error)}`,
      isOwed: true,
    }
  }
}

async function scaleTo({ autoScale, fixedScale }: ScaleSettings, { id, name }: Pool, { batch }: PutBackPorts): Promise<void> {
  const { dedicated, lowPriority } = targetFrom(fixedScale)
  const request = {
    targetDedicatedNodes: dedicated,
    targetLowPriorityNodes: lowPriority,
    resizeTimeout: fixedScale?.resizeTimeout ?? DEFAULT_RESIZE_TIMEOUT,
    nodeDeallocationOption: fixedScale?.nodeDeallocationOption ?? ('TaskCompletion' as const),
  }
  try {
    const account = await batch.getAccount(accountOf(id as ArmId))
    if (!account) return
    const plane = batch.dataPlane(account)
    if (autoScale) await plane.enableAutoScale(name, autoScale)
    else await plane.resize(name, request)
  } catch (error) {
    if (!(error instanceof DataPlaneUnreachableError)) throw error
    const now = await batch.getPool(id as ArmId)
    const scaleSettings = autoScale ? { autoScale } : { fixedScale: request }
    if (now) await batch.updatePool({ id: id as ArmId, etag: now.etag }, { scaleSettings })
  }
}

/** The account of a pool. */
function accountOf(pool: ArmId): ArmId {
  const { type, names, ...scope } = partsOf(pool)
  return armId({ ...scope, type: type.slice(0, type.lastIndexOf('/')), names: names.slice(0, -1) })
}

/** A resize that has ended cannot be stopped. */
function unlessSteady(error: unknown): void {
  if (!(error instanceof AzureError && error.status === 409)) throw error
}
