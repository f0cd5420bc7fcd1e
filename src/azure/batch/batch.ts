import { BatchManagementClient } from '#arm-batch'
import { type ArmId, partsOf } from '../../model/arm-id.ts'
import type { Batch, BatchAccount, BatchVmSize, Pool } from '../../model/batch.ts'
import type { BatchDataPlane } from '../../model/batch-service.ts'
import type { Connection } from '../connection.ts'
import { PACES } from '../pace.ts'
import { type JsonRequest, Requests } from '../requests.ts'
import { withStateWords } from '../words.ts'
import { createDataPlane } from './data-plane.ts'
import { NewestReadings } from './newest-readings.ts'
import { PoolReadings } from './pool-readings.ts'

/** Older versions are announced for retirement, and know neither an image change in place nor all pool properties. */
const API_VERSION = '2025-06-01'

/** Microsoft.Batch with raw JSON. */
export function createBatch(connection: Connection): Batch {
  const requestsFor = requestsBySubscription(connection)
  const planes = new Map<string, BatchDataPlane>()

  const to = (operation: string, method: string, id: ArmId, path: string = id): JsonRequest => ({
    operation,
    resourceId: id,
    method,
    url: `${connection.cloud.resourceManagerUrl}${path}?api-version=${API_VERSION}`,
  })

  const newest = new NewestReadings(connection.clock)
  const write = async (id: ArmId, request: JsonRequest): Promise<Pool> => newest.note(toPool(await requestsFor(id).json<WirePool>(request)))

  const listPools: Batch['listPools'] = async (account) =>
    (await requestsFor(account).list<WirePool>(to('list pools', 'GET', account, `${account}/pools`))).map(toPool)
  const getPool: Batch['getPool'] = (id) =>
    newest.read(async () => {
      const pool = await requestsFor(id).find<WirePool>(to('read pool', 'GET', id))
      return pool && toPool(pool)
    })
  /** Pools of which the list knows no less than what was read before. */
  const listNewest = async (account: ArmId) =>
    (await listPools(account)).filter((pool) => !newest.isOutdated(pool)).map((pool) => newest.note(pool))
  const readings = new Map<string, PoolReadings>()

  return {
    listPools,
    getPool,

    watchPool(id, signal) {
      const account = id.replace(/\/pools\/[^/]+$/i, '') as ArmId
      const ofAccount =
        readings.get(account) ?? new PoolReadings({ get: getPool, list: () => listNewest(account), clock: connection.clock })
      readings.set(account, ofAccount)
      return ofAccount.read(id, signal)
    },

    async getAccount(id) {
      const account = await requestsFor(id).find<WireAccount>(to('read Batch account', 'GET', id))
      return account && { ...account.properties, id: account.id, name: account.name, location: account.location }
    },

    async listVmSizes(account, location) {
      const path = `/subscriptions/${partsOf(account).subscriptionId}/providers/Microsoft.Batch/locations/${location}/virtualMachineSkus`
      return (await requestsFor(account).listIfAny<WireVmSize>(to('list VM sizes of Batch', 'GET', account, path))).map(toVmSize)
    },

    createPool: (id, properties, envelope) =>
      write(id, { ...to('create pool', 'PUT', id), body: { ...envelope, properties }, headers: { 'if-none-match': '*' } }),

    updatePool: ({ id, etag }, properties, envelope) =>
      write(id, { ...to('update pool', 'PATCH', id), body: { ...envelope, properties }, headers: { 'if-match': etag } }),

    replacePool: ({ id, etag }, properties, envelope) =>
      write(id, { ...to('update pool', 'PUT', id), body: { ...envelope, properties }, headers: { 'if-match': etag } }),

    stopResize: (id) => write(id, to('stop resize of pool', 'POST', id, `${id}/stopResize`)),

    disableAutoScale: (id) => write(id, to('disable autoscale of pool', 'POST', id, `${id}/disableAutoScale`)),

    deletePool: (id, signal) => requestsFor(id).run({ ...to('delete pool', 'DELETE', id), signal }, PACES.pool),

    dataPlane(account) {
      const plane = planes.get(account.accountEndpoint) ?? createDataPlane(account, connection)
      planes.set(account.accountEndpoint, plane)
      return plane
    },
  }
}

/**
 * Requests through the pipeline of `@azure/arm-batch`: the mappers of 9.1.0 drop unknown properties and invent others (a
 * `securityProfile` is always sent as `trustedLaunch`, a read pool always says `version: latest`). `#arm-batch` is declared in
 * `package.json`: the bundle takes the ES modules of the package, of which it needs a part only; Node.js takes its CommonJS.
 */
function requestsBySubscription({ credential, cloud, transport, clock }: Connection): (id: ArmId) => Requests {
  const { origin } = new URL(cloud.resourceManagerUrl)
  const known = new Map<string, Requests>()
  return (id) => {
    const { subscriptionId } = partsOf(id)
    const found = known.get(subscriptionId)
    if (found) return found
    const client = new BatchManagementClient(credential, subscriptionId, {
      endpoint: cloud.resourceManagerUrl,
      credentialScopes: cloud.resourceManagerScope,
      ...transport,
    })
    const requests = new Requests({ send: (request) => client.sendRequest(request), origin, clock })
    known.set(subscriptionId, requests)
    return requests
  }
}

interface WireAccount {
  readonly id: string
  readonly name: string
  readonly location: string
  readonly properties: Omit<BatchAccount, 'id' | 'name' | 'location'>
}

interface WireVmSize extends Omit<BatchVmSize, 'capabilities'> {
  readonly capabilities?: readonly { readonly name: string; readonly value: string }[]
}

interface WirePool extends Pool {}

export function toPool({ id, name, etag, identity, tags, properties = {} as Pool['properties'] }: WirePool): Pool {
  return { id, name, etag, properties: withStateWords(properties), ...(identity && { identity }), ...(tags && { tags }) }
}

function toVmSize({ capabilities = [], ...size }: WireVmSize): BatchVmSize {
  return { ...size, capabilities: Object.fromEntries(capabilities.map(({ name, value }) => [name, value])) }
}
