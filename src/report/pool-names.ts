/** Pure: names that distinguish the pools of a run. */
import { poolLabel } from '../run/in-account.ts'
import type { PoolReport } from './run-report.ts'

type Named = Pick<PoolReport, 'name' | 'account'>

export const hasSeveralAccounts = (pools: readonly Named[]): boolean => new Set(pools.map(({ account }) => account)).size > 1

/** Their ids; where they are in several accounts, with the account: two accounts may have pools of one id. */
export function poolNames(pools: readonly Named[]): (pool: Named) => string {
  return hasSeveralAccounts(pools) ? ({ account, name }) => poolLabel(account, name) : ({ name }) => name
}
