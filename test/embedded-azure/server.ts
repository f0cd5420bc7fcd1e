/** The embedded Azure: one process, TLS on loopback, a certificate made at start. One listener for ARM, Entra and GitHub, one for the Batch account. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { AccessControl, linkedScopes } from './arm/access-control.ts'
import { authorizationRoutes } from './arm/authorization.ts'
import { identityRoutes } from './arm/identities.ts'
import { keyVaultRoutes } from './arm/key-vaults.ts'
import { Lag, withNulls } from './arm/manners.ts'
import { networkRoutes } from './arm/network.ts'
import { Operations } from './arm/operations.ts'
import { RateLimits } from './arm/rate-limits.ts'
import type { Arm } from './arm/resources.ts'
import { refuseLocked, refuseUnregistered, subscriptionRoutes } from './arm/subscription.ts'
import { accountIdOf, batchArmRoutes, type HostedAccount } from './batch/accounts.ts'
import { countedWith, refuseMachine, usageRoutes } from './batch/core-quotas.ts'
import { batchDataPlaneRoutes } from './batch/data-plane.ts'
import { Pools } from './batch/pools.ts'
import { certificateOf, DOMAIN } from './certificate.ts'
import { AzureClock } from './clock/clock.ts'
import { Durations } from './clock/durations.ts'
import { DISK, diskRoutes } from './compute/disks.ts'
import { encryptionSetRoutes } from './compute/encryption-sets.ts'
import { GALLERY, galleryRoutes } from './compute/galleries.ts'
import { imageRoutes } from './compute/images.ts'
import { marketplaceRoutes } from './compute/marketplace.ts'
import { restorePointRoutes } from './compute/restore-points.ts'
import { COMPUTE, virtualMachineRoutes } from './compute/virtual-machines.ts'
import { Entra, REQUEST_TOKEN } from './entra/entra.ts'
import { GitHub } from './github/github.ts'
import type { Intervene, Plane } from './intervention.ts'
import { retailPrices } from './prices/retail-prices.ts'
import { type Answer, type Call, Refusal, type Route } from './route.ts'
import { GROUP_ID, groupIdOf, type Scenario, TENANT } from './scenarios/scenario.ts'
import { seedEncryptionSets, seedKeyVault, seedVm } from './scenarios/seed.ts'
import { checkApiVersion, checkScope, envelope, jsonOf, parsed, readable, recordedUrl } from './wording.ts'
import { World } from './world.ts'

/** What was asked, and how it was answered; the form of a pair that OpenAPI checkers read. */
export interface Exchange {
  readonly plane: Plane
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
  /** What is there, for a test that plays someone else. */
  readonly world: World
  readonly pools: Pools
  /** Of every account; `pools` are those of the first. */
  readonly accountPools: readonly { readonly account: string; readonly pools: Pools }[]
  readonly entra: Entra
  readonly github: GitHub
  readonly access: AccessControl
  /** Where the Batch account says that its data plane is; a test may lead it elsewhere. */
  accountEndpoint: string
  /** Asked at every request; how tests make faults, races and sudden ends. */
  intervene: Intervene | undefined
  close(): Promise<void>
}

/** What a scenario says of its first account is of that account only. */
const NOTHING_SEEDED = { pools: [], resizes: [], nodes: [], jobs: [], jobSchedules: [] } as const

