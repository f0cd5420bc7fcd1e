/** Signing in, through the bundle: what each refusal tells, and what a long run survives. */
import { chmod, mkdtemp, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { SeenRequest } from '../embedded-azure/intervention.ts'
import { CLIENT, CLIENT_SECRET, loadScenario, TENANT } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { again, annotations, azureOf, type Ran, requestsTo, writes } from '../fixtures/whole-runs.ts'

const ISSUER = 'https://token.actions.githubusercontent.com'
const AUDIENCE = 'api://AzureADTokenExchange'
const NO_OIDC = { ACTIONS_ID_TOKEN_REQUEST_URL: '', ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' }
const closing: (() => void)[] = []

afterEach(() => {
  for (const close of closing.splice(0)) close()
})

type Options = Parameters<typeof again>[2]

/** A run in `mode: plan` needs a token of each kind and writes nothing. */
async function plan(
  inputs: Readonly<Record<string, string>> = {},
  options: Options = {},
  prepare: (azure: EmbeddedAzure) => void = () => {},
): Promise<Ran> {
  const azure = await azureOf(loadScenario('happy'))
  prepare(azure)
  return again(azure, { ...loadScenario('happy').inputs, mode: 'plan', ...inputs }, options)
}

const tokens = ({ azure }: Ran) => requestsTo(azure, 'POST', /\/oauth2\/v2\.0\/token/)
const assertions = ({ azure }: Ran) => requestsTo(azure, 'GET', /\/_apis\/oidc\/token/)
const isToken = ({ plane, method }: SeenRequest): boolean => plane === 'entra' && method === 'POST'
/** As the runner shows it. */
const told = (ran: Ran): string => decodeURIComponent(annotations(ran)[0] ?? '')

describe('a refusal says what to do', () => {
  test.each([
    ['repo:octo-org/render:ref:refs/heads/feature', 'this one has none'],
    ['repo:octo-org/render:environment:production', 'this one has none'],
    ['repo:octo-org/render:pull_request', 'this one has none'],
    ['repo:octo-org@1234567/render@7654321:ref:refs/heads/main', 'does not match them'],
  ])('subject %s', async (subject, form) => {
    const ran = await plan({}, {}, (azure) => {
      azure.entra.subject = subject
    })
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)).toHaveLength(1)
    const text = told(ran)
    expect(text).toContain('Azure sign-in failed')
    expect(text).toContain('AADSTS700213')
    expect(text).not.toContain('Trace ID')
    expect(text).toContain(form)
    const [, id, json] = /az ad app federated-credential create --id (\S+) --parameters '([^']+)'/.exec(text) ?? []
    expect(id).toBe(CLIENT)
    expect(JSON.parse(json ?? '')).toMatchObject({ issuer: ISSUER, subject, audiences: [AUDIENCE] })
    expect(ran.summary).toContain('federated-credential create')
  })

  test('no id-token permission, whatever else is there', async () => {
    for (const auth of ['oidc', 'auto']) {
      const ran = await plan({ auth }, { env: { ...NO_OIDC, PATH: '', IDENTITY_ENDPOINT: 'http://127.0.0.1:9/', IDENTITY_HEADER: 'h' } })
      expect(ran.exitCode).toBe(1)
      expect(told(ran)).toContain('permissions: id-token: write')
      expect(told(ran)).toContain('forks')
    }
  })

  test('the audience of another cloud', async () => {
    const ran = await plan({ environment: 'AzureUSGovernment' })
    expect(told(ran)).toContain('AADSTS700212')
    expect(told(ran)).toContain('audience "api://AzureADTokenExchangeUSGov"')
  })

  test("the issuer of an enterprise's own", async () => {
    const ran = await plan({}, {}, (azure) => {
      azure.entra.issuer = `${ISSUER}/octo-enterprise`
    })
    expect(told(ran)).toContain('AADSTS700211')
    expect(told(ran)).toContain(`"issuer":"${ISSUER}/octo-enterprise"`)
  })

  test('an app that is not in the tenant', async () => {
    const ran = await plan({ 'client-id': '99999999-0000-4000-8000-000000000000' })
    expect(told(ran)).toContain('AADSTS700016')
    expect(told(ran)).toContain('check `client-id`')
  })

  test('a tenant that is none', async () => {
    const ran = await plan({ 'tenant-id': '99999999-0000-4000-8000-000000000000' })
    expect(told(ran)).toContain('AADSTS90002')
    expect(told(ran)).toContain('check `tenant-id`')
  })

  test('a wrong secret, which is not told', async () => {
    const env = { ...NO_OIDC, AZURE_CLIENT_ID: CLIENT, AZURE_TENANT_ID: TENANT, AZURE_CLIENT_SECRET: 'wrong-secret' }
    const ran = await plan({ auth: 'environment' }, { env })
    expect(told(ran)).toContain('AADSTS7000215')
    expect(told(ran)).toContain('AZURE_CLIENT_SECRET')
    expect(`${ran.log}${ran.summary}`).not.toContain('wrong-secret')
  })

  test('a sign-in host that does not exist', async () => {
    const ran = await plan({}, { env: { AZURE_AUTHORITY_HOST: 'https://login.invalid' } })
    expect(ran.exitCode).toBe(1)
    expect(told(ran)).toContain('login.invalid could not be reached: getaddrinfo')
    expect(told(ran)).toContain('AZURE_AUTHORITY_HOST')
  })

  test('never the token itself', async () => {
    const ran = await plan({}, { env: { RUNNER_DEBUG: '1' } }, (azure) => {
      azure.entra.subject = 'repo:octo-org/render:pull_request'
    })
    expect(`${ran.log.replaceAll(/^::add-mask::.*$/gm, '')}${ran.summary}`).not.toMatch(/eyJ[\w-]+\.[\w-]+\.[\w-]+/)
  })
})

