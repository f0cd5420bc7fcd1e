/** The one place that normalises what comes in from Azure: services write `null` where a property is absent. */
import type { PipelinePolicy } from '@azure/core-rest-pipeline'

/**
 * Takes members that are `null` out of every JSON answer, before an SDK or this action reads it, and elements that are `null` out of
 * arrays. The `value` of a list becomes an empty list, which the SDK needs.
 */
export function withoutNullMembers(): PipelinePolicy {
  return {
    name: 'withoutNullMembersPolicy',
    async sendRequest(request, next) {
      const response = await next(request)
      const { bodyAsText, headers } = response
      if (bodyAsText && /\bnull\b/.test(bodyAsText) && (headers.get('content-type') ?? '').includes('json')) {
        response.bodyAsText = withoutNulls(bodyAsText)
      }
      return response
    },
  }
}

/** JSON text without `null`; other text unchanged. */
export function withoutNulls(text: string): string {
  try {
    const value: unknown = JSON.parse(text)
    if (value === null) return ''
    const isList = typeof value === 'object' && 'value' in value && value.value === null
    return JSON.stringify(present(isList ? { ...value, value: [] } : value))
  } catch {
    return text
  }
}

function present(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((element) => element !== null).map(present)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([name, member]) => [name, present(member)]),
  )
}