/** @param port Of Resource Manager; any free one by default. The Batch service listens on another. */
export async function startAzure(scenario: Scenario, speed: number, port = 0): Promise<EmbeddedAzure> {
  const clock = new AzureClock(speed)
  const world = new World()
  const github = new GitHub()
  const exchanges: Exchange[] = []
  const { cert, private: key } = await certificateOf()
  const folder = await mkdtemp(path.join(tmpdir(), 'embedded-azure-'))
  const caPath = path.join(folder, 'ca.pem')
  await writeFile(caPath, cert)
  const listen = async (app: FastifyInstance, at: number) => app.listen({ host: '127.0.0.1', port: at })
  const server = () => {
    const app = Fastify({
      https: { key, cert },
      routerOptions: { caseSensitive: false },
      exposeHeadRoutes: false,
      forceCloseConnections: true,
    })
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
    return app
  }

  const azure: Pick<EmbeddedAzure, 'intervene' | 'accountEndpoint'> = { intervene: undefined, accountEndpoint: '' }
  const rateLimits = new RateLimits()
  const access = new AccessControl(scenario.denied, scenario.roles)
  let requests = 0

  /** One request: refusals in the plane's own envelope, faults as asked, everything recorded. */
  const serve = async (plane: Plane, request: FastifyRequest, reply: FastifyReply, act: () => Promise<Answer>) => {
    requests += 1
    const seen = { plane, method: request.method, url: request.url, number: requests }
    const intervention = await azure.intervene?.(seen)
    if (intervention?.kind === 'hang') {
      clock.hang(request.socket.remotePort)
      return reply.hijack()
    }
    if (intervention?.kind === 'reset') return reset(request, reply)
    const answer = intervention?.kind === 'answer' ? intervention : await act()
    await (intervention?.kind === 'act' && intervention.after?.())
    if (intervention?.kind === 'lose') return reset(request, reply)
    const isText = typeof answer.body === 'string'
    const json = scenario.manners?.nulls && (plane === 'arm' || plane === 'batch') ? withNulls(answer.body) : answer.body
    const body = answer.body === undefined ? '' : isText ? (answer.body as string) : jsonOf({ ...answer, body: json }, request.url)
    const headers: Record<string, string> = {
      ...(body && { 'content-type': plane === 'batch' ? 'application/json;odata=minimalmetadata' : 'application/json; charset=utf-8' }),
      'x-ms-request-id': randomUUID(),
      'x-ms-correlation-request-id': randomUUID(),
      date: clock.now().toUTCString(),
      ...answer.headers,
    }
    const sent = typeof request.body === 'string' && request.body !== '' ? readable(request.body) : undefined
    exchanges.push({
      plane,
      liveRequest: {
        url: recordedUrl(plane, request.url),
        method: request.method,
        headers: { ...request.headers, ...(request.headers.authorization && { authorization: 'Bearer ***' }) },
        ...(sent !== undefined && { body: sent }),
      },
      liveResponse: { statusCode: String(answer.status), headers, ...(body && { body: isText ? body : JSON.parse(body) }) },
    })
    const cut = intervention?.kind === 'cut' ? body.slice(0, body.length / 2) : body
    return reply
      .code(answer.status)
      .headers(headers)
      .send(request.method === 'HEAD' ? '' : cut)
  }

  const groups = [...new Set([GROUP_ID, ...(scenario.otherAccounts ?? []).map(groupIdOf)])]

  const mount = (
    app: FastifyInstance,
    plane: 'arm' | 'batch',
    routes: readonly Route[],
    audiences: () => readonly string[],
    { origin, scope }: { readonly origin: () => string; readonly scope: (path: string) => string },
  ) => {
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
        refuseUnregistered(scenario.unregistered, { method: request.method, path })
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
        return { status: error.status, headers: error.headers, body: envelope(plane, error, clock, origin()) }
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

  const armApp = server()
  const batchApp = server()
  const origins = { arm: '' }
  const audiences = () => ({
    arm: [origins.arm, localhost(origins.arm), named(origins.arm), 'https://management.azure.com', 'https://management.core.windows.net'],
    batch: ['https://batch.core.windows.net'],
  })
  const entra = new Entra(clock, () => Object.values(audiences()).flat())
  const { manners = {} } = scenario
  const arm: Arm = {
    world,
    clock,
    manners,
    lag: new Lag(clock, manners),
    operations: new Operations(clock, manners),
    durations: new Durations(scenario.durations),
  }
  seedVm(arm, scenario.vm)
  seedEncryptionSets(arm, scenario.encryptionSets)
  seedKeyVault(arm, scenario.account)
  const pools = new Pools(arm, scenario)
  const dataPlanes = [
    { account: scenario.account, pools, app: batchApp, origin: '' },
    ...(scenario.otherAccounts ?? []).map((account) => ({
      ...{ account, app: server(), origin: '' },
      pools: new Pools(arm, { ...scenario, ...NOTHING_SEEDED, ...account, account }, account.region),
    })),
  ]
  const accounts = dataPlanes.map((plane, index): HostedAccount => {
    const accountEndpoint = () => (index === 0 ? azure.accountEndpoint : new URL(plane.origin).host)
    return { id: accountIdOf(plane.account), account: plane.account, pools: plane.pools, accountEndpoint }
  })
  for (const one of accounts)
    if (one.account.poolAllocationMode === 'UserSubscription') one.pools.counted = () => countedWith(one, accounts)
  for (const [region, { minutes, fails = false }] of Object.entries(scenario.replication ?? {}))
    world.replication.set(region, { lastsMs: minutes * 60_000, fails })

  armApp.get('/_apis/oidc/token', (request, reply) =>
    serve('github', request, reply, () => {
      const { audience = '' } = request.query as { audience?: string }
      return entra.assertion(request.headers.authorization, audience)
    }),
  )
  // Active Directory Federation Services have no `v2.0` and one tenant; MSAL asks no other host about such an authority.
  for (const path of ['/:tenant/v2.0/.well-known/openid-configuration', '/:tenant/.well-known/openid-configuration']) {
    armApp.get(path, (request, reply) =>
      serve('entra', request, reply, async () => ({
        status: 200,
        body: entra.configuration(`https://${request.headers.host}`, (request.params as { tenant: string }).tenant),
      })),
    )
  }
  armApp.get('/api/retail/prices', (request, reply) =>
    serve('prices', request, reply, async () => retailPrices(request, scenario.prices ?? {}, clock)),
  )
  armApp.post('/:tenant/oauth2/v2.0/token', (request, reply) =>
    serve('entra', request, reply, () => {
      const { tenant } = request.params as { tenant: string }
      return entra.token(tenant === 'adfs' ? TENANT : tenant, new URLSearchParams(String(request.body)))
    }),
  )
  for (const [method, url] of [
    ['GET', '/:number/comments'],
    ['POST', ''],
    ['POST', '/:number/comments'],
    ['PATCH', '/comments/:id'],
  ] as const) {
    armApp.route({
      method,
      url: `/api/v3/repos/:owner/:repo/issues${url}`,
      handler: (request, reply) => serve('github', request, reply, async () => github.handle(request)),
    })
  }
  mount(
    armApp,
    'arm',
    [
      ...subscriptionRoutes(arm, {
        unregistered: scenario.unregistered ?? [],
        groups,
        listed: accounts.map(({ id, account, pools: { region } }) => ({
          ...{ id, name: account.name, type: 'Microsoft.Batch/batchAccounts' },
          ...{ location: region, properties: {} },
        })),
      }),
      ...authorizationRoutes(arm, access),
      ...virtualMachineRoutes(arm, (vmSize) => refuseMachine(scenario.account, pools, vmSize)),
      ...marketplaceRoutes(scenario.vm, scenario.marketplace),
      ...diskRoutes(arm),
      ...encryptionSetRoutes(arm),
      ...restorePointRoutes(arm),
      ...imageRoutes(arm),
      ...galleryRoutes(arm),
      ...networkRoutes(arm),
      ...identityRoutes(arm),
      ...keyVaultRoutes(arm),
      ...usageRoutes(accounts),
      ...arm.operations.routes([...new Set([...COMPUTE, ...DISK, ...GALLERY])]),
      ...batchArmRoutes(arm, accounts),
    ],
    () => audiences().arm,
    { origin: () => origins.arm, scope: (path) => path },
  )
  for (const plane of dataPlanes) {
    const routes = batchDataPlaneRoutes(arm, plane.pools)
    mount(plane.app, 'batch', routes, () => audiences().batch, { origin: () => plane.origin, scope: () => accountIdOf(plane.account) })
    plane.origin = await listen(plane.app, 0)
  }
  azure.accountEndpoint = new URL(dataPlanes[0]?.origin ?? '').host
  origins.arm = new URL(await listen(armApp, port)).origin

  return Object.assign(azure, {
    url: origins.arm,
    oidcUrl: `${origins.arm}/_apis/oidc/token?run=1`,
    oidcToken: REQUEST_TOKEN,
    caPath,
    clock,
    exchanges,
    world,
    pools,
    accountPools: accounts.map(({ account, pools: own }) => ({ account: account.name, pools: own })),
    entra,
    github,
    access,
    async close() {
      clock.stop()
      await Promise.all([armApp.close(), ...dataPlanes.map(({ app }) => app.close()), rm(folder, { recursive: true, force: true })])
    },
  })
}

const localhost = (origin: string): string => origin.replace('127.0.0.1', 'localhost')
const named = (origin: string): string => origin.replace('127.0.0.1', `management.${DOMAIN}`)

function reset(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.hijack()
  request.raw.socket.destroy()
  return reply
}
