/** Who signs in: inputs win, and a variable is read only by the way of signing in that needs it. */
import { describe, expect, test } from 'vitest'
import type { Identity, Mode } from '../../../src/config/config.ts'
import { Inputs } from '../../../src/config/inputs.ts'
import { readIdentity } from '../../../src/config/read-identity.ts'
import { InputError } from '../../../src/errors/input-error.ts'

type Given = Readonly<Record<string, string>>

function read(
  given: Given,
  environment: Given,
  mode: Mode = 'apply',
): { readonly identity: Identity; readonly problems: readonly string[] } {
  const reader = {
    input: (name: string) => given[name] ?? '',
    environment: (name: string) => environment[name],
    file: () => undefined,
    hide: () => undefined,
  }
  const inputs = new Inputs(reader)
  const identity = readIdentity(inputs, reader, { subscriptionId: 's', resourceGroup: 'g' }, mode)
  return { identity, problems: inputs.problems.length === 0 ? [] : new InputError(inputs.problems).message.split('\n') }
}

const IDS = { 'client-id': 'app-a', 'tenant-id': 'tenant-a' }
const SAME = { AZURE_CLIENT_ID: 'APP-A', AZURE_TENANT_ID: 'tenant-a' }
const OTHER = { AZURE_CLIENT_ID: 'app-b', AZURE_TENANT_ID: 'tenant-b' }
const SECRET = { AZURE_CLIENT_SECRET: 'hush' }
const CERTIFICATE = { AZURE_CLIENT_CERTIFICATE_PATH: '/c.pem' }
const GITHUB = { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token' }
const POD = { AZURE_FEDERATED_TOKEN_FILE: '/token', AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.com/' }

describe('which way', () => {
  test.each<[string, Given, Given, Partial<Identity['signIn']>]>([
    [
      'auto: OIDC, whatever else is there',
      IDS,
      { ...GITHUB, ...OTHER, ...SECRET, ...POD },
      { way: 'oidc', clientId: 'app-a', tenantId: 'tenant-a' },
    ],
    ['auto without the permission: a secret of these ids', IDS, { ...SAME, ...SECRET }, { way: 'secret', clientId: 'app-a' }],
    [
      'auto without the permission: a secret with ids of the inputs alone',
      IDS,
      SECRET,
      { way: 'secret', clientId: 'app-a', tenantId: 'tenant-a' },
    ],
    ['auto without the permission: a certificate', IDS, CERTIFICATE, { way: 'certificate' }],
    ['auto without the permission: the pod of these ids', IDS, { ...POD, ...SAME }, { way: 'workload-identity', tokenFile: '/token' }],
    ['auto with ids and nothing of theirs: nobody', IDS, {}, { way: 'none' }],
    ['auto without ids: a secret with its ids', {}, { ...OTHER, ...SECRET }, { way: 'secret', clientId: 'app-b', tenantId: 'tenant-b' }],
    ['auto without ids: the pod', {}, { ...POD, ...OTHER }, { way: 'workload-identity', clientId: 'app-b' }],
    ['auto without ids: the machine, and a secret without ids is of nobody', {}, SECRET, { way: 'machine' }],
    [
      'auto with an application alone: its managed identity, never a session',
      { 'client-id': 'app-a' },
      {},
      { way: 'managed-identity', clientId: 'app-a' },
    ],
    ['auto with a tenant alone', { 'tenant-id': 'tenant-a' }, {}, { way: 'machine', tenantId: 'tenant-a' }],
    ['oidc', { auth: 'oidc', ...IDS }, { ...OTHER, ...SECRET }, { way: 'oidc', clientId: 'app-a' }],
    [
      'environment with ids of the inputs',
      { auth: 'environment', ...IDS },
      SECRET,
      { way: 'secret', clientId: 'app-a', tenantId: 'tenant-a' },
    ],
    [
      'environment with ids of the environment',
      { auth: 'environment' },
      { ...OTHER, ...CERTIFICATE },
      { way: 'certificate', clientId: 'app-b' },
    ],
    ['environment: a secret before a certificate', { auth: 'environment' }, { ...OTHER, ...SECRET, ...CERTIFICATE }, { way: 'secret' }],
    [
      'managed-identity',
      { auth: 'managed-identity', 'client-id': 'app-a' },
      { ...OTHER, ...SECRET },
      { way: 'managed-identity', clientId: 'app-a' },
    ],
    ['managed-identity in a pod', { auth: 'managed-identity' }, { ...POD, ...OTHER }, { way: 'workload-identity', clientId: 'app-b' }],
    ['cli', { auth: 'cli', 'tenant-id': 'tenant-a' }, { ...OTHER, ...SECRET, ...GITHUB }, { way: 'cli', tenantId: 'tenant-a' }],
  ])('%s', (_, given, environment, expected) => {
    const { identity, problems } = read(given, environment)
    expect(problems).toEqual([])
    expect(identity.signIn).toMatchObject(expected)
    expect(identity.why).not.toBe('')
    expect(JSON.stringify(identity)).not.toContain('hush')
  })
})

test('`auth` takes each of its values in any case, and names them when it gets another', () => {
  for (const auth of ['auto', 'oidc', 'cli', 'managed-identity', 'environment'])
    expect(read({ auth: auth.toUpperCase(), ...IDS }, SECRET)).toEqual(read({ auth, ...IDS }, SECRET))
  expect(read({ auth: 'maybe' }, {}).problems).toEqual([
    'auth "maybe": is not an allowed value (allowed: auto, oidc, cli, managed-identity, environment)',
  ])
})

describe('a variable that contradicts an input is refused, both values named, where it would be read', () => {
  const PUBLIC = { AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.com/' }
  test.each<[string, Given, Given, readonly RegExp[]]>([
    [
      'ids',
      { auth: 'environment', ...IDS },
      { ...OTHER, ...SECRET },
      [/^client-id "app-a": contradicts AZURE_CLIENT_ID "app-b"/, /^tenant-id "tenant-a": contradicts AZURE_TENANT_ID "tenant-b"/],
    ],
    [
      'one id',
      { auth: 'environment', ...IDS },
      { ...SAME, AZURE_CLIENT_ID: 'app-b', ...SECRET },
      [/"app-a": contradicts AZURE_CLIENT_ID "app-b"/],
    ],
    [
      'auto, where only the secret of somebody else is left',
      IDS,
      { ...SAME, AZURE_CLIENT_ID: 'app-b', ...SECRET },
      [/"app-a".*"app-b".*no permission to request a token/],
    ],
    ['auto in a pod of somebody else', { 'client-id': 'app-a' }, { ...POD, ...OTHER }, [/"app-a".*"app-b".*pod/]],
    [
      'a pod in another cloud',
      { environment: 'AzureUSGovernment', auth: 'managed-identity' },
      { ...POD, ...OTHER },
      [/^environment "AzureUSGovernment": contradicts AZURE_AUTHORITY_HOST "https:\/\/login.microsoftonline.com".*allowed: AzureCloud/],
    ],
    [
      'the secret of another cloud',
      { environment: 'AzureChinaCloud', auth: 'environment' },
      { ...PUBLIC, ...OTHER, ...SECRET },
      [/AzureChinaCloud.*login.chinacloudapi.cn/],
    ],
    [
      'an unknown host without its Resource Manager',
      { auth: 'environment' },
      { AZURE_AUTHORITY_HOST: 'https://adfs.local', ...OTHER, ...SECRET },
      [/"https:\/\/adfs.local".*`resource-manager-url`/],
    ],
    [
      'another cloud that signs in at a known one',
      { environment: 'AzureUSGovernment', 'resource-manager-url': 'https://arm.local' },
      PUBLIC,
      [/contradicts AZURE_AUTHORITY_HOST/],
    ],
    [
      'another cloud without TLS',
      { 'resource-manager-url': 'https://arm.local' },
      { AZURE_AUTHORITY_HOST: 'http://adfs.local' },
      [/"http:\/\/adfs.local", which is not an https address/],
    ],
    ['no secret at all', { auth: 'environment', ...IDS }, {}, [/AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH/]],
    ['no ids at all', { auth: 'environment' }, SECRET, [/^client-id: is required/, /^tenant-id: is required/]],
  ])('%s', (_, given, environment, expected) => {
    const { problems } = read(given, environment)
    expect(problems).toHaveLength(expected.length)
    for (const [index, pattern] of expected.entries()) expect(problems[index]).toMatch(pattern)
    expect(problems.join()).not.toContain('hush')
  })

  test('elsewhere it is not looked at', () => {
    const { identity, problems } = read({ environment: 'AzureUSGovernment', ...IDS }, { ...GITHUB, ...OTHER, ...PUBLIC })
    expect(problems).toEqual([])
    expect(identity.authorityHost).toBeUndefined()
  })

  test('another name of the same cloud is not a contradiction', () => {
    const environment = { ...OTHER, ...SECRET, AZURE_AUTHORITY_HOST: 'https://login.partner.microsoftonline.cn/' }
    expect(read({ environment: 'AzureChinaCloud', auth: 'environment' }, environment).problems).toEqual([])
  })

  test('another cloud is signed in to at its own host', () => {
    const { identity } = read({ 'resource-manager-url': 'https://arm.local' }, { AZURE_AUTHORITY_HOST: 'https://adfs.local/' })
    expect(identity.authorityHost).toBe('https://adfs.local')
  })
})

test('`validate` needs nothing of the environment, and looks at nothing there', () => {
  for (const auth of ['auto', 'environment', 'managed-identity', 'cli'])
    expect(read({ auth, ...IDS, environment: 'AzureUSGovernment' }, { ...OTHER, ...POD }, 'validate').problems).toEqual([])
})
