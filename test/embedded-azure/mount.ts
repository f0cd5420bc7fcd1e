/** Routes of a plane on its listener: sign-in, api-versions, permissions and locks, and refusals in the plane's own envelope. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type AccessControl, linkedScopes } from './arm/access-control.ts'
import type { RateLimits } from './arm/rate-limits.ts'
import type { Arm } from './arm/resources.ts'
import { refuseLocked, refuseUnregistered } from './arm/subscription.ts'
import type { Entra } from './entra/entra.ts'
import { type Answer, type Call, Refusal, type Route } from './route.ts'
import type { Scenario } from './scenarios/scenario.ts'
import type { Serve } from './serving.ts'
import { checkApiVersion, checkScope, envelope, parsed } from './wording.ts'

/** What all planes share. */
export interface Gatekeepers {
  readonly arm: Arm
  readonly entra: Entra
  readonly access: AccessControl
  readonly rateLimits: RateLimits
  readonly serve: Serve
  readonly unregistered: Scenario['unregistered']
  /** Ids of the resource groups that exist. */
  readonly groups: readonly string[]
}

/** Resource Manager, or the Batch service of an account. */
export interface MountedPlane {
  readonly name: 'arm' | 'batch'
  readonly app: FastifyInstance
  readonly routes: readonly Route[]
  /** `aud` of the tokens that it accepts. */
  readonly audiences: () => readonly string[]
  /** Base URL of its listener. */
  readonly origin: () => string
  /** The ARM scope at which a request to this path is authorized. */
  readonly scope: (path: string) => string
}

/** A path that no provider serves is refused: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors */
export function mount(mounted: MountedPlane, gatekeepers: Gatekeepers): void {
  const { name: plane, app, routes, audiences, origin, scope } = mounted
  const { arm, entra, access, rateLimits, serve, unregistered, groups } = gatekeepers
  const handle = async (request: FastifyRequest, route: Route | undefined): Promise<Answer> => {
    // Clients are sent back to the host that they know.
    const base = request.headers.host ? `https://${request.headers.host}` : origin()
    const url = new URL(request.url, base)
    try {
      const principal = await entra.authenticate(request.headers.authorization, audiences())
      if (!route) {
        const code = plane === 'arm' ? 'InvalidResourceType' : 'ResourceNotFound'
        throw new Refusal(404, code, `No resource type serves ${request.method} ${url.pathname}.`)
      }
      const apiVersion = url.searchParams.get('api-version') ?? ''
      const path = decodeURIComponent(url.pathname)
      checkApiVersion(apiVersion, route)
      const params = request.params as Record<string, string>
      checkScope(params, groups)
      const text = typeof request.body === 'string' && request.body !== '' ? request.body : undefined
      const body = text === undefined ? undefined : parsed(text)
      access.check(principal, route.action, scope(path), linkedScopes(route.action, body))
      refuseUnregistered(unregistered, { method: request.method, path })
      refuseLocked(arm, { method: request.method, path })
      const call: Call = {
        method: request.method,
        path,
        params,
        query: url.searchParams,
        headers: request.headers as Record<string, string | undefined>,
        body,
        apiVersion,
        principal,
        origin: base,
      }
      const answer = await route.handle(call)
      return plane === 'arm' ? { ...answer, headers: { ...rateLimits.headersOf(route), ...answer.headers } } : answer
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return { status: error.status, headers: error.headers, body: envelope(plane, error, arm.clock, origin()) }
    }
  }
  for (const route of routes) {
    app.route({
      method: route.method,
      url: route.path.replace(/\$/g, '\\$'),
      handler: (request, reply) => serve(plane, request, reply, () => handle(request, route)),
    })
  }
  app.setNotFoundHandler((request, reply) => serve(plane, request, reply, () => handle(request, undefined)))
}
