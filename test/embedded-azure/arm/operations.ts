/** Long operations as Azure runs them: a start answer with headers, polls with signed parameters, an end on the clock. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { AzureClock } from '../clock/clock.ts'
import { type Answer, type Call, Refusal, type Route } from '../route.ts'
import { REGION } from '../scenarios/scenario.ts'
import type { Manners } from './manners.ts'

interface Operation {
  readonly startTime: string
  endTime?: string
  status: 'InProgress' | 'Succeeded' | 'Failed'
  error?: { readonly code: string; readonly message: string }
  /**
   * DiskRP gives the resource with the last poll, of `Location`, too: the Azure CLI takes its result from nowhere else.
   * https://github.com/Azure/azure-cli/blob/azure-cli-2.91.0/src/azure-cli/azure/cli/command_modules/vm/aaz/latest/snapshot/_create.py
   */
  output?: unknown
  readonly locationBody: unknown
  readonly signature: string
}

export interface StartOptions {
  /** Default: `Microsoft.Compute`. */
  readonly provider?: string
  readonly path: 'operations' | 'DiskOperations' | 'capsOperations'
  readonly status: number
  readonly body?: unknown
  readonly hasLocation: boolean
  readonly retryAfterS?: number
  /** Of the last poll of `Location`; empty for most. */
  readonly locationBody?: unknown
  readonly afterMs: number
  /** Applies the effect; a `Refusal` thrown here ends the operation as `Failed`. Answers with the output, where there is one. */
  readonly end: () => unknown
}

export class Operations {
  readonly #clock: AzureClock
  readonly #headers: Manners['operationHeaders']
  readonly #operations = new Map<string, Operation>()

  constructor(clock: AzureClock, { operationHeaders }: Manners = {}) {
    this.#clock = clock
    this.#headers = operationHeaders
  }

  start(call: Call, options: StartOptions): Answer {
    const id = randomUUID()
    const operation: Operation = {
      startTime: this.#now(),
      status: 'InProgress',
      signature: randomBytes(24).toString('base64url'),
      locationBody: options.locationBody,
    }
    this.#operations.set(id, operation)
    this.#clock.after(options.afterMs, () => {
      try {
        operation.output = options.end()
        operation.status = 'Succeeded'
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        operation.status = 'Failed'
        operation.error = { code: error.code, message: error.message }
      }
      operation.endTime = this.#now()
    })
    const base = `${call.origin}/subscriptions/${call.params.subscriptionId}/providers/${options.provider ?? 'Microsoft.Compute'}/locations/${REGION}/${options.path}/${id}`
    const { signature } = operation
    const query = (monitor: string) => {
      // Galleries have no `p`.
      const own = [...(options.path === 'capsOperations' ? [] : [`p=${randomUUID()}`]), ...(monitor ? [monitor] : [])]
      const signed = `t=638470341946662603&c=${'MII'.repeat(680)}&s=${signature}&h=${signature.slice(0, 12)}`
      return `?${[...own, `api-version=${call.apiVersion}`, signed].join('&')}`
    }
    const headers = call.method === 'POST' ? undefined : this.#headers
    return {
      // Without a header the body alone says that it goes on.
      status: headers === 'none' && options.body ? 201 : headers === 'location' ? 202 : options.status,
      body: options.body,
      headers: {
        'x-ms-request-id': id,
        ...((!headers || headers === 'status') && { 'azure-asyncoperation': base + query('') }),
        ...((headers === 'location' || (!headers && options.hasLocation)) && { location: base + query('monitor=true') }),
        ...(options.retryAfterS && { 'retry-after': String(options.retryAfterS) }),
        ...(options.path === 'operations' && { 'azure-asyncnotification': 'Enabled' }),
      },
    }
  }

  routes(apiVersions: readonly string[], provider = 'Microsoft.Compute'): readonly Route[] {
    return (['operations', 'DiskOperations', 'capsOperations'] as const).map((path) => ({
      method: 'GET',
      path: `/subscriptions/:subscriptionId/providers/${provider}/locations/:location/${path}/:operation`,
      apiVersions,
      action: `${provider}/locations/${path[0]?.toLowerCase()}${path.slice(1)}/read`,
      handle: (call) => this.#poll(call),
    }))
  }

  #poll({ params, query }: Call): Answer {
    const operation = this.#operations.get(params.operation ?? '')
    if (!operation) throw new Refusal(404, 'NotFound', 'The entity was not found in this Azure location.')
    if (query.get('s') !== operation.signature || !['t', 'c', 'h'].every((name) => query.get(name))) {
      throw new Refusal(403, 'AuthorizationFailed', 'The signature of the operation URL is missing or wrong.')
    }
    const { startTime, endTime, status, error, output } = operation
    if (query.get('monitor')) {
      if (status === 'InProgress') return { status: 202 }
      if (error) throw new Refusal(409, error.code, error.message)
      return { status: 200, body: operation.locationBody ?? output }
    }
    const body = { startTime, ...(endTime && { endTime }), status, ...(error && { error }), name: params.operation }
    return { status: 200, body: output ? { ...body, properties: { output } } : body }
  }

  #now(): string {
    return this.#clock.now().toISOString()
  }
}
