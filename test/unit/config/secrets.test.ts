import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { secretsIn, withoutSecrets } from '../../../src/config/secrets.ts'
import { config } from '../../fixtures/config-inputs.ts'
import { SPECS } from '../../tools/openapi-documents.ts'

const KEY = 'k+Y/9=="\\q<&>ü'
const PRIVATE_KEY =
  '-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAxxxxxxxxxxxxxxx\nyyyyyyyyyyyyyyyyyyyyyyyy\n-----END RSA PRIVATE KEY-----\n'

const account = (inner: object) => ({ userAccounts: [{ name: 'render', ...inner }] })
const variables = (...environmentSettings: readonly object[]) => ({ startTask: { commandLine: 'x', environmentSettings } })
const command = (commandLine: string) => ({ startTask: { commandLine } })

/** A pool, and the secret that is somewhere in it. */
const HIDDEN: readonly (readonly [string, object, string])[] = [
  ['a password', account({ password: KEY }), KEY],
  ['a private key', account({ linuxUserConfiguration: { sshPrivateKey: PRIVATE_KEY } }), 'MIIEowIBAAKCAQEAxxxxxxxxxxxxxxx'],
  ['a password in PascalCase', { UserAccounts: [{ Password: 'hunter22' }] }, 'hunter22'],
  ['a key with underscores', { mount: [{ account_key: 'hunter22' }] }, 'hunter22'],
  ['protected settings, however deep', { extensions: [{ protectedSettings: { one: [{ two: 'hunter22' }] } }] }, 'hunter22'],
  ['a number in protected settings', { extensions: [{ protectedSettings: { pin: 48151623 } }] }, '48151623'],
  ['options of a mount', { mountConfiguration: [{ cifs: { mountOptions: '-o vers=3.0,username=u,pass=hunter22' } }] }, 'hunter22'],
  ['a key of a mount', { mountConfiguration: [{ azureFileShareConfiguration: { accountKey: KEY } }] }, KEY],
  [
    'a key of a blob mount',
    { mountConfiguration: [{ azureBlobFileSystemConfiguration: { sasKey: 'sv=2020&sig=abcdef' } }] },
    'sv=2020&sig=abcdef',
  ],
  ['a password of a registry', { containerRegistries: [{ username: 'u', password: 'hunter22' }] }, 'hunter22'],
  ['a value of a variable with a harmless name', variables({ name: 'COLOR', value: 'purple' }), 'purple'],
  [
    'the query of an address',
    { resourceFiles: [{ httpUrl: 'https://a.blob.core.windows.net/c/f?sv=2020&sig=a%2Bb%3D' }] },
    'sv=2020&sig=a%2Bb%3D',
  ],
  ['its signature, decoded', { resourceFiles: [{ httpUrl: 'https://a.blob.core.windows.net/c/f?sv=2020&sig=abc%2Bdef%3D' }] }, 'abc+def='],
  [
    'a connection string in settings',
    { settings: { connection: 'AccountName=a;AccountKey=aGVsbG8gd29ybGQ=;EndpointSuffix=x' } },
    'aGVsbG8gd29ybGQ=',
  ],
  ['an option of a command', command('/bin/tool --password hunter22 --verbose'), 'hunter22'],
  ['an option of a command with =', command('/bin/tool --api-key=hunter22'), 'hunter22'],
  ['a variable in a command', command('/bin/bash -c "DB_PASSWORD=hunter22 run"'), 'hunter22'],
  ['a PowerShell variable in a command', command("powershell $env:SECRET='hunter22'; run"), 'hunter22'],
  ['a password in an address', command('git clone https://user:hunter22@example.org/x'), 'hunter22'],
  ['a header', command('curl -H "Authorization: Bearer abc.def-ghi" https://x'), 'abc.def-ghi'],
  ['user and password of curl', command('curl -u user:hunter22 https://x'), 'hunter22'],
  ['a login', command('docker login r.azurecr.io -u user -p hunter22'), 'hunter22'],
  ['a token by its form', command('run ghp_0123456789abcdefABCD'), 'ghp_0123456789abcdefABCD'],
]

