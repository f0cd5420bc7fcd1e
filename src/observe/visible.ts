import { AzureError } from '../errors/azure-error.ts'

/** What was read; `undefined` where the identity may not read it (403). */
export function visible<T>(reading: Promise<T>, onRefusal?: (refusal: AzureError) => void): Promise<T | undefined> {
  return reading.catch((error: unknown) => {
    if (!(error instanceof AzureError && error.status === 403)) throw error
    onRefusal?.(error)
    return undefined
  })
}
