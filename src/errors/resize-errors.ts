/** Pure: what a resize error means: by Batch's code, then by the provider's code beneath it, then by its words. */
import type { Pool, RawResizeError } from '../model/batch.ts'
import { type Innermost, innermost } from './innermost.ts'
import { BY_PROVIDER_CODE, BY_WORDS, FORBIDDEN } from './provider-policies.ts'
import { BY_CODE, CHECKING, once, type Policy } from './resize-policies.ts'

/** An error of a resize, classified. */
export interface ResizeError extends Policy {
  readonly code: string
  readonly message: string
  /** From `Reason` or `Provider Error Json`, where there is one. */
  readonly innermostCode?: string
  readonly innermostMessage?: string
}

/** Codes of Batch that the policy table knows, in lower case. */
export const KNOWN_RESIZE_CODES: readonly string[] = Object.keys(BY_CODE)

/** Codes that mean a refusal where the words match no rule. */
const REFUSALS = new Set(['badrequest', 'operationnotallowed'])

const UNKNOWN_REASON = once('Nodes could not be allocated', 'The action does not know this reason, and requests the resize once more.')
const UNKNOWN_CODE = once('Unknown resize error', 'The action does not know this code, and requests the resize once more.', CHECKING)
/** Codes that say little on their own: their reason decides, where there is one. */
const DECIDED_BY_REASON = new Set(['allocationfailed', 'unknown'])

export function classifyResizeError(raw: RawResizeError): ResizeError {
  const inner = innermost(raw)
  const isWrapped = inner.message !== raw.message
  const code = raw.code.toLowerCase()
  const policy =
    (DECIDED_BY_REASON.has(code) || !(code in BY_CODE) ? byReason(raw, inner, isWrapped) : undefined) ?? BY_CODE[code] ?? UNKNOWN_CODE
  const isOfSpot = policy.class === 'retry' && code !== 'removenodesfailed' && /low.priority|spot/i.test(raw.message)
  return {
    code: raw.code,
    message: raw.message,
    ...(isWrapped && { innermostMessage: inner.message, innermostCode: inner.code }),
    ...(isOfSpot ? { ...policy, class: 'wait', fix: 'Batch keeps seeking Spot nodes on its own.' } : policy),
  }
}

/** A reason without a code of its own has inherited the outer one, and `AllocationFailed` would fit everything. */
function byReason({ code: outer }: RawResizeError, { code, message }: Innermost, isWrapped: boolean): Policy | undefined {
  const own = code === outer ? '' : code.toLowerCase()
  const isForeign = own === '' && !DECIDED_BY_REASON.has(outer.toLowerCase())
  return (
    BY_PROVIDER_CODE[isForeign ? outer.toLowerCase() : own] ??
    BY_WORDS.find(({ matches }) => matches.test(message))?.policy ??
    (REFUSALS.has(own) ? FORBIDDEN : isWrapped ? UNKNOWN_REASON : undefined)
  )
}

/**
 * Errors that belong to the resize that began at or after `sinceMs`. They stay on a pool until its next resize, so an old one must
 * not be believed. https://github.com/nextflow-io/nextflow/pull/7312
 */
export function errorsOfThisRun({ properties }: Pool, sinceMs: number): readonly RawResizeError[] {
  const { startTime, errors = [] } = properties.resizeOperationStatus ?? {}
  return properties.allocationState === 'Steady' && startTime && Date.parse(startTime) >= sinceMs ? errors : []
}
