/** How the services of the embedded Azure hang together: each gives routes, the server does the rest. */

export interface Principal {
  readonly clientId: string
  readonly objectId: string
  readonly tenantId: string
  /** `aud` of the token, e.g. `https://management.azure.com` or `https://batch.core.windows.net/`. */
  readonly audience: string
}

/** A request as a service sees it: authenticated, api-version known, body parsed. */
export interface Call {
  readonly method: string
  /** As sent, without query. */
  readonly path: string
  /** Path parameters in the caller's spelling. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>
  // biome-ignore lint/suspicious/noExplicitAny: a request body is whatever the client sent
  readonly body: any
  readonly apiVersion: string
  readonly principal: Principal
  /** Base URL of the listener, e.g. `https://127.0.0.1:4711`. */
  readonly origin: string
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON; `undefined` = empty body. A string is sent as it stands (text/plain). */
  readonly body?: unknown
}

export interface Route {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'PATCH' | 'POST' | 'DELETE'
  /** With `:parameters`, matched without regard to case, e.g. `/subscriptions/:subscriptionId/resourceGroups/:resourceGroup`. */
  readonly path: string
  /** Api-versions that are accepted; others get Azure's refusal. */
  readonly apiVersions: readonly string[]
  /** The ARM or Batch permission needed at the path's scope, e.g. `Microsoft.Compute/snapshots/write`. */
  readonly action: string
  readonly handle: (call: Call) => Answer | Promise<Answer>
}

/** A refusal; the server puts it into the envelope of its plane (ARM: `error.details`, data plane: `values`). */
export class Refusal extends Error {
  readonly status: number
  readonly code: string
  readonly details: readonly { readonly code: string; readonly message: string }[]
  readonly target: string | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    code: string,
    message: string,
    more: { details?: readonly { code: string; message: string }[]; target?: string; headers?: Record<string, string> } = {},
  ) {
    super(message)
    this.status = status
    this.code = code
    this.details = more.details ?? []
    this.target = more.target
    this.headers = more.headers ?? {}
  }
}
