/** Every way of signing in, through the bundle: who signed in is reported, and nobody else signs in. */
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { CLIENT, CLIENT_SECRET, loadScenario, SUBSCRIPTION, TENANT } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import {
  BATCH,
  certificateFile,
  closing,
  fakeAz,
  fakeIdentityEndpoint,
  inputsOf,
  NO_IDS,
  NO_OIDC,
  OTHER,
  plan,
  SOMEBODY,
  tokensOf,
  tokenWith,
  told,
} from '../fixtures/sign-ins.ts'
import { again, annotations, azureOf, reportOf, writes } from '../fixtures/whole-runs.ts'

afterEach(() => {
  for (const close of closing.splice(0)) close()
})

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
