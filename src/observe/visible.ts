import { AzureError } from '../errors/azure-error.ts'

/** `undefined` where the caller may not read it: then Azure decides when the time comes. */
export function visible<T>(reading: Promise<T>, onRefusal?: (refusal: AzureError) => void): Promise<T | undefined> {
  return reading.catch((error: unknown) => {
    if (!(error instanceof AzureError && error.status === 403)) throw error
    onRefusal?.(error)
    return undefined
  })
}
