/** The embedded Azure: one process, TLS on loopback, a certificate made at start. One listener for ARM, Entra and GitHub, one for the Batch account. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { generate } from 'selfsigned'
import { createBatch } from './batch.ts'
import { AzureClock } from './clock.ts'
import { computeRoutes, seedCompute } from './compute.ts'
import { Entra, REQUEST_TOKEN } from './entra.ts'
import { Operations } from './operations.ts'
import { type Answer, type Call, Refusal, type Route } from './route.ts'
import { GROUP, type Scenario, SUBSCRIPTION } from './scenario.ts'
import { World } from './world.ts'

/** What was asked, and how it was answered; the form of a pair that OpenAPI checkers read. */
export interface Exchange {
  readonly plane: 'arm' | 'batch'
  readonly liveRequest: {
    readonly url: string
    readonly method: string
    readonly headers: Record<string, unknown>
    readonly body?: unknown
  }
  readonly liveResponse: { readonly statusCode: string; readonly headers: Record<string, string>; readonly body?: unknown }
}

export interface EmbeddedAzure {
  readonly url: string
  readonly oidcUrl: string
  readonly oidcToken: string
  readonly caPath: string
  readonly clock: AzureClock
  readonly exchanges: readonly Exchange[]
  close(): Promise<void>
}

type Plane = Exchange['plane']

