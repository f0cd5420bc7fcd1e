/** Pure: what a run notes on a pool that it writes, for later runs to compare with. */
import type { PoolRequest } from '../config/config.ts'
import { MARKS, type MarkChanges } from './marks.ts'
import { namesIn, writeOwnNames } from './own-names.ts'
import type { SecretComparison } from './secret-fingerprints.ts'

/** A write of one pool. */
export interface Noted {
  readonly poolName: string
  readonly request: PoolRequest
  readonly secrets: SecretComparison
  /** Whether a member is in what is written; absent: all are. */
  readonly isSent?: (member: string) => boolean
  /** Names that this action set before, and that stay although the spec leaves them out. */
  readonly staying?: readonly string[]
}

export function notedOn({ poolName, request, secrets, isSent = () => true, staying = [] }: Noted): MarkChanges {
  return {
    [MARKS.sets]: writeOwnNames(poolName, [...namesIn(request, request.properties), ...staying]),
    [MARKS.secrets]: secrets.mark(poolName, isSent),
  }
}
