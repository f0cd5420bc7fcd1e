/** Refusals of Azure as errors that explain themselves. */
import { ActionError } from './explanation.ts'
import { innermost } from './innermost.ts'
import { type AzureFailure, adviceFor } from './refusals.ts'

/** Azure refused a request, or a long operation failed. */
export class AzureError extends ActionError {
  readonly status: number | undefined
  readonly code: string

  constructor(failure: AzureFailure) {
    const inner = innermost(failure.body)
    const code = inner.code || failure.code || (failure.status === undefined ? 'NoAnswer' : `Http${failure.status}`)
    const name = failure.resourceId?.slice(failure.resourceId.lastIndexOf('/') + 1)
    const message = inner.message || `${failure.method} was answered with ${failure.status ?? 'nothing'} and no reason`
    super({
      title: `${code} on ${failure.operation}${name ? ` ${name}` : ''}`,
      message,
      code,
      ...adviceFor(code, message, failure),
      ...(failure.correlationId && { correlationId: failure.correlationId }),
    })
    this.status = failure.status
    this.code = code
  }
}
