import { isRestError } from '@azure/core-rest-pipeline'
import { AzureError } from '../errors/azure-error.ts'
import { ActionError } from '../errors/explanation.ts'
import { ForeignLinkError } from '../errors/run-errors.ts'
import { UnreachableError, unreachable } from '../errors/unreachable.ts'

/** The part of an answer that says why. */
export interface RawAnswer {
  readonly status: number
  readonly bodyAsText?: string | null | undefined
  readonly headers: { get(name: string): string | undefined }
}

/** What was being done, for the message. */
export interface Attempt {
  /** E.g. `create snapshot`. */
  readonly operation: string
  readonly resourceId?: string
  readonly method: string
  readonly url: string
}

export function failedAnswer(attempt: Attempt, { status, bodyAsText, headers }: RawAnswer): AzureError {
  const correlationId = headers.get('x-ms-correlation-request-id')
  const requestId = headers.get('x-ms-request-id') ?? headers.get('request-id')
  return new AzureError({
    ...attempt,
    status,
    body: parsed(bodyAsText ?? ''),
    ...(correlationId && { correlationId }),
    ...(requestId && { requestId }),
  })
}

/**
 * What an SDK call threw, with the answer that the transport saw: the SDK drops the body of a refused long operation, and complains of
 * one that is not JSON.
 */
export function failedCall(attempt: Attempt, error: unknown, answer: RawAnswer | undefined): unknown {
  if (error instanceof ActionError) return error
  if (answer && answer.status >= 400) return failedAnswer(attempt, answer)
  if (isRestError(error)) {
    if (error.response && error.response.status >= 400) return failedAnswer(attempt, error.response)
    const reason = unreachable(error)
    // The request's own address: a call of an SDK does not say where it goes.
    if (reason) return new UnreachableError(new URL(error.request?.url ?? attempt.url).host, reason)
    return new AzureError({
      ...attempt,
      body: error.message,
      ...(error.statusCode !== undefined && { status: error.statusCode }),
      ...(error.code && { code: error.code }),
    })
  }
  if (answer && error instanceof TypeError) {
    return new AzureError({
      ...attempt,
      status: answer.status,
      code: 'UnexpectedAnswer',
      body: `the answer cannot be read: ${error.message}`,
    })
  }
  return error
}

/** Sends; a network failure that outlived its retries becomes an `AzureError` that knows what was being done. */
export async function withAttempt<T>(attempt: Attempt, send: () => Promise<T>): Promise<T> {
  try {
    return await send()
  } catch (error) {
    throw failedCall(attempt, error, undefined)
  }
}

/** A request carries our token: a URL that Azure gives is followed only to where the first request went. */
export function trusted(url: string, origin: string, what: string): string {
  const found = URL.canParse(url, origin) ? new URL(url, origin).origin : 'no address at all'
  if (found !== origin) throw new ForeignLinkError(what, { expected: origin, found })
  return url
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
