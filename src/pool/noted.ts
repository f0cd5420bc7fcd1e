/** Pure: the marks that a run writes on a pool so that later runs can compare. */
import type { PoolRequest } from '../config/config.ts'
import { MARKS, type MarkChanges } from './marks.ts'
import { namesIn, writeOwnNames } from './own-names.ts'
import type { SecretComparison } from './secret-fingerprints.ts'

/** A write of one pool. */
export interface Noted {
  readonly poolName: string
  readonly request: PoolRequest
  readonly secrets: SecretComparison
  /** Whether a member is among those that are written. Default: all are. */
  readonly isSent?: (member: string) => boolean
  /** Names that this action set before and that stay, although the spec no longer has them. */
  readonly staying?: readonly string[]
}

export function notedOn({ poolName, request, secrets, isSent = () => true, staying = [] }: Noted): MarkChanges {
  return {
    [MARKS.sets]: writeOwnNames(poolName, [...namesIn(request, request.properties), ...staying]),
    [MARKS.secrets]: secrets.mark(poolName, isSent),
  }
}
