import type { Arm, ArmResource } from '../model/arm.ts'
import { type ArmId, nameOf, parseArmId } from '../model/arm-id.ts'
import type { Connection } from './connection.ts'
import { PACES } from './pace.ts'
import { type JsonRequest, Requests } from './requests.ts'
import { createSender } from './transport.ts'
import { within } from './within.ts'

const RESOURCES_API_VERSION = '2021-04-01'

/** Resources of any type by their id, as raw JSON: for those that no SDK of this action knows. */
export function createArm({ credential, cloud, transport, clock }: Connection): Arm {
  const { resourceManagerUrl, resourceManagerScope } = cloud
  const { origin } = new URL(resourceManagerUrl)
  let aheadMs = 0
  const sender = createSender(credential, resourceManagerScope, transport)
  const send: typeof sender = async (request) => {
    const response = await sender(request)
    const atMs = Date.parse(response.headers.get('date') ?? '')
    if (!Number.isNaN(atMs)) aheadMs = atMs - clock.now().getTime()
    return response
  }
  const requests = new Requests({ send, origin, clock })

  const to = (verb: string, method: string, id: ArmId, apiVersion: string): JsonRequest => ({
    operation: `${verb} ${typeOf(id)}`,
    resourceId: id,
    method,
    url: `${resourceManagerUrl}${id}?api-version=${apiVersion}`,
  })

  return {
    now: () => new Date(clock.now().getTime() + aheadMs),

    get(id, apiVersion, { query = {}, withinMs } = {}) {
      const request = to('read', 'GET', id, apiVersion)
      const url = [request.url, ...Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)].join('&')
      return withinMs === undefined
        ? requests.find({ ...request, url })
        : within(withinMs, (signal) => requests.find({ ...request, url, signal }))
    },

    put: ({ id, apiVersion, body }, signal) => requests.run({ ...to('create', 'PUT', id, apiVersion), body, signal }, PACES.disk),

    delete: (id, apiVersion, signal) => requests.run({ ...to('delete', 'DELETE', id, apiVersion), signal }, PACES.disk),

    tag({ id, operation, tags }, signal) {
      const url = `${resourceManagerUrl}${id}/providers/Microsoft.Resources/tags/default?api-version=${RESOURCES_API_VERSION}`
      const body = { operation, properties: { tags } }
      return requests.run({ operation: 'tag', resourceId: id, method: 'PATCH', url, body, signal }, PACES.disk)
    },

    list: (collection, apiVersion) => requests.list(to('list', 'GET', collection, apiVersion)),

    async find(subscriptionId, filter) {
      const query = new URLSearchParams({ $filter: filter, $expand: 'createdTime', 'api-version': RESOURCES_API_VERSION })
      const url = `${resourceManagerUrl}/subscriptions/${subscriptionId}/resources?${query}`
      const found = await requests.list<ArmResource>({ operation: 'list resources', method: 'GET', url })
      return found.map((resource) => ({ ...resource, tags: resource.tags ?? {} }))
    },
  }
}

/** Of a collection, such as the permissions of a group, its name. */
const typeOf = (id: ArmId): string => parseArmId(id)?.type.split('/').at(-1) || nameOf(id)