describe('a token endpoint in trouble', () => {
  test.each([429, 503])('%i for a while: asked again, by a new credential', async (status) => {
    let refused = 0
    const ran = await plan({}, {}, (azure) => {
      azure.intervene = (request) => {
        if (!isToken(request) || refused >= 8) return undefined
        refused += 1
        return { kind: 'answer', status, body: { error: 'temporarily_unavailable', error_description: 'AADSTS90033: A transient error.' } }
      }
    })
    expect(ran.exitCode).toBe(0)
    expect(refused).toBe(8)
  })

  test('for ever: told as such', async () => {
    const ran = await plan({}, {}, (azure) => {
      azure.intervene = (request) =>
        isToken(request)
          ? {
              kind: 'answer',
              status: 503,
              body: { error: 'temporarily_unavailable', error_description: 'AADSTS90033: A transient error.' },
            }
          : undefined
    })
    expect(ran.exitCode).toBe(1)
    expect(told(ran)).toContain('busy for longer')
  })

  test.each(['reset', 'cut', 'hang'] as const)('GitHub in trouble while a token is renewed (%s): asked again', async (kind) => {
    let disturbed = 0
    const ran = await plan({}, { env: { EMBEDDED_AZURE_SHORTEST_TIMEOUT_MS: '1000' } }, (azure) => {
      azure.intervene = ({ plane }) => {
        // The early one is asked for again in any case; the next is nobody's but the credential's.
        if (plane !== 'github' || ++disturbed > 2) return undefined
        return { kind }
      }
    })
    expect(annotations(ran)).toEqual([])
    expect(ran.exitCode).toBe(0)
    expect(disturbed).toBeGreaterThan(2)
  })

  test('an assertion that had grown too old is asked for anew', async () => {
    let refused = 0
    const ran = await plan({}, {}, (azure) => {
      azure.intervene = (request) => {
        if (!isToken(request) || refused >= 1) return undefined
        refused += 1
        return {
          kind: 'answer',
          status: 401,
          body: { error: 'invalid_client', error_description: 'AADSTS700024: Client assertion is not within its valid time range.' },
        }
      }
    })
    expect(ran.exitCode).toBe(0)
    expect(assertions(ran).length).toBeGreaterThan(1)
  })
})

describe('tokens', () => {
  test('one request a scope, however many ask at once', async () => {
    const ran = await plan()
    expect(ran.exitCode).toBe(0)
    const scopes = tokens(ran).map(({ liveRequest }) => liveRequest.url)
    expect(scopes).toHaveLength(2)
  })

  test('a run of five hours renews them, each with a fresh assertion', async () => {
    // Each of the first two resizes lasts until its timeout.
    const scenario = { ...loadScenario('happy'), resizes: [{ gain: 4 }, { gain: 4 }, { gain: 10 }] }
    const azure = await azureOf(scenario)
    const startedAtMs = azure.clock.now().getTime()
    const ran = await again(azure, { ...scenario.inputs, 'resize-timeout': '150m' })
    expect(annotations(ran)).toEqual([])
    expect(ran.outputs).toMatchObject({ result: 'succeeded', 'current-dedicated-nodes': '10' })
    expect(azure.clock.now().getTime() - startedAtMs).toBeGreaterThan(300 * 60_000)
    // A token lives 75 minutes: four renewals at least, for ARM and for Batch.
    expect(tokens(ran).length).toBeGreaterThanOrEqual(8)
    expect(assertions(ran).length).toBeGreaterThanOrEqual(4)
    expect(azure.exchanges.filter(({ liveResponse }) => liveResponse.statusCode === '401')).toEqual([])
  })
})

