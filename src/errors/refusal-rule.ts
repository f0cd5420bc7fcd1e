/** A rule about refusals of Azure, and the failure that it is applied to. */
import type { Remedy } from './explanation.ts'

export interface AzureFailure {
  /** E.g. `create snapshot`. */
  readonly operation: string
  readonly resourceId?: string
  readonly method: string
  readonly url: string
  /** HTTP status; 200 for a long operation that ended `Failed`; absent where no answer came. */
  readonly status?: number
  readonly code?: string
  readonly body: unknown
  readonly correlationId?: string
  readonly requestId?: string
}

/** What Azure said, and of what. */
export interface Refusal {
  readonly code: string
  readonly message: string
  readonly failure: AzureFailure
}

export interface Rule {
  /** Codes, matched whole and without regard to case. */
  readonly codes?: readonly string[]
  /** Words of the message; with `codes` both must match. */
  readonly words?: RegExp
  readonly service?: Service
  readonly remedy: Remedy | ((refusal: Refusal) => Remedy)
}

export type Service = 'batch' | 'compute' | 'network'

export const DOCS = 'https://learn.microsoft.com/azure'
export const BATCH_CODES = 'https://learn.microsoft.com/rest/api/batchservice/batch-status-and-error-codes'
