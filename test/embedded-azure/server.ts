/** The embedded Azure: one process, TLS on loopback, a certificate made at start. One listener for ARM, Entra and GitHub, one for the Batch account. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Fastify, { type FastifyInstance } from 'fastify'
import { AccessControl } from './arm/access-control.ts'
import { authorizationRoutes } from './arm/authorization.ts'
import { identityRoutes } from './arm/identities.ts'
import { keyVaultRoutes } from './arm/key-vaults.ts'
import { Lag } from './arm/manners.ts'
import { networkRoutes } from './arm/network.ts'
import { Operations } from './arm/operations.ts'
import { RateLimits } from './arm/rate-limits.ts'
import type { Arm } from './arm/resources.ts'
import { subscriptionRoutes } from './arm/subscription.ts'
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
import type { Intervene } from './intervention.ts'
import { mount } from './mount.ts'
import { retailPrices } from './prices/retail-prices.ts'
import { GROUP_ID, groupIdOf, type Scenario, TENANT } from './scenarios/scenario.ts'
import { seedEncryptionSets, seedKeyVault, seedVm } from './scenarios/seed.ts'
import { type Exchange, serving } from './serving.ts'
import { World } from './world.ts'

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
  const { cert, private: key } = await certificateOf()
  const folder = await mkdtemp(path.join(tmpdir(), 'embedded-azure-'))
  const caPath = path.join(folder, 'ca.pem')
  await writeFile(caPath, cert)
  const listen = async (app: FastifyInstance, at: number) => app.listen({ host: '127.0.0.1', port: at })
  const azure: Pick<EmbeddedAzure, 'intervene' | 'accountEndpoint'> = { intervene: undefined, accountEndpoint: '' }
  const { serve, exchanges } = serving({ clock, hasNulls: scenario.manners?.nulls === true, intervene: () => azure.intervene })
  const access = new AccessControl(scenario.denied, scenario.roles)

  const groups = [...new Set([GROUP_ID, ...(scenario.otherAccounts ?? []).map(groupIdOf)])]
  const armApp = server({ key, cert })
  const batchApp = server({ key, cert })
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
      ...{ account, app: server({ key, cert }), origin: '' },
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
  const gatekeepers = { arm, entra, access, serve, rateLimits: new RateLimits(), unregistered: scenario.unregistered, groups }
  const armRoutes = [
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
  ]
  mount(
    {
      ...{ name: 'arm' as const, app: armApp, routes: armRoutes },
      ...{ audiences: () => audiences().arm, origin: () => origins.arm, scope: (path) => path },
    },
    gatekeepers,
  )
  for (const plane of dataPlanes) {
    const routes = batchDataPlaneRoutes(arm, plane.pools)
    mount(
      {
        ...{ name: 'batch' as const, app: plane.app, routes },
        ...{ audiences: () => audiences().batch, origin: () => plane.origin, scope: () => accountIdOf(plane.account) },
      },
      gatekeepers,
    )
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

/** A listener that is not started yet; bodies are left as text. */
function server({ key, cert }: { readonly key: string; readonly cert: string }): FastifyInstance {
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
