import { AzureError } from '../errors/azure-error.ts'
import type { ArmId } from '../model/arm-id.ts'
import type { Pool, PoolEnvelope, PoolProperties } from '../model/batch.ts'
import { emit, type StepContext, waitFor } from '../run/context.ts'
import { isSubset } from './drift.ts'
import { isBeingDeleted } from './plan-pool.ts'

const GONE_DELAY_MS = 10_000

/** A pool to be made. */
export interface NewPool {
  readonly id: ArmId
  readonly properties: PoolProperties
  readonly envelope: PoolEnvelope
}

/** Makes a pool; the ledger has it before Azure does. */
export async function createPool(pool: NewPool, context: StepContext): Promise<void> {
  const { id, properties, envelope } = pool
  context.ledger.record({ id, kind: 'pool' })
  emit(context, { kind: 'resource', change: 'creating', type: 'pool', id })
  try {
    await context.batch.createPool(id, properties, envelope)
  } catch (error) {
    if (!(await wasCreated(pool, error, context))) throw error
  }
  context.ledger.settle(id)
  emit(context, { kind: 'resource', change: 'created', type: 'pool', id })
}

/** An answer that was lost makes the next try fail, because the pool exists by then. */
async function wasCreated({ id, properties }: NewPool, error: unknown, { batch }: StepContext): Promise<boolean> {
  if (!(error instanceof AzureError) || (error.status !== 412 && error.status !== 409)) return false
  const pool = await batch.getPool(id)
  return pool !== undefined && isSubset(properties.deploymentConfiguration, pool.properties.deploymentConfiguration)
}

export async function deletePool({ id }: Pick<Pool, 'id'>, context: StepContext): Promise<void> {
  emit(context, { kind: 'resource', change: 'deleting', type: 'pool', id })
  await context.batch.deletePool(id as ArmId, context.signal)
  emit(context, { kind: 'resource', change: 'deleted', type: 'pool', id })
}

/** A pool of that name may still be on its way out, e.g. deleted by a run that ended before it made the new one. */
export async function waitUntilGone(pool: Pick<Pool, 'id' | 'name'>, context: StepContext): Promise<void> {
  await waitFor(
    context,
    () => `the earlier pool ${pool.name} to be gone`,
    () => GONE_DELAY_MS,
    async () => {
      const found = await context.batch.getPool(pool.id as ArmId)
      return found && isBeingDeleted(found) ? undefined : true
    },
  )
}

/** Identity and tags as asked for, to be sent beside `properties`; tags of others stay. */
export function envelopeOf({ identity, tags }: PoolEnvelope, existing?: PoolEnvelope): PoolEnvelope {
  return { ...(identity && { identity }), ...tagsOf({ ...(tags && { tags }) }, existing) }
}

/** The tags asked for, over those that are there. */
export function tagsOf({ tags }: PoolEnvelope, existing?: PoolEnvelope): PoolEnvelope {
  return tags ? { tags: { ...existing?.tags, ...tags } } : {}
}
