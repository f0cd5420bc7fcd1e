/** Signing in, through the bundle: what each refusal tells, and what a long run survives. */
import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { generate } from 'selfsigned'
import { afterEach, describe, expect, test } from 'vitest'
import type { SeenRequest } from '../embedded-azure/intervention.ts'
import { CLIENT, CLIENT_SECRET, loadScenario, SUBSCRIPTION, TENANT } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { again, annotations, azureOf, type Ran, reportOf, requestsTo, writes } from '../fixtures/whole-runs.ts'

const ISSUER = 'https://token.actions.githubusercontent.com'
const AUDIENCE = 'api://AzureADTokenExchange'
const NO_OIDC = { ACTIONS_ID_TOKEN_REQUEST_URL: '', ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' }
const closing: (() => void)[] = []

afterEach(() => {
  for (const close of closing.splice(0)) close()
})

type Options = Parameters<typeof again>[2]
const OTHER = '99999999-0000-4000-8000-000000000000'

/** Entra ID refuses every token so. */
const answering =
  (code: number, text: string) =>
  (azure: EmbeddedAzure): void => {
    azure.intervene = (request) =>
      isToken(request)
        ? {
            kind: 'answer',
            status: 400,
            body: { error: 'invalid_request', error_description: `AADSTS${code}: ${text} Trace ID: 1`, error_codes: [code] },
          }
        : undefined
  }

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

  test('a wrong secret, which is not shown', async () => {
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

describe('a refusal of each family says what is to be done where', () => {
  test.each<[string, Readonly<Record<string, string>>, (azure: EmbeddedAzure) => void, readonly string[]]>([
    [
      'AADSTS7002138',
      {},
      (azure) => {
        azure.entra.subject = 'repo:Octo-Org/render:ref:refs/heads/main'
      },
      ['upper and lower case', '"subject":"repo:Octo-Org/render:ref:refs/heads/main"'],
    ],
    ['AADSTS501661', {}, (azure) => void azure.entra.unreachableIssuers.add(ISSUER), [ISSUER, '/.well-known/openid-configuration']],
    [
      'AADSTS7000112',
      {},
      (azure) => {
        azure.entra.isDisabled = true
      },
      [`Application ${CLIENT} is disabled in tenant ${TENANT}`, 'Enterprise applications'],
    ],
    ['AADSTS90002', { 'tenant-id': OTHER }, () => {}, [OTHER, '`tenant-id`', 'environment: AzureCloud']],
    [
      'AADSTS500011',
      {},
      answering(500011, 'The resource principal named https://batch.core.windows.net was not found.'),
      ['az provider register'],
    ],
    ['AADSTS53003', {}, answering(53003, 'Access has been blocked by Conditional Access policies.'), ['Conditional Access']],
    [
      'AADSTS999999',
      {},
      answering(999999, 'Something new.'),
      ['its words above say why', 'https://login.microsoftonline.com/error?code=999999'],
    ],
  ])('%s', async (code, inputs, prepare, expected) => {
    const ran = await plan(inputs, {}, prepare)
    expect(ran.exitCode).toBe(1)
    expect(told(ran)).toMatch(new RegExp(`^::error title=Azure sign-in failed::${code}: `))
    for (const text of expected) expect(told(ran)).toContain(text)
    expect(told(ran)).not.toMatch(/Set `client-id`|id-token|Trace ID/)
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

  test('for ever: reported as such', async () => {
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
    expect(told(ran)).toContain('::AADSTS90033: A transient error.')
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

  test('an assertion that has become too old is requested again', async () => {
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

interface FakeAz {
  /** What it gives; by resource. Absent: nothing. */
  readonly tokens?: Readonly<Record<string, string>>
  /** What it says when it gives nothing. */
  readonly stderr?: string
}

/** A folder with an `az`, which writes down what it was asked. */
async function fakeAz(
  azure: EmbeddedAzure,
  { tokens: given = {}, stderr = '' }: FakeAz,
): Promise<{ readonly folder: string; readonly asked: () => Promise<string> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'az-'))
  const answers = Object.entries(given).map(
    ([resource, accessToken]) =>
      `  *"account get-access-token"*"--resource ${resource} "*) echo '${JSON.stringify({ accessToken, expires_on: expiry(azure), tokenType: 'Bearer' })}' ;;`,
  )
  await writeFile(path.join(folder, 'said'), stderr)
  const script = `#!/bin/sh\necho "$*" >> ${folder}/asked\ncase "$* " in\n${answers.join('\n')}\n  *) cat ${folder}/said >&2; exit 1 ;;\nesac\n`
  await writeFile(path.join(folder, 'az'), script)
  await chmod(path.join(folder, 'az'), 0o755)
  return { folder, asked: () => readFile(path.join(folder, 'asked'), 'utf8') }
}

const tokensOf = async (azure: EmbeddedAzure): Promise<Record<string, string>> => ({
  [BATCH]: await tokenFor(azure, BATCH),
  [azure.url]: await tokenFor(azure, azure.url),
})

/** Of somebody else: nobody has signed it, for nobody is to see it. */
const tokenWith = (claims: object): string =>
  ['{"alg":"none"}', JSON.stringify({ appid: CLIENT, tid: TENANT, idtyp: 'app', ...claims }), '']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.')

interface AskedToken {
  readonly header: unknown
  readonly resource: string
}

/** What a self-hosted runner on App Service or Azure Arc has beside it. */
async function fakeIdentityEndpoint(azure: EmbeddedAzure): Promise<{ readonly url: string; readonly asked: readonly AskedToken[] }> {
  const asked: AskedToken[] = []
  const server = createServer(async (request, response) => {
    const resource = new URL(request.url ?? '', 'http://127.0.0.1').searchParams.get('resource') ?? ''
    asked.push({ header: request.headers['x-identity-header'], resource })
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify({ access_token: await tokenFor(azure, resource), expires_on: String(expiry(azure)), resource, token_type: 'Bearer' }),
    )
  })
  closing.push(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/msi/token`, asked }
}

const inputsOf = (changes: Readonly<Record<string, string>>) => ({ ...loadScenario('happy').inputs, mode: 'plan', ...changes })
const NO_IDS = { 'client-id': '', 'tenant-id': '' }
const SOMEBODY = { AZURE_CLIENT_ID: OTHER, AZURE_TENANT_ID: OTHER }

/** A PEM file with a certificate of the application and its key. */
async function certificateFile(azure: EmbeddedAzure): Promise<string> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'render' }], { keySize: 2048 })
  azure.entra.certificate = cert
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'certificate-')), 'render.pem')
  await writeFile(file, `${key}\n${cert}`)
  return file
}

describe('every way in: log, report and summary say who signed in, and which way', () => {
  const APPLICATION = { kind: 'application', clientId: CLIENT, tenantId: TENANT }

  test.each<
    [
      string,
      Readonly<Record<string, string>>,
      (azure: EmbeddedAzure) => Promise<Record<string, string>> | Record<string, string>,
      Record<string, string>,
    ]
  >([
    ['OIDC, whatever the runner holds of somebody else', {}, () => ({ ...SOMEBODY, AZURE_CLIENT_SECRET: 'of-somebody' }), { way: 'oidc' }],
    [
      'OIDC, whatever region the libraries are told',
      {},
      () => ({ AZURE_REGIONAL_AUTHORITY_NAME: 'westeurope', MSAL_FORCE_REGION: 'westeurope' }),
      { way: 'oidc' },
    ],
    [
      'a secret of the environment with the ids of the inputs',
      { auth: 'environment' },
      () => ({ ...NO_OIDC, AZURE_CLIENT_SECRET: CLIENT_SECRET }),
      { way: 'secret' },
    ],
    [
      'a secret with all of it in the environment',
      { auth: 'environment', ...NO_IDS },
      () => ({ ...NO_OIDC, AZURE_CLIENT_ID: CLIENT, AZURE_TENANT_ID: TENANT, AZURE_CLIENT_SECRET: CLIENT_SECRET }),
      { way: 'secret' },
    ],
    [
      'auto without the permission: a secret of these ids',
      {},
      () => ({ ...NO_OIDC, AZURE_CLIENT_SECRET: CLIENT_SECRET }),
      { way: 'secret' },
    ],
    [
      'a certificate of the environment with the ids of the inputs',
      { auth: 'environment' },
      async (azure) => ({ ...NO_OIDC, AZURE_CLIENT_CERTIFICATE_PATH: await certificateFile(azure) }),
      { way: 'certificate' },
    ],
    [
      'auto in a pod with a workload identity',
      NO_IDS,
      async (azure) => {
        const file = path.join(await mkdtemp(path.join(tmpdir(), 'pod-')), 'token')
        await writeFile(file, await azure.entra.podToken())
        return { ...NO_OIDC, AZURE_CLIENT_ID: CLIENT, AZURE_TENANT_ID: TENANT, AZURE_FEDERATED_TOKEN_FILE: file }
      },
      { way: 'workload-identity' },
    ],
    [
      'auto without ids: the managed identity of the machine',
      NO_IDS,
      async (azure) => ({ ...NO_OIDC, PATH: '', IDENTITY_ENDPOINT: (await fakeIdentityEndpoint(azure)).url, IDENTITY_HEADER: 'h' }),
      { way: 'managed-identity' },
    ],
    [
      'auto without ids and without a managed identity: the session of azure/login',
      NO_IDS,
      async (azure) => ({
        ...NO_OIDC,
        IDENTITY_ENDPOINT: 'http://127.0.0.1:9/',
        IDENTITY_HEADER: 'h',
        PATH: `${(await fakeAz(azure, { tokens: await tokensOf(azure) })).folder}:${process.env.PATH}`,
      }),
      { way: 'cli' },
    ],
  ])('%s', async (_, inputs, environment, expected) => {
    const azure = await azureOf(loadScenario('happy'))
    azure.entra.assertionSeconds = 100_000
    const ran = await again(azure, inputsOf(inputs), { env: await environment(azure) })
    expect({ exitCode: ran.exitCode, errors: annotations(ran) }).toEqual({ exitCode: 0, errors: [] })
    expect((await reportOf(ran)).signedInAs).toMatchObject({ ...APPLICATION, ...expected })
    expect(ran.log).toMatch(/^Sign-in .*, because .+\n/)
    expect(ran.log).toContain(`signed in as application ${CLIENT} of tenant ${TENANT} by `)
    expect(ran.summary).toContain(`signed in as application ${CLIENT} of tenant ${TENANT} by `)
    expect(`${ran.log}${ran.summary}${ran.report}`).not.toContain(CLIENT_SECRET)
  })
})

describe('nobody else signs in', () => {
  test.each<[string, Readonly<Record<string, string>>, Readonly<Record<string, string>>, readonly string[]]>([
    [
      'a secret of another application',
      { auth: 'environment' },
      { ...SOMEBODY, AZURE_CLIENT_SECRET: CLIENT_SECRET },
      [CLIENT, 'AZURE_CLIENT_ID', OTHER, TENANT, 'AZURE_TENANT_ID'],
    ],
    [
      'the same with auto, where the job has no permission',
      {},
      { ...SOMEBODY, AZURE_CLIENT_SECRET: CLIENT_SECRET },
      [CLIENT, OTHER, 'no permission'],
    ],
    [
      'another cloud than the input names',
      { auth: 'environment', environment: 'AzureUSGovernment' },
      { AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.com/', AZURE_CLIENT_SECRET: CLIENT_SECRET },
      ['AzureUSGovernment', 'login.microsoftonline.com'],
    ],
    ['no secret', { auth: 'environment' }, {}, ['AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH']],
  ])('%s: refused as an input, before the first request', async (_, inputs, environment, expected) => {
    const ran = await plan(inputs, { env: { ...NO_OIDC, ...environment } })
    expect(ran.exitCode).toBe(1)
    expect(told(ran)).toMatch(/invalid input/i)
    for (const text of expected) expect(told(ran)).toContain(text)
    expect(ran.azure.exchanges).toEqual([])
  })

  test('with ids given and nothing of theirs, the session of the Azure CLI is not asked', async () => {
    const azure = await azureOf(loadScenario('happy'))
    const az = await fakeAz(azure, { tokens: await tokensOf(azure) })
    const ran = await again(azure, inputsOf({}), { env: { ...NO_OIDC, PATH: `${az.folder}:${process.env.PATH}` } })
    expect(ran.exitCode).toBe(1)
    expect(told(ran)).toContain('permissions: id-token: write')
    await expect(az.asked()).rejects.toThrow('ENOENT')
  })

  test.each<[string, object, readonly string[]]>([
    ['another tenant', { tid: OTHER }, [`tenant ${OTHER}`, `\`tenant-id\` is ${TENANT}`]],
    ['another application', { appid: OTHER }, [`application ${OTHER}`, `\`client-id\` is ${CLIENT}`]],
    ['a person', { idtyp: 'user', upn: 'ann@example.com', appid: OTHER }, ['user ann@example.com', CLIENT]],
  ])('a session of %s is refused with both named', async (_, claims, expected) => {
    const azure = await azureOf(loadScenario('happy'))
    const token = tokenWith(claims)
    const az = await fakeAz(azure, { tokens: { [BATCH]: token, [azure.url]: token } })
    const ran = await again(azure, inputsOf({ auth: 'cli' }), { env: { ...NO_OIDC, PATH: `${az.folder}:${process.env.PATH}` } })
    expect(ran.exitCode).toBe(1)
    for (const text of expected) expect(told(ran)).toContain(text)
    expect(azure.exchanges.filter(({ plane }) => plane === 'arm')).toEqual([])
  })
})

describe('the session of the Azure CLI', () => {
  test('is asked for the subscription of the run', async () => {
    const azure = await azureOf(loadScenario('happy'))
    const az = await fakeAz(azure, { tokens: await tokensOf(azure) })
    const ran = await again(azure, inputsOf({ auth: 'cli' }), { env: { ...NO_OIDC, PATH: `${az.folder}:${process.env.PATH}` } })
    expect({ exitCode: ran.exitCode, errors: annotations(ran) }).toEqual({ exitCode: 0, errors: [] })
    const asked = (await az.asked()).trim().split('\n')
    expect(asked).toHaveLength(2)
    for (const line of asked) expect(line).toMatch(new RegExp(`^account get-access-token .* --subscription ${SUBSCRIPTION}$`))
  })

  /** As seen at https://github.com/Azure/azure-cli/issues/28708, https://github.com/Azure/login/issues/372 and other reports. */
  test.each<[string, string, readonly string[]]>([
    [
      'an assertion that has run out',
      'ERROR: AADSTS700024: Client assertion is not within its valid time range. Current time: 2026-11-29T02:00:00.0Z. Trace ID: 1 Correlation ID: 2 Timestamp: 3\nInteractive authentication is needed. Please run:\naz logout\naz login\n',
      ['::AADSTS700024: Client assertion is not within its valid time range.', 'azure/login again', '`auth: oidc`'],
    ],
    [
      'a guest',
      "ERROR: AADSTS50020: User account 'ann' from identity provider 'live.com' does not exist in tenant 'Contoso'.\nTrace ID: 1\nInteractive authentication is needed. Please run:\naz login --scope https://management.core.windows.net//.default\n",
      ["::AADSTS50020: User account 'ann'", 'az login --tenant'],
    ],
    [
      'a second factor',
      'WARNING: x\nERROR: AADSTS50076: Due to a configuration change you must use multi-factor authentication.\nTo re-authenticate, please run:\naz login',
      ['AADSTS50076', 'second factor'],
    ],
    [
      'nobody signed in',
      "ERROR: Please run 'az login' to setup account.\n",
      ["Please run 'az login' to setup account.", 'azure/login in a step of the same job'],
    ],
    [
      'a subscription that it does not see',
      "ERROR: The subscription of 'x' doesn't exist in cloud 'AzureCloud'.\n",
      ["The subscription of 'x'", '`subscription-id`'],
    ],
    ['nothing at all', '', ['ended with exit code 1 and said nothing', '--debug']],
  ])('fails in its own words: %s', async (_, stderr, expected) => {
    const azure = await azureOf(loadScenario('happy'))
    const az = await fakeAz(azure, { stderr })
    const ran = await again(azure, inputsOf({ auth: 'cli' }), { env: { ...NO_OIDC, PATH: `${az.folder}:${process.env.PATH}` } })
    expect(ran.exitCode).toBe(1)
    for (const text of expected) expect(told(ran)).toContain(text)
    expect(told(ran)).not.toMatch(/Trace ID|Interactive authentication|Set `client-id`/)
  })

  test('is absent', async () => {
    const ran = await plan({ auth: 'cli' }, { env: { ...NO_OIDC, PATH: '' } })
    expect(ran.exitCode).toBe(1)
    expect(told(ran)).toContain('az was not found')
    expect(told(ran)).toContain('Install the Azure CLI')
  })
})

test('a managed identity is asked at its own address', async () => {
  const azure = await azureOf(loadScenario('happy'))
  const { url, asked } = await fakeIdentityEndpoint(azure)
  const env = { ...NO_OIDC, PATH: '', IDENTITY_ENDPOINT: url, IDENTITY_HEADER: 'secret-header' }
  const ran = await again(azure, inputsOf({ auth: 'managed-identity' }), { env })
  expect(ran.exitCode).toBe(0)
  expect(asked.every(({ header }) => header === 'secret-header')).toBe(true)
  // Once for each: what was requested before the packages were loaded is not requested again.
  expect(asked.map(({ resource }) => resource).toSorted()).toEqual([BATCH, azure.url].toSorted())
  expect(writes(azure)).toEqual([])
})
