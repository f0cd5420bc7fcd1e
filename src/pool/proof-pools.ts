/** Pure: proof pools by name and mark: whose they are, and which of them were abandoned. */
import type { Pool, PoolProperties } from '../model/batch.ts'
import { isBeingDeleted, lastTouched } from './family.ts'
import { MARKS, markIn } from './marks.ts'

const LONGEST_POOL_ID = 64
const ENDING = '-proof'

/** Of the pool beside `id`. https://learn.microsoft.com/rest/api/batchservice/pools/create-pool (`id`: at most 64 letters) */
export const proofName = (id: string): string => `${id.slice(0, LONGEST_POOL_ID - ENDING.length)}${ENDING}`

export const sameName = (one: { readonly name: string }, name: string): boolean => one.name.toLowerCase() === name.toLowerCase()

/** The pool that a proof pool was made for, where name and mark agree; of every other pool, nothing. */
export function provenBy({ name, properties }: Pool): string | undefined {
  const of = markIn(properties.metadata, MARKS.proofOf)
  return of !== undefined && sameName({ name }, proofName(of)) ? of : undefined
}

/** Whether that very run made the proof pool. */
export const isProofOfRun = (pool: Pool, runToken: string): boolean =>
  provenBy(pool) !== undefined && markIn(pool.properties.metadata, MARKS.proofRun) === runToken

export const runTokenOf = ({ properties }: { readonly properties: PoolProperties }): string =>
  markIn(properties.metadata, MARKS.proofRun) ?? ''

/** `timeout` is at most 350 minutes: a proof pool that nobody has touched for longer belongs to no run that is still active. */
const LONGEST_RUN_MS = 6 * 3_600_000

/** Proof pools of `names`, and those of other pools once no run can be at work on them any more. */
export function abandonedProofs(pools: readonly Pool[], names: readonly string[], now: Date): readonly Pool[] {
  return pools.filter((pool) => {
    const of = provenBy(pool)
    if (of === undefined || isBeingDeleted(pool)) return false
    const touchedMs = lastTouched(pool)
    return names.some((name) => sameName({ name }, of)) || (touchedMs > 0 && now.getTime() - touchedMs > LONGEST_RUN_MS)
  })
}
