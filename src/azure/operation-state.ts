/** Pure: what an answer says about an operation. https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations */
import type { RawAnswer } from './failure.ts'

export type OperationState = 'InProgress' | 'Succeeded' | 'Failed'

interface Body {
  readonly status?: unknown
  readonly error?: unknown
  readonly properties?: { readonly provisioningState?: unknown; readonly error?: unknown }
  readonly provisioningState?: unknown
}

/** The body of an answer as an object; empty where it is none. */
export function jsonOf({ bodyAsText }: RawAnswer): object {
  try {
    const value: unknown = JSON.parse(bodyAsText || '{}')
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

/**
 * By the `status` that `Azure-AsyncOperation` gives. A body without one may be the resource itself, or hold an error alone; else the
 * HTTP status is all there is.
 */
export function stateOfOperation(answer: RawAnswer): OperationState {
  const body = jsonOf(answer) as Body
  const word = wordOf(body.status) ?? provisioningStateOf(body)
  if (word !== undefined) return stateOf(word)
  if (isError(body.error)) return 'Failed'
  return answer.status === 202 ? 'InProgress' : 'Succeeded'
}

/** Words of a result that is none yet. Other words may be anything that the operation gives. */
const NO_RESULT = /^(?:inprogress|accepted|running|pending|failed|cancell?ed)$/i

/** By what `Location` answers: 202 until it is done, then the result, or the resource, which may take longer still. */
export function stateOfResult(answer: RawAnswer): OperationState {
  if (answer.status === 202) return 'InProgress'
  const body = jsonOf(answer) as Body
  const status = wordOf(body.status)
  const word = provisioningStateOf(body) ?? (status !== undefined && NO_RESULT.test(status) ? status : undefined)
  if (word !== undefined) return stateOf(word)
  return isError(body.error) ? 'Failed' : 'Succeeded'
}

/** By the resource's own `provisioningState`; one without is as it should be, unless 202 says otherwise. */
export function stateOfResource(answer: RawAnswer): OperationState {
  const body = jsonOf(answer) as Body
  const word = provisioningStateOf(body)
  if (word !== undefined) return stateOf(word)
  if (isError(body.error)) return 'Failed'
  return answer.status === 202 ? 'InProgress' : 'Succeeded'
}

/** All states except the three final ones mean that the operation continues. */
function stateOf(word: string): OperationState {
  switch (word.toLowerCase()) {
    case 'succeeded':
      return 'Succeeded'
    case 'failed':
    case 'canceled':
    case 'cancelled':
      return 'Failed'
    default:
      return 'InProgress'
  }
}

const provisioningStateOf = ({ properties, provisioningState }: Body): string | undefined =>
  wordOf(properties?.provisioningState) ?? wordOf(provisioningState)

const wordOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

const isError = (value: unknown): boolean => typeof value === 'object' && value !== null