describe('hidden', () => {
  test.each(HIDDEN)('%s', (_, pool, secret) => {
    const secrets = secretsIn([pool])
    const base64 = (text: string) => Buffer.from(text).toString('base64')
    const shown = [
      secret,
      JSON.stringify(pool),
      JSON.stringify(JSON.stringify(pool)),
      JSON.stringify({ body: JSON.stringify(pool) }, undefined, 2),
      encodeURIComponent(secret),
      `https://x/?value=${encodeURIComponent(secret)}`,
    ].map((text) => withoutSecrets(text, secrets))
    for (const text of shown) {
      expect(text).toContain('***')
      for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]) expect(text).not.toContain(form)
    }
    for (const before of ['', 'a', 'ab', 'abc']) {
      const left = withoutSecrets(base64(`${before}${secret}${before}`), secrets)
      expect(Buffer.from(left.replaceAll('***', ''), 'base64').toString()).not.toContain(secret)
      expect(left).toContain('***')
    }
  })

  test('a short value, where it stands beside its name', () => {
    const secrets = secretsIn([variables({ name: 'PIN', value: '0815' }), account({ password: 'abc' })])
    expect(withoutSecrets('{"name":"PIN","value":"0815","password": "abc"} PIN=0815', secrets)).toBe('{"name":"PIN",***,***} ***')
    expect(withoutSecrets(JSON.stringify('{"value":"0815"}'), secrets)).toBe('"{***}"')
    expect(withoutSecrets('0815 nodes, abc', secrets)).toBe('0815 nodes, abc')
  })

  test('each line of a key', () => {
    const secrets = secretsIn([account({ linuxUserConfiguration: { sshPrivateKey: PRIVATE_KEY } })])
    expect(withoutSecrets(`bad line: ${'y'.repeat(24)}`, secrets)).toBe('bad line: ***')
  })
})

describe('not hidden', () => {
  test.each<[string, object, string]>([
    ['a command without a secret', command('/bin/bash -c "mkdir -p /opt/app && cp -u a b && /opt/app/setup"'), 'mkdir -p /opt/app'],
    ['an address without a signature', { httpUrl: 'https://a.blob.core.windows.net/c/f' }, 'https://a.blob.core.windows.net/c/f'],
    ['the name of an account', { accountName: 'renderstore' }, 'renderstore'],
    ['the value of metadata', { metadata: [{ name: 'team', value: 'rendering' }] }, 'rendering'],
    ['a word of the outputs', variables({ name: 'STATE', value: 'succeeded' }), 'succeeded'],
  ])('%s', (_, pool, text) => {
    expect(withoutSecrets(text, secretsIn([pool]))).toBe(text)
  })
})

test('a variable may have a name that stands in the log anyway; a password may not', () => {
  const spec = { id: 'render-farm', ...variables({ name: 'POOL', value: 'render-farm' }), ...account({ password: 'golden-image' }) }
  const { secrets } = config({ 'pool-spec': JSON.stringify(spec), 'pool-id': '', 'image-name': 'golden-image' })
  expect(withoutSecrets('render-farm', secrets)).toBe('render-farm')
  expect(withoutSecrets('golden-image', secrets)).toBe('***')
})

test.skipIf(!SPECS)('every secret of the OpenAPI documents is hidden', () => {
  const documents = [
    'batch/resource-manager/Microsoft.Batch/stable/2024-02-01/BatchManagement.json',
    'batch/data-plane/Microsoft.Batch/stable/2024-02-01.19.0/BatchService.json',
  ].map((name) => path.join(SPECS ?? '', 'specification', name))
  const names = documents.filter((file) => existsSync(file)).flatMap((file) => secretNamesIn(JSON.parse(readFileSync(file, 'utf8'))))
  expect(names).toEqual(expect.arrayContaining(['password', 'sshPrivateKey', 'accountKey', 'sasKey', 'protectedSettings']))
  for (const name of names) expect(secretsIn([{ any: [{ [name]: 'hunter22' }] }]), name).toContain('hunter22')
})

function secretNamesIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => {
    const { 'x-ms-secret': isSecret, format } = Object(inner)
    return [...(isSecret === true || format === 'password' ? [name] : []), ...secretNamesIn(inner)]
  })
}
