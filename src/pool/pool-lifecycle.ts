import { AzureError } from '../errors/azure-error.ts'
import { DataPlaneUnreachableError, ForeignChangeError } from '../errors/run-errors.ts'
import { type ArmId, nameOf } from '../model/arm-id.ts'
import type { Pool, PoolEnvelope, PoolProperties } from '../model/batch.ts'
import type { BatchDataPlane } from '../model/batch-service.ts'
import { emit, type StepContext, waitFor } from '../run/context.ts'
import { isSubset } from './drift.ts'
import { isBeingDeleted } from './family.ts'

/** A pool without nodes is gone within 16 s at most, others take minutes. */
const goneDelayMs = (waitedMs: number): number => Math.min(10_000, Math.max(2_000, waitedMs / 5))

/** A pool to be created. */
export interface NewPool {
  readonly id: ArmId
  readonly properties: PoolProperties
  readonly envelope: PoolEnvelope
}

/** Creates a pool; the ledger records it before the request is sent. */
export async function createPool(pool: NewPool, context: StepContext): Promise<void> {
  const { id, properties, envelope } = pool
  // The ledger has a pool that replaces another one already.
  if (!context.ledger.open().some((entry) => entry.id === id)) context.ledger.record({ id, kind: 'pool' })
  emit(context, { kind: 'resource', change: 'creating', type: 'pool', id })
  try {
    await context.batch.createPool(id, properties, envelope)
  } catch (error) {
    if (!(error instanceof AzureError) || (error.status !== 412 && error.status !== 409)) throw error
    const there = await context.batch.getPool(id)
    // An earlier run deleted the pool and ended before it created the new one.
    if (there ? isBeingDeleted(there) : error.status === 412) await createOnceGone(pool, context)
    // A lost answer makes the next attempt fail, because the pool exists by then.
    else if (!there || !isSubset(properties.deploymentConfiguration, there.properties.deploymentConfiguration)) throw error
  }
  context.ledger.settle(id)
  emit(context, { kind: 'resource', change: 'created', type: 'pool', id })
}

async function createOnceGone({ id, properties, envelope }: NewPool, context: StepContext): Promise<void> {
  await waitUntilGone({ id, name: nameOf(id) }, context)
  await context.batch.createPool(id, properties, envelope)
}

/** A pool to be deleted, as it was read. */
export interface Doomed {
  readonly pool: Pool
  /** Absent: Resource Manager deletes it, whatever it has become. */
  readonly plane?: BatchDataPlane
  /** Refuses a pool that somebody has changed. Absent: the pool is this run's own, and is deleted in any state. @throws ForeignChangeError */
  readonly refuseChanged?: (now: Pool) => void
}

/**
 * Deletes a pool only as it was looked at: its ETag is read before the pool, and the data plane deletes under that ETag, so a change in
 * between is refused (412). Resource Manager cannot do that; it is used only where the data plane cannot be reached.
 * https://learn.microsoft.com/rest/api/batchservice/pools/delete-pool
 */
export async function deletePool({ pool, plane, refuseChanged }: Doomed, context: StepContext): Promise<void> {
  const id = pool.id as ArmId
  const etag = await plane?.getPoolEtag(pool.name).catch(unlessUnreachable)
  const now = await context.batch.getPool(id)
  if (now && !isBeingDeleted(now)) refuseChanged?.(now)
  emit(context, { kind: 'resource', change: 'deleting', type: 'pool', id })
  if (!plane || etag === undefined) await context.batch.deletePool(id, context.signal)
  else await deleteUnder(etag, pool, plane)
  await waitFor(
    context,
    () => `pool ${pool.name} to be gone`,
    goneDelayMs,
    async () => ((await context.batch.getPool(id)) ? undefined : true),
  )
  emit(context, { kind: 'resource', change: 'deleted', type: 'pool', id })
}

async function deleteUnder(etag: string, { name }: Pool, plane: BatchDataPlane): Promise<void> {
  try {
    await plane.deletePool(name, etag)
  } catch (error) {
    if (!(error instanceof AzureError && error.status === 412)) throw error
    throw changedByOthers(name, 'the moment before it was to be deleted')
  }
}

/** @throws every error except that the data plane cannot be reached */
function unlessUnreachable(error: unknown): undefined {
  if (!(error instanceof DataPlaneUnreachableError)) throw error
}

/** The error where someone else changed a pool that this run was about to overwrite or delete. */
export function changedByOthers(pool: string, when: string): ForeignChangeError {
  return new ForeignChangeError({
    title: 'Pool changed by someone else',
    message: `pool ${pool} was changed ${when}; that change was left alone`,
    hint: 'Run again: it starts from the pool as it is then. Let only one workflow or template own the pool.',
    link: 'https://docs.github.com/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency',
  })
}

/** Waits while a pool of that name is being deleted, e.g. by a run that ended before it created the new one. */
export async function waitUntilGone(pool: Pick<Pool, 'id' | 'name'>, context: StepContext): Promise<void> {
  const isLeaving = async () => {
    const found = await context.batch.getPool(pool.id as ArmId)
    return found !== undefined && isBeingDeleted(found)
  }
  if (!(await isLeaving())) return
  await waitFor(
    context,
    () => `the earlier pool ${pool.name} to be gone`,
    goneDelayMs,
    async () => ((await isLeaving()) ? undefined : true),
  )
}