export async function startAzure(scenario: Scenario, speed: number): Promise<EmbeddedAzure> {
  const clock = new AzureClock(speed)
  const world = new World()
  const entra = new Entra(clock)
  const exchanges: Exchange[] = []
  const certificate = await generate([{ name: 'commonName', value: 'Embedded Azure' }], {
    keySize: 2048,
    extensions: [
      { name: 'basicConstraints', cA: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  })
  const caPath = path.join(await mkdtemp(path.join(tmpdir(), 'embedded-azure-')), 'ca.pem')
  await writeFile(caPath, certificate.cert)
  const listen = async (app: FastifyInstance) => app.listen({ host: '127.0.0.1', port: 0 })
  const server = () => {
    const app = Fastify({
      https: { key: certificate.private, cert: certificate.cert },
      routerOptions: { caseSensitive: false },
      exposeHeadRoutes: false,
      forceCloseConnections: true,
    })
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
    return app
  }

  const mount = (
    app: FastifyInstance,
    plane: Plane,
    routes: readonly Route[],
    audiences: () => readonly string[],
    origin: () => string,
  ) => {
    const wrap = async (request: FastifyRequest, reply: FastifyReply, route: Route | undefined) => {
      const url = new URL(request.url, origin())
      const text = typeof request.body === 'string' && request.body !== '' ? request.body : undefined
      let sent: unknown
      let answer: Answer
      try {
        const principal = await entra.authenticate(request.headers.authorization, audiences())
        const apiVersion = url.searchParams.get('api-version') ?? ''
        if (!route)
          throw new Refusal(
            404,
            plane === 'arm' ? 'InvalidResourceType' : 'ResourceNotFound',
            `No resource type serves ${request.method} ${url.pathname}.`,
          )
        checkApiVersion(apiVersion, route)
        const params = request.params as Record<string, string>
        checkScope(params)
        sent = text === undefined ? undefined : parsed(text)
        const call: Call = {
          method: request.method,
          path: decodeURIComponent(url.pathname),
          params,
          query: url.searchParams,
          headers: request.headers as Record<string, string | undefined>,
          body: sent,
          apiVersion,
          principal,
          origin: origin(),
        }
        answer = await route.handle(call)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        answer = { status: error.status, headers: error.headers, body: envelope(plane, error, clock, origin()) }
      }
      const isText = typeof answer.body === 'string'
      const body = answer.body === undefined ? '' : isText ? (answer.body as string) : JSON.stringify(answer.body)
      const headers: Record<string, string> = {
        ...(body && { 'content-type': plane === 'arm' ? 'application/json; charset=utf-8' : 'application/json;odata=minimalmetadata' }),
        'x-ms-request-id': randomUUID(),
        'x-ms-correlation-request-id': randomUUID(),
        date: clock.now().toUTCString(),
        ...answer.headers,
      }
      exchanges.push({
        plane,
        liveRequest: {
          url: recordedUrl(plane, request.url),
          method: request.method,
          headers: { ...request.headers, authorization: 'Bearer ***' },
          ...(sent !== undefined && { body: sent }),
        },
        liveResponse: { statusCode: String(answer.status), headers, ...(body && !isText && { body: answer.body }) },
      })
      return reply
        .code(answer.status)
        .headers(headers)
        .send(request.method === 'HEAD' ? '' : body)
    }
    for (const route of routes) {
      app.route({ method: route.method, url: route.path.replace(/\$/g, '\\$'), handler: (request, reply) => wrap(request, reply, route) })
    }
    app.setNotFoundHandler((request, reply) => wrap(request, reply, undefined))
  }

  const arm = server()
  const dataPlane = server()
  const origins = { arm: '', batch: '' }
  const operations = new Operations(clock)
  const batch = createBatch(scenario, world, clock, () => new URL(origins.batch).host)
  seedCompute(world, scenario, clock)

  arm.get('/_apis/oidc/token', async (request, reply) => {
    const { audience = '' } = request.query as { audience?: string }
    const { status, body } = await entra.assertion(request.headers.authorization, audience)
    return reply.code(status).send(body)
  })
  arm.get('/:tenant/v2.0/.well-known/openid-configuration', async (request) =>
    entra.configuration(origins.arm, (request.params as { tenant: string }).tenant),
  )
  arm.post('/:tenant/oauth2/v2.0/token', async (request, reply) => {
    const { status, body } = await entra.token((request.params as { tenant: string }).tenant, new URLSearchParams(String(request.body)))
    return reply.code(status).send(body)
  })
  mount(
    arm,
    'arm',
    [...computeRoutes(world, operations, clock), ...batch.armRoutes],
    () => [origins.arm, 'https://management.azure.com'],
    () => origins.arm,
  )
  mount(
    dataPlane,
    'batch',
    batch.dataPlaneRoutes,
    () => ['https://batch.core.windows.net'],
    () => origins.batch,
  )
  origins.batch = await listen(dataPlane)
  origins.arm = await listen(arm)

  return {
    url: origins.arm,
    oidcUrl: `${origins.arm}/_apis/oidc/token?run=1`,
    oidcToken: REQUEST_TOKEN,
    caPath,
    clock,
    exchanges,
    async close() {
      clock.stop()
      await Promise.all([arm.close(), dataPlane.close()])
    },
  }
}

function checkApiVersion(apiVersion: string, { apiVersions, action }: Route): void {
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

function checkScope({ subscriptionId, resourceGroup }: Record<string, string>): void {
  if (subscriptionId !== undefined && subscriptionId.toLowerCase() !== SUBSCRIPTION) {
    throw new Refusal(404, 'SubscriptionNotFound', `The subscription '${subscriptionId}' could not be found.`)
  }
  if (resourceGroup !== undefined && resourceGroup.toLowerCase() !== GROUP) {
    throw new Refusal(404, 'ResourceGroupNotFound', `Resource group '${resourceGroup}' could not be found.`)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Refusal(400, 'InvalidRequestContent', 'The request content was invalid and could not be deserialized.')
  }
}

/** Each plane has its own: ARM nests under `error`, the data plane speaks OData. */
function envelope(plane: Plane, { code, message, details, target }: Refusal, clock: AzureClock, origin: string): unknown {
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
function recordedUrl(plane: Plane, url: string): string {
  return plane === 'batch' ? url.replace('api-version=2025-06-01', 'api-version=2024-02-01.19.0') : url
}
