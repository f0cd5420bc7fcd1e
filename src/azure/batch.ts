import type { TokenCredential } from '@azure/core-auth'
import { createHttpHeaders, createPipelineRequest, type HttpMethods } from '@azure/core-rest-pipeline'
import { BatchManagementClient } from '#arm-batch'
import { AzureError } from '../errors/azure-error.ts'
import { type ArmId, partsOf } from '../model/arm-id.ts'
import type { Batch, BatchAccount, BatchVmSize, Pool } from '../model/batch.ts'
import type { Clock } from '../run/runner.ts'
import { createDataPlane } from './batch-data-plane.ts'
import type { Cloud } from './cloud.ts'
import { type Attempt, failedAnswer, type RawAnswer, trusted, withAttempt } from './failure.ts'
import { follow, operationOf, PACES } from './long-operation.ts'
import type { TransportOptions } from './transport.ts'

/** Older versions are announced for retirement, and know neither an image change in place nor all pool properties. */
const API_VERSION = '2025-06-01'

/**
 * Microsoft.Batch through the pipeline of `@azure/arm-batch`, with raw JSON: the mappers of 9.1.0 drop unknown properties and invent
 * others (a `securityProfile` is always sent as `trustedLaunch`, a read pool always says `version: latest`).
 */
export function createBatch(credential: TokenCredential, cloud: Cloud, transport: TransportOptions, clock: Clock): Batch {
  const clients = new Map<string, BatchManagementClient>()
  const origin = new URL(cloud.resourceManagerUrl).origin

  const clientOf = (id: ArmId): BatchManagementClient => {
    const { subscriptionId } = partsOf(id)
    const client =
      clients.get(subscriptionId) ??
      new BatchManagementClient(credential, subscriptionId, {
        endpoint: cloud.resourceManagerUrl,
        credentialScopes: cloud.resourceManagerScope,
        ...transport,
      })
    clients.set(subscriptionId, client)
    return client
  }

  const send = (
    id: ArmId,
    attempt: Attempt,
    { body, headers, signal }: { body?: unknown; headers?: Record<string, string>; signal?: AbortSignal } = {},
  ): Promise<RawAnswer> =>
    withAttempt(attempt, () =>
      clientOf(id).sendRequest(
        createPipelineRequest({
          url: attempt.url,
          method: attempt.method as HttpMethods,
          ...(body !== undefined && { body: JSON.stringify(body) }),
          ...(signal && { abortSignal: signal }),
          headers: createHttpHeaders({
            accept: 'application/json',
            ...(body !== undefined && { 'content-type': 'application/json' }),
            ...headers,
          }),
        }),
      ),
    )

  const attemptAt = (operation: string, method: string, id: ArmId, path: string = id): Attempt => ({
    operation,
    resourceId: id,
    method,
    url: `${cloud.resourceManagerUrl}${path}?api-version=${API_VERSION}`,
  })

  const get = async <T>(operation: string, id: ArmId, path: string = id): Promise<T | undefined> => {
    const attempt = attemptAt(operation, 'GET', id, path)
    try {
      return bodyOf<T>(attempt, await send(id, attempt))
    } catch (error) {
      // Also where the body was cut off, which the SDK throws for.
      if (error instanceof AzureError && error.status === 404) return undefined
      throw error
    }
  }

  const list = async <T>(operation: string, id: ArmId, path: string): Promise<T[]> => {
    const found: T[] = []
    let attempt: Attempt | undefined = attemptAt(operation, 'GET', id, path)
    while (attempt) {
      const page: { value?: T[]; nextLink?: string } = bodyOf(attempt, await send(id, attempt))
      found.push(...(page.value ?? []))
      attempt = page.nextLink ? { ...attempt, url: trusted(page.nextLink, origin, 'the next page') } : undefined
    }
    return found
  }

  const write = async (
    operation: string,
    method: string,
    id: ArmId,
    path: string,
    options: { body?: unknown; headers?: Record<string, string> },
  ): Promise<Pool> => {
    const attempt = attemptAt(operation, method, id, path)
    return toPool(bodyOf<WirePool>(attempt, await send(id, attempt, options)))
  }

  return {
    async getAccount(id) {
      const account = await get<WireAccount>('read Batch account', id)
      return account && { ...account.properties, id: account.id, name: account.name, location: account.location }
    },

    async listVmSizes(account, location) {
      const { subscriptionId } = partsOf(account)
      const path = `/subscriptions/${subscriptionId}/providers/Microsoft.Batch/locations/${location}/virtualMachineSkus`
      const sizes = await list<WireVmSize>('list VM sizes of Batch', account, path)
      return sizes.map(({ capabilities = [], ...size }) => ({
        ...size,
        capabilities: Object.fromEntries(capabilities.map(({ name, value }) => [name, value])),
      }))
    },

    async listPools(account) {
      return (await list<WirePool>('list pools', account, `${account}/pools`)).map(toPool)
    },

    async getPool(id) {
      const pool = await get<WirePool>('read pool', id)
      return pool && toPool(pool)
    },

    createPool: (id, properties, envelope) =>
      write('create pool', 'PUT', id, id, { body: { ...envelope, properties }, headers: { 'if-none-match': '*' } }),

    updatePool: (id, properties, etag, envelope) =>
      write('update pool', 'PATCH', id, id, { body: { ...envelope, properties }, headers: { 'if-match': etag } }),

    stopResize: (id) => write('stop resize of pool', 'POST', id, `${id}/stopResize`, {}),

    disableAutoScale: (id) => write('disable autoscale of pool', 'POST', id, `${id}/disableAutoScale`, {}),

    async deletePool(id, signal) {
      const attempt = attemptAt('delete pool', 'DELETE', id)
      const start = await send(id, attempt, { signal })
      if (start.status === 404) return
      if (start.status >= 400) throw failedAnswer(attempt, start)
      const ask = (url: string) => clientOf(id).sendRequest(createPipelineRequest({ url, abortSignal: signal }))
      await follow(operationOf(start, attempt, ask, origin), PACES.pool, clock, signal)
    },

    dataPlane: (account) => createDataPlane(account, credential, cloud.batchScope, transport),
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

function toPool({ id, name, etag, identity, tags, properties }: WirePool): Pool {
  return { id, name, etag, properties, ...(identity && { identity }), ...(tags && { tags }) }
}

function bodyOf<T>(attempt: Attempt, answer: RawAnswer): T {
  if (answer.status >= 400) throw failedAnswer(attempt, answer)
  return JSON.parse(answer.bodyAsText || '{}') as T
}
