/** A pool that `strategy: replace` deletes is owed to the account until it is made again, whatever ends the run in between. */
import { secretsIn } from '../config/secrets.ts'
import { AzureError } from '../errors/azure-error.ts'
import { PoolError } from '../errors/run-errors.ts'
import { type ArmId, nameOf, sameId } from '../model/arm-id.ts'
import { nodesOf } from '../model/nodes.ts'
import type { StepContext } from '../run/context.ts'
import type { LedgerEntry } from '../run/runner.ts'
import { isBeingDeleted } from './family.ts'
import type { PoolPlan } from './pool-plan.ts'
import { previousPool } from './previous-pool.ts'
import { type PutBackPorts, putBackSize } from './put-back.ts'
import { targetFrom } from './size.ts'
import type { WholePool } from './wanted.ts'

const GONE_DELAY_MS = 5_000

/**
 * Recorded before the pool is deleted. With it goes the pool as it was, so that the post step can make it again; not where it has secrets,
 * which do not belong into the state of a runner: then only another run can.
 */
export function replacedPool(plan: PoolPlan & { readonly action: 'replace' }): LedgerEntry {
  const { properties, envelope } = previousPool(plan.existing, plan)
  const whole: WholePool = { properties, envelope }
  const isOpen = secretsIn([whole]).length === 0
  return { id: plan.id, kind: 'replacedPool', ...(isOpen && { body: Buffer.from(JSON.stringify(whole)).toString('base64') }) }
}

const isReplaced = ({ id }: Pick<PoolPlan, 'id'>, { ledger }: Pick<StepContext, 'ledger'>): boolean =>
  ledger.open().some((entry) => entry.kind === 'replacedPool' && sameId(entry.id, id))

/** Whether this run has deleted the pool, and it is not made again. */
export async function isGone(pool: Pick<PoolPlan, 'id'>, context: Pick<StepContext, 'ledger' | 'batch'>): Promise<boolean> {
  if (!isReplaced(pool, context)) return false
  const now = await context.batch.getPool(pool.id)
  return now === undefined || isBeingDeleted(now)
}

/**
 * Makes the pool again as it was before this run; one that was not deleted after all has its former size back.
 * @returns what to say, or nothing where nothing was owed
 * @throws PoolError where what it was is not known
 */
export async function restorePool({ id: entryId, body }: LedgerEntry, ports: PutBackPorts): Promise<string | undefined> {
  const { batch, clock, signal } = ports
  const id = entryId as ArmId
  let now = await batch.getPool(id)
  if (now && !isBeingDeleted(now)) return putBackSize(id, ports)
  if (body === undefined) throw notKept(nameOf(id))
  for (; now && isBeingDeleted(now); now = await batch.getPool(id)) await clock.sleep(GONE_DELAY_MS, signal)
  const { properties, envelope } = JSON.parse(Buffer.from(body, 'base64').toString()) as WholePool
  try {
    await batch.createPool(id, properties, envelope)
  } catch (error) {
    // An answer that was lost, or somebody else: the pool is there.
    if (!(error instanceof AzureError && (error.status === 409 || error.status === 412) && (await batch.getPool(id)))) throw error
  }
  const { autoScale, fixedScale } = properties.scaleSettings ?? {}
  const size = autoScale ? 'its formula sizes it' : `${nodesOf(targetFrom(fixedScale))} are requested`
  return `Pool ${nameOf(id)} was deleted to be replaced, and is made again as it was before: ${size}.`
}

function notKept(pool: string): PoolError {
  return new PoolError({
    title: 'Pool not made again',
    message: `pool ${pool} was deleted to be replaced and is not made again: its definition has secrets, which the state of a run does not keep`,
    hint: 'Run the workflow again: the run makes the pool.',
  })
}
