/** Refusals of Azure as errors that explain themselves. */
import { ActionError } from './explanation.ts'
import { innermost } from './innermost.ts'
import type { AzureFailure } from './refusal-rule.ts'
import { remedyFor } from './refusals.ts'

/** Azure refused a request, or a long operation failed. */
export class AzureError extends ActionError {
  readonly status: number | undefined
  /** Azure's innermost code, or one of ours: `Http503`, `NoAnswer`, `OperationFailed`. */
  readonly code: string
  /** Whether Azure said why. */
  readonly hasReason: boolean

  constructor(failure: AzureFailure) {
    const inner = innermost(failure.body)
    const code = inner.code || failure.code || codeOf(failure)
    const name = failure.resourceId?.slice(failure.resourceId.lastIndexOf('/') + 1)
    const message = inner.message || withoutReason(failure)
    const { title, ...advice } = remedyFor(code, message, failure)
    super({
      title: `${title}: ${failure.operation}${name ? ` ${name}` : ''} (${code})`,
      message,
      code,
      ...advice,
      ...(failure.correlationId && { correlationId: failure.correlationId }),
    })
    this.status = failure.status
    this.code = code
    this.hasReason = inner.message !== ''
  }
}

/** A code for an answer that names none. */
function codeOf({ status }: AzureFailure): string {
  if (status === undefined) return 'NoAnswer'
  return status < 400 ? 'OperationFailed' : `Http${status}`
}

function withoutReason({ method, status, operation }: AzureFailure): string {
  if (status !== undefined && status < 400) return `Azure gave no reason why it could not ${operation}`
  return `${method} was answered with ${status ?? 'nothing'} and no reason`
}
