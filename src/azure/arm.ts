import type { TokenCredential } from '@azure/core-auth'
import { createHttpHeaders, createPipelineRequest, type HttpMethods } from '@azure/core-rest-pipeline'
import type { Arm, ArmResource } from '../model/arm.ts'
import { type ArmId, nameOf, parseArmId, partsOf } from '../model/arm-id.ts'
import type { Clock } from '../run/runner.ts'
import type { Cloud } from './cloud.ts'
import { type Attempt, failedAnswer, type RawAnswer, trusted, withAttempt } from './failure.ts'
import { follow, operationOf, PACES } from './long-operation.ts'
import { createSender, type TransportOptions } from './transport.ts'

const RESOURCES_API_VERSION = '2021-04-01'

/** Resources of any type by their id, as raw JSON: for those that no SDK of this action knows. */
export function createArm(credential: TokenCredential, cloud: Cloud, transport: TransportOptions, clock: Clock): Arm {
  const sendRequest = createSender(credential, cloud.resourceManagerScope, transport)
  const { origin } = new URL(cloud.resourceManagerUrl)

  const send = (attempt: Attempt, signal?: AbortSignal, body?: object): Promise<RawAnswer> =>
    withAttempt(attempt, () =>
      sendRequest(
        createPipelineRequest({
          url: attempt.url,
          method: attempt.method as HttpMethods,
          headers: createHttpHeaders({ accept: 'application/json', ...(body && { 'content-type': 'application/json' }) }),
          ...(body && { body: JSON.stringify(body) }),
          ...(signal && { abortSignal: signal }),
        }),
      ),
    )

  const finish = async (attempt: Attempt, started: RawAnswer, signal: AbortSignal): Promise<void> => {
    if (started.status >= 400) throw failedAnswer(attempt, started)
    const operation = operationOf(started, attempt, (url) => send({ ...attempt, method: 'GET', url }, signal), origin)
    await follow(operation, PACES.disk, clock, signal)
  }

  return {
    async get(id, apiVersion) {
      const url = `${cloud.resourceManagerUrl}${id}?api-version=${apiVersion}`
      const attempt = { operation: `read ${typeOf(id)}`, resourceId: id, method: 'GET', url }
      const answer = await send(attempt)
      if (answer.status === 404) return undefined
      if (answer.status >= 400) throw failedAnswer(attempt, answer)
      return JSON.parse(answer.bodyAsText || '{}') as object
    },

    async put(id, apiVersion, body, signal) {
      const url = `${cloud.resourceManagerUrl}${id}?api-version=${apiVersion}`
      const attempt = { operation: `create ${typeOf(id)}`, resourceId: id, method: 'PUT', url }
      await finish(attempt, await send(attempt, signal, body), signal)
    },

    async delete(id, apiVersion, signal) {
      const url = `${cloud.resourceManagerUrl}${id}?api-version=${apiVersion}`
      const attempt = { operation: `delete ${typeOf(id)}`, resourceId: id, method: 'DELETE', url }
      const started = await send(attempt, signal)
      if (started.status === 404 || started.status === 204) return
      await finish(attempt, started, signal)
    },

    async tag(id, operation, tags, signal) {
      const url = `${cloud.resourceManagerUrl}${id}/providers/Microsoft.Resources/tags/default?api-version=${RESOURCES_API_VERSION}`
      const attempt = { operation: 'tag', resourceId: id, method: 'PATCH', url }
      await finish(attempt, await send(attempt, signal, { operation, properties: { tags } }), signal)
    },

    async find(group, filter) {
      const { subscriptionId } = partsOf(group)
      const found: ArmResource[] = []
      const query = new URLSearchParams({ $filter: filter, $expand: 'createdTime', 'api-version': RESOURCES_API_VERSION })
      let url: string | undefined = `${cloud.resourceManagerUrl}/subscriptions/${subscriptionId}/resources?${query}`
      while (url) {
        const attempt: Attempt = { operation: 'list resources', method: 'GET', url }
        const answer = await send(attempt)
        if (answer.status >= 400) throw failedAnswer(attempt, answer)
        const page = JSON.parse(answer.bodyAsText || '{}') as { value?: ArmResource[]; nextLink?: string }
        found.push(...(page.value ?? []).map((resource) => ({ ...resource, tags: resource.tags ?? {} })))
        url = page.nextLink && trusted(page.nextLink, origin, 'the next page')
      }
      return found
    },
  }
}

/** Of a collection, such as the permissions of a group, its name. */
const typeOf = (id: ArmId): string => parseArmId(id)?.type.split('/').at(-1) || nameOf(id)
