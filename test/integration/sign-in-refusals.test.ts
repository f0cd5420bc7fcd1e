/** Refused sign-ins, through the bundle: each says what to do, and where. */
import { afterEach, describe, expect, test } from 'vitest'
import { CLIENT, TENANT } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { AUDIENCE, answering, closing, ISSUER, NO_OIDC, OTHER, plan, told } from '../fixtures/sign-ins.ts'
import { annotations } from '../fixtures/whole-runs.ts'

afterEach(() => {
  for (const close of closing.splice(0)) close()
})

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
