/** How each plane words its answers and refusals. */
import { randomUUID } from 'node:crypto'
import type { AzureClock } from './clock/clock.ts'
import type { Plane } from './intervention.ts'
import { type Answer, Refusal, type Route } from './route.ts'

/** Compute prints over several lines, others do not. */
export function jsonOf({ body, headers }: Answer, url: string): string {
  const isOfCompute = /\/providers\/Microsoft\.Compute\//i.test(url) && headers?.['x-ms-failure-cause'] !== 'gateway'
  return isOfCompute ? JSON.stringify(body, null, 2).replaceAll('\n', '\r\n') : JSON.stringify(body)
}

export function checkApiVersion(apiVersion: string, { apiVersions, action }: Route): void {
  if (apiVersion === '')
    throw new Refusal(400, 'MissingApiVersionParameter', 'The api-version query parameter (?api-version=) is required for all requests.')
  if (!apiVersions.includes(apiVersion)) {
    throw new Refusal(
      400,
      'NoRegisteredProviderFound',
      `No registered resource provider found for '${action}' and API version '${apiVersion}'. The supported api-versions are '${apiVersions.join(', ')}'.`,
    )
  }
}

/** @param groups Ids of the resource groups that exist. */
export function checkScope({ subscriptionId, resourceGroup }: Record<string, string>, groups: readonly string[]): void {
  if (subscriptionId === undefined) return
  const subscription = `/subscriptions/${subscriptionId}`
  if (!groups.some((id) => startsWith(id, `${subscription}/`))) {
    throw new Refusal(404, 'SubscriptionNotFound', `The subscription '${subscriptionId}' could not be found.`)
  }
  if (resourceGroup !== undefined && !groups.some((id) => startsWith(`${id}/`, `${subscription}/resourceGroups/${resourceGroup}/`))) {
    throw new Refusal(404, 'ResourceGroupNotFound', `Resource group '${resourceGroup}' could not be found.`)
  }
}

const startsWith = (text: string, start: string): boolean => text.toLowerCase().startsWith(start.toLowerCase())

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Refusal(400, 'InvalidRequestContent', 'The request content was invalid and could not be deserialized.')
  }
}

export function readable(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Each plane has its own: ARM nests under `error`, the data plane speaks OData. */
export function envelope(plane: 'arm' | 'batch', { code, message, details, target }: Refusal, clock: AzureClock, origin: string): unknown {
  const trailer = `\nRequestId:${randomUUID()}\nTime:${clock.now().toISOString()}`
  if (plane === 'batch') {
    return {
      'odata.metadata': `${origin}/$metadata#Microsoft.Azure.Batch.Protocol.Entities.Container.errors/@Element`,
      code,
      message: { lang: 'en-US', value: message + trailer },
      values: details.map((detail) => ({ key: detail.code, value: detail.message })),
    }
  }
  return {
    error: {
      code,
      message: target === 'BatchAccount' ? message + trailer : message,
      ...(target && { target }),
      ...(details.length > 0 && { details }),
    },
  }
}

/** A checker takes a pair for data plane by the older form of its api-version. */
export function recordedUrl(plane: Plane, url: string): string {
  return plane === 'batch' ? url.replace('api-version=2025-06-01', 'api-version=2024-02-01.19.0') : url
}
