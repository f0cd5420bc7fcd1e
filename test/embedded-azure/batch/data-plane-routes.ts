/** What the routes of the Batch service share: their api-versions, lists in pages, and etags. */
import { createHash } from 'node:crypto'
import { type Answer, type Call, Refusal, type Route } from '../route.ts'

const API_VERSIONS = ['2024-02-01.19.0', '2024-07-01.20.0', '2025-06-01']

/** A route of the data plane; `action` is the permission after `Microsoft.Batch/batchAccounts/`. */
export const route = (method: Route['method'], path: string, action: string, handle: (call: Call) => Answer): Route => ({
  method,
  path,
  apiVersions: API_VERSIONS,
  action: `Microsoft.Batch/batchAccounts/${action}`,
  handle,
})

/** One page of a list, as `maxresults` and the skip token of the previous page ask. */
export function page(name: string, call: Call, value: readonly unknown[]): Answer {
  const size = Number(call.query.get('maxresults') ?? 1_000)
  const skip = Number(call.query.get('$skiptoken') ?? 0)
  const next = new URLSearchParams(call.query)
  next.set('$skiptoken', String(skip + size))
  return {
    status: 200,
    body: {
      'odata.metadata': `${call.origin}/$metadata#${name}`,
      value: value.slice(skip, skip + size),
      ...(value.length > skip + size && { 'odata.nextLink': `${call.origin}${call.path}?${next}` }),
    },
  }
}

export const missing = (name: string): Refusal =>
  new Refusal(400, 'MissingRequiredProperty', 'A required property was not specified in the request body.', {
    details: [{ code: 'PropertyName', message: name }],
  })

export const etagOver = (content: unknown): string =>
  `0x${createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 15).toUpperCase()}`