/** What Entra ID would give, for a resource. */
async function tokenFor(azure: EmbeddedAzure, resource: string): Promise<string> {
  const form = new URLSearchParams({
    client_id: CLIENT,
    client_secret: CLIENT_SECRET,
    scope: `${resource}/.default`,
    grant_type: 'client_credentials',
  })
  const { body } = await azure.entra.token(TENANT, form)
  return (body as { access_token: string }).access_token
}

const BATCH = 'https://batch.core.windows.net'
const expiry = (azure: EmbeddedAzure): number => Math.floor(azure.clock.now().getTime() / 1_000) + 4_500

/** A folder with an `az` that is signed in. */
async function fakeCli(azure: EmbeddedAzure): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'az-'))
  const answer = async (resource: string) =>
    JSON.stringify({ accessToken: await tokenFor(azure, resource), expires_on: expiry(azure), tokenType: 'Bearer' })
  const script = `#!/bin/sh
case "$*" in
  *"account get-access-token"*${BATCH}*) echo '${await answer(BATCH)}' ;;
  *"account get-access-token"*${azure.url}*) echo '${await answer(azure.url)}' ;;
  *) exit 1 ;;
esac
`
  await writeFile(path.join(folder, 'az'), script)
  await chmod(path.join(folder, 'az'), 0o755)
  return folder
}

/** What a self-hosted runner on App Service or Azure Arc has beside it. */
async function fakeIdentityEndpoint(azure: EmbeddedAzure): Promise<{ readonly url: string; readonly asked: readonly unknown[] }> {
  const asked: unknown[] = []
  const server = createServer(async (request, response) => {
    asked.push(request.headers['x-identity-header'])
    const resource = new URL(request.url ?? '', 'http://127.0.0.1').searchParams.get('resource') ?? ''
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify({ access_token: await tokenFor(azure, resource), expires_on: String(expiry(azure)), resource, token_type: 'Bearer' }),
    )
  })
  closing.push(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/msi/token`, asked }
}

describe('other ways in', () => {
  test('a client secret of the environment', async () => {
    const env = { ...NO_OIDC, AZURE_CLIENT_ID: CLIENT, AZURE_TENANT_ID: TENANT, AZURE_CLIENT_SECRET: CLIENT_SECRET }
    for (const auth of ['environment', 'auto']) {
      const ran = await plan({ auth }, { env })
      expect(ran.exitCode).toBe(0)
      expect(assertions(ran)).toHaveLength(0)
    }
  })

  test('the session of azure/login, where nothing better is there', async () => {
    const azure = await azureOf(loadScenario('happy'))
    const bin = await fakeCli(azure)
    for (const sign of [{ auth: 'cli' }, { auth: 'auto', 'client-id': '', 'tenant-id': '' }]) {
      const ran = await again(
        azure,
        { ...loadScenario('happy').inputs, mode: 'plan', ...sign },
        { env: { ...NO_OIDC, PATH: `${bin}:${process.env.PATH}` } },
      )
      expect(ran.exitCode).toBe(0)
      expect(tokens(ran)).toHaveLength(0)
    }
  })

  test('a machine without that session says so', async () => {
    const ran = await plan({ auth: 'cli' }, { env: { ...NO_OIDC, PATH: '' } })
    expect(ran.exitCode).toBe(1)
    expect(told(ran)).toContain('az was not found')
    expect(told(ran)).toContain('Install the Azure CLI')
  })

  test('a managed identity', async () => {
    const azure = await azureOf(loadScenario('happy'))
    const { url, asked } = await fakeIdentityEndpoint(azure)
    const env = { ...NO_OIDC, PATH: '', IDENTITY_ENDPOINT: url, IDENTITY_HEADER: 'secret-header' }
    const ran = await again(azure, { ...loadScenario('happy').inputs, mode: 'plan', auth: 'managed-identity' }, { env })
    expect(ran.exitCode).toBe(0)
    expect(asked.every((header) => header === 'secret-header')).toBe(true)
    expect(asked.length).toBeGreaterThan(0)
    expect(writes(azure)).toEqual([])
  })
})
