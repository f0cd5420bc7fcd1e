import type { TokenCredential } from '@azure/core-auth'
import {
  bearerTokenAuthenticationPolicy,
  createDefaultHttpClient,
  createHttpHeaders,
  createPipelineFromOptions,
  createPipelineRequest,
  type HttpMethods,
} from '@azure/core-rest-pipeline'
import { type ArmId, partsOf } from '../arm-id.ts'
import type { Arm, ArmResource, Clock } from '../ports.ts'
import type { Cloud } from './cloud.ts'
import { type Attempt, failedAnswer, type RawAnswer } from './failure.ts'
import { follow, operationOf, PACES } from './long-operation.ts'
import type { transportOptions } from './transport.ts'

const RESOURCES_API_VERSION = '2021-04-01'

/** Resources of any type by their id, as raw JSON: for those that no SDK of this action knows. */
export function createArm(
  credential: TokenCredential,
  cloud: Cloud,
  { additionalPolicies, ...options }: ReturnType<typeof transportOptions>,
  clock: Clock,
): Arm {
  const pipeline = createPipelineFromOptions(options)
  pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes: cloud.resourceManagerScope }), {
    beforePolicies: ['defaultRetryPolicy'],
  })
  for (const { policy } of additionalPolicies) pipeline.addPolicy(policy, { afterPhase: 'Retry' })
  const httpClient = createDefaultHttpClient()
  const { origin } = new URL(cloud.resourceManagerUrl)

  const send = (method: HttpMethods, url: string, signal?: AbortSignal, body?: object): Promise<RawAnswer> =>
    pipeline.sendRequest(
      httpClient,
      createPipelineRequest({
        url,
        method,
        headers: createHttpHeaders({ accept: 'application/json', ...(body && { 'content-type': 'application/json' }) }),
        ...(body && { body: JSON.stringify(body) }),
        ...(signal && { abortSignal: signal }),
      }),
    )

  const finish = async (attempt: Attempt, started: RawAnswer, signal: AbortSignal): Promise<void> => {
    if (started.status >= 400) throw failedAnswer(attempt, started)
    const operation = operationOf(started, attempt, (url) => send('GET', url, signal), origin)
    await follow(operation, PACES.disk, clock, signal)
  }

  return {
    async get(id, apiVersion) {
      const url = `${cloud.resourceManagerUrl}${id}?api-version=${apiVersion}`
      const answer = await send('GET', url)
      if (answer.status === 404) return undefined
      if (answer.status >= 400) throw failedAnswer({ operation: `read ${typeOf(id)}`, resourceId: id, method: 'GET', url }, answer)
      return JSON.parse(answer.bodyAsText || '{}') as object
    },

    async put(id, apiVersion, body, signal) {
      const url = `${cloud.resourceManagerUrl}${id}?api-version=${apiVersion}`
      const attempt = { operation: `create ${typeOf(id)}`, resourceId: id, method: 'PUT', url }
      await finish(attempt, await send('PUT', url, signal, body), signal)
    },

    async delete(id, apiVersion, signal) {
      const url = `${cloud.resourceManagerUrl}${id}?api-version=${apiVersion}`
      const started = await send('DELETE', url, signal)
      if (started.status === 404 || started.status === 204) return
      await finish({ operation: `delete ${typeOf(id)}`, resourceId: id, method: 'DELETE', url }, started, signal)
    },

    async tag(id, operation, tags, signal) {
      const url = `${cloud.resourceManagerUrl}${id}/providers/Microsoft.Resources/tags/default?api-version=${RESOURCES_API_VERSION}`
      const attempt = { operation: 'tag', resourceId: id, method: 'PATCH', url }
      await finish(attempt, await send('PATCH', url, signal, { operation, properties: { tags } }), signal)
    },

    async find(group, filter) {
      const { subscriptionId } = partsOf(group)
      const found: ArmResource[] = []
      const query = new URLSearchParams({ $filter: filter, $expand: 'createdTime', 'api-version': RESOURCES_API_VERSION })
      let url: string | undefined = `${cloud.resourceManagerUrl}/subscriptions/${subscriptionId}/resources?${query}`
      while (url) {
        const answer: RawAnswer = await send('GET', url)
        if (answer.status >= 400) throw failedAnswer({ operation: 'list resources', method: 'GET', url }, answer)
        const page = JSON.parse(answer.bodyAsText || '{}') as { value?: ArmResource[]; nextLink?: string }
        found.push(...(page.value ?? []).map((resource) => ({ ...resource, tags: resource.tags ?? {} })))
        url = page.nextLink
        if (url && new URL(url).origin !== origin) throw new Error(`the next page's URL leads to another host: ${new URL(url).origin}`)
      }
      return found
    },
  }
}

const typeOf = (id: ArmId): string => partsOf(id).type.split('/').at(-1) ?? 'resource'
