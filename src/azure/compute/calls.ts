/** Calls of arm-compute: refusals with all that Azure said, lists to their end, long operations followed by this action itself. */
import { createDefaultHttpClient, createPipelineRequest, type PipelinePolicy } from '@azure/core-rest-pipeline'
import { type ArmId, partsOf } from '../../model/arm-id.ts'
import type { Clock } from '../../run/runner.ts'
import type { Connection } from '../connection.ts'
import { type Attempt, failedCall, type RawAnswer, trusted } from '../failure.ts'
import { type FollowedOperation, follow, type Limit, operationOf } from '../long-operation.ts'
import type { Pace } from '../pace.ts'
import { isNotFound } from '../requests.ts'
import { type ComputeClient, createComputeClient } from './client.ts'

/** Options that every call of arm-compute takes; `onResponse` sees the answer before the SDK drops parts of it. */
export interface CallOptions {
  readonly onResponse: (answer: RawAnswer & { readonly request?: { readonly url: string } }) => void
  readonly abortSignal?: AbortSignal
}

/**
 * A request that starts a long operation. The SDK's pollers are not used, because they lose Azure's error details and cannot be slowed
 * down.
 */
export interface StartCall {
  /** E.g. `create snapshot`. */
  readonly operation: string
  readonly method: 'PUT' | 'POST' | 'DELETE'
  readonly id: ArmId
  readonly signal: AbortSignal
  /** The operation's own status is enough, because nothing reads the resource right afterwards. */
  readonly isBelieved?: boolean
  readonly send: (options: CallOptions) => { submitted(): Promise<void> }
}

/** A deletion; `followedBy` gives another way to see its end. */
export interface DeleteCall extends Omit<StartCall, 'method'> {
  readonly pace: Pace
  readonly followedBy?: (operation: FollowedOperation) => FollowedOperation
}

/** Where a resource is, as the SDK's methods want it. */
export interface Place {
  readonly group: string
  readonly name: string
  readonly child: string
  readonly grandchild: string
}

export function placeOf(id: ArmId): Place {
  const { resourceGroup, names } = partsOf(id)
  const [name = '', child = '', grandchild = ''] = names
  return { group: resourceGroup, name, child, grandchild }
}

export class ComputeCalls {
  readonly #connection: Connection
  readonly #origin: string
  readonly #clients = new Map<string, ComputeClient>()
  readonly #httpClient = createDefaultHttpClient()

  constructor(connection: Connection) {
    this.#connection = connection
    this.#origin = new URL(connection.cloud.resourceManagerUrl).origin
  }

  get clock(): Clock {
    return this.#connection.clock
  }

  /** The client of a subscription. */
  of(subscriptionId: string): ComputeClient {
    const { credential, cloud, transport } = this.#connection
    const client =
      this.#clients.get(subscriptionId) ??
      createComputeClient(credential, subscriptionId, {
        endpoint: cloud.resourceManagerUrl,
        credentials: { scopes: [cloud.resourceManagerScope] },
        ...transport,
        additionalPolicies: [...transport.additionalPolicies, { policy: stayAt(this.#origin), position: 'perCall' }],
      })
    this.#clients.set(subscriptionId, client)
    return client
  }

  /** The client of the subscription that a resource is in. */
  for(id: ArmId): ComputeClient {
    return this.of(partsOf(id).subscriptionId)
  }

  /** `undefined` for 404. @param id A resource id, or the path of a collection */
  async read<T>(operation: string, id: string, send: (options: CallOptions) => Promise<T>): Promise<T | undefined> {
    try {
      return (await this.#call({ operation, resourceId: id, method: 'GET', url: `${this.#origin}${id}` }, send)).value
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  /** All items, page by page; `undefined` where the parent does not exist. */
  list<T>(operation: string, id: string, pages: (options: CallOptions) => AsyncIterable<T>): Promise<readonly T[] | undefined> {
    return this.read(operation, id, (options) => Array.fromAsync(pages(options)))
  }

  /** Starts a long operation. */
  async start({ operation, method, id, signal, isBelieved = false, send }: StartCall): Promise<FollowedOperation> {
    const attempt = { operation, resourceId: id, method, url: `${this.#origin}${id}` }
    const { answer } = await this.#call(attempt, (options) => send({ ...options, abortSignal: signal }).submitted())
    if (!answer) throw new Error(`${operation}: the SDK gave no answer`)
    const { pipeline } = this.for(id)
    const ask = (url: string) => pipeline.sendRequest(this.#httpClient, createPipelineRequest({ url, abortSignal: signal }))
    const resourceUrl = answer.request && this.#urlOf(id, answer.request.url)
    return operationOf({ started: answer, attempt, ask, origin: this.#origin, isBelieved, ...(resourceUrl && { resourceUrl }) })
  }

  /** Starts a long operation and follows it to its end. */
  async run(call: StartCall & { readonly pace: Pace }): Promise<void> {
    await this.follow(await this.start(call), call)
  }

  follow(operation: FollowedOperation, how: { readonly pace: Pace; readonly signal: AbortSignal; readonly limit?: Limit }): Promise<void> {
    const { pace, signal, limit } = how
    return follow({ operation, pace, clock: this.clock, signal, ...(limit && { limit }) })
  }

  /** Deletes a resource and follows the operation to its end. A resource that is already gone is not an error. */
  async remove({ followedBy = (operation) => operation, ...call }: DeleteCall): Promise<void> {
    try {
      await this.follow(followedBy(await this.start({ ...call, method: 'DELETE' })), call)
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  /** One call; a refusal becomes an `AzureError` that knows the whole answer. */
  async #call<T>(attempt: Attempt, send: (options: CallOptions) => Promise<T>) {
    let answer: Parameters<CallOptions['onResponse']>[0] | undefined
    const onResponse: CallOptions['onResponse'] = (raw) => {
      answer = raw
    }
    try {
      const value = await send({ onResponse })
      return { value, answer }
    } catch (error) {
      throw failedCall(attempt, error, answer)
    }
  }

  /** Of the resource that a request to `requestUrl` is about, at the same api-version. */
  #urlOf(id: ArmId, requestUrl: string): string {
    const apiVersion = new URL(requestUrl).searchParams.get('api-version') ?? ''
    return `${this.#origin}${id}?${new URLSearchParams({ 'api-version': apiVersion })}`
  }
}

/** arm-compute follows the links of its lists on its own, wherever they lead: links to other hosts are refused. */
function stayAt(origin: string): PipelinePolicy {
  return {
    name: 'stayAtPolicy',
    async sendRequest(request, next) {
      trusted(request.url, origin, 'the next page')
      return next(request)
    },
  }
}
