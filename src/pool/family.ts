/** Pure: after blue-green, which pools are one pool under several names, and which are leftovers. */
import type { PoolSettings } from '../config/config.ts'
import { childId, nameOf, sameId } from '../model/arm-id.ts'
import { lastTouched, type Pool } from '../model/batch.ts'
import { MARKS, markIn, readSuccessorMark } from './marks.ts'

const LONGEST_POOL_ID = 64

/** The name of a blue-green pool, e.g. `render-2026-1123-0`: a pool id has no dots. */
export function greenName(name: string, imageId: string): string {
  const ending = `-${nameOf(imageId).replace(/[^\w-]/g, '-')}`
  return `${name.slice(0, LONGEST_POOL_ID - ending.length)}${ending}`
}

/** Whether the pool is being deleted, so that it serves nobody any more. */
export const isBeingDeleted = ({ properties }: Pool): boolean => properties.provisioningState === 'Deleting'

/**
 * The name that a blue-green pool serves under; `undefined` where this action did not make the pool as a successor. A clone that a person
 * made has the metadata of its original: so the mark must name the pool that it is on, and the pool's name must be that of a successor.
 */
export function servedName(pool: Pool): string | undefined {
  const { serves, own } = readSuccessorMark(markIn(pool.properties.metadata, MARKS.successorOf))
  if (serves === undefined || !isSuccessorName(pool.name, serves)) return undefined
  // Marks of earlier versions do not name their own pool; then the name must end as a version does.
  const isOwn = own === undefined ? VERSION_ENDING.test(pool.name) : own.toLowerCase() === pool.name.toLowerCase()
  return isOwn ? serves : undefined
}

const VERSION_ENDING = /-\d+-\d+-\d+$/

/** `<serving name>-<version>`, where a long serving name is cut off. */
function isSuccessorName(name: string, serves: string): boolean {
  const [long, short] = [name.toLowerCase(), serves.toLowerCase()]
  const isCut = name.length === LONGEST_POOL_ID && short.startsWith(long.replace(VERSION_ENDING, ''))
  return long.startsWith(`${short}-`) || isCut
}

/** Whether a pool has that name, or serves under it after blue-green. */
export function isOfFamily(name: string, pool: Pool): boolean {
  return [pool.name, servedName(pool)].some((own) => own?.toLowerCase() === name.toLowerCase())
}

/** The pool of that name and its successors, oldest first. */
export function poolAndSuccessors(name: string, pools: readonly Pool[]): readonly Pool[] {
  const created = ({ properties }: Pool) => Date.parse(String(properties.creationTime ?? '')) || 0
  return pools.filter((pool) => isOfFamily(name, pool) && !isBeingDeleted(pool)).toSorted((one, other) => created(one) - created(other))
}

/** The pool that serves under this name now. It is the oldest of its family: a run deletes the older pool once the newer one has its jobs. */
export function servingPool(name: string, pools: readonly Pool[]): Pool | undefined {
  return poolAndSuccessors(name, pools)[0]
}

/**
 * The pool that a request is about. Blue-green continues from the oldest of the family, others from the pool of that very name if there is
 * one.
 */
export function poolFor(
  name: string,
  { account, strategy }: Pick<PoolSettings, 'account' | 'strategy'>,
  pools: readonly Pool[],
): Pool | undefined {
  const named = childId(account, 'pools', name)
  const own = strategy === 'blue-green' ? undefined : pools.find((pool) => sameId(pool.id, named) && !isBeingDeleted(pool))
  return own ?? servingPool(name, pools)
}

/** Blue-green pools that nobody has changed since `beforeMs`, while another pool still serves: leftovers of interrupted runs. */
export function strandedPools(pools: readonly Pool[], beforeMs: number): readonly { readonly pool: Pool; readonly serving: Pool }[] {
  return pools.flatMap((pool) => {
    const name = servedName(pool)
    const serving = name === undefined ? undefined : servingPool(name, pools)
    const touchedMs = lastTouched(pool)
    if (!serving || serving === pool || isBeingDeleted(pool) || touchedMs === 0 || touchedMs >= beforeMs) return []
    return [{ pool, serving }]
  })
}
