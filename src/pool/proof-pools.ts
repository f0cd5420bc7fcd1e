/** Pure: proof pools by name and mark: which pool they were made for, and which of them are abandoned. */
import { lastTouched, type Pool, type PoolProperties } from '../model/batch.ts'
import { isBeingDeleted } from './family.ts'
import { MARKS, markIn } from './marks.ts'

const LONGEST_POOL_ID = 64
const ENDING = '-proof'

/** The name of the proof pool for pool `id`. https://learn.microsoft.com/rest/api/batchservice/pools/create-pool (`id`: at most 64 letters) */
export const proofName = (id: string): string => `${id.slice(0, LONGEST_POOL_ID - ENDING.length)}${ENDING}`

export const sameName = (one: { readonly name: string }, name: string): boolean => one.name.toLowerCase() === name.toLowerCase()

/** The name of the pool that a proof pool was made for; `undefined` unless name and mark agree. */
export function provenBy({ name, properties }: Pool): string | undefined {
  const of = markIn(properties.metadata, MARKS.proofOf)
  return of !== undefined && sameName({ name }, proofName(of)) ? of : undefined
}

/** Whether the run with this token made the proof pool. */
export const isProofOfRun = (pool: Pool, runToken: string): boolean =>
  provenBy(pool) !== undefined && markIn(pool.properties.metadata, MARKS.proofRun) === runToken

export const runTokenOf = ({ properties }: { readonly properties: PoolProperties }): string =>
  markIn(properties.metadata, MARKS.proofRun) ?? ''

/** `timeout` is at most 350 minutes: a proof pool that nobody has changed for longer does not belong to an active run. */
const LONGEST_RUN_MS = 6 * 3_600_000

/** Proof pools of the pools in `names`, and those of other pools that no active run can be using. */
export function abandonedProofs(pools: readonly Pool[], names: readonly string[], now: Date): readonly Pool[] {
  return pools.filter((pool) => {
    const of = provenBy(pool)
    if (of === undefined || isBeingDeleted(pool)) return false
    const touchedMs = lastTouched(pool)
    return names.some((name) => sameName({ name }, of)) || (touchedMs > 0 && now.getTime() - touchedMs > LONGEST_RUN_MS)
  })
}
