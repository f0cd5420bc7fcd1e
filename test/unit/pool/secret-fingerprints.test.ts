/** Secrets that Azure never gives back: a changed one is found, and none can be read from what is noted. */
import { expect, test } from 'vitest'
import type { Pool, PoolProperties, VirtualMachineConfiguration } from '../../../src/model/batch.ts'
import { MARKS } from '../../../src/pool/marks.ts'
import { planPool } from '../../../src/pool/plan-pool.ts'
import { compareSecrets } from '../../../src/pool/secret-fingerprints.ts'
import { asked, NEW, pool, question } from '../../fixtures/pools.ts'

const share = (accountKey: string): PoolProperties => ({
  mountConfiguration: [{ azureFileShareConfiguration: { accountName: 'a', azureFileUrl: 'u', relativeMountPath: 'm', accountKey } }],
})
const machine = (more: VirtualMachineConfiguration): PoolProperties => ({ deploymentConfiguration: { virtualMachineConfiguration: more } })
const blob = (sasKey: string): PoolProperties => ({
  mountConfiguration: [{ azureBlobFileSystemConfiguration: { accountName: 'a', sasKey } }],
})

/** Each secret that a pool may have, as a function of it. */
const SECRETS: readonly [string, (secret: string) => PoolProperties, string][] = [
  ['the key of a file share', share, 'mountConfiguration'],
  ['the signature of a container', blob, 'mountConfiguration'],
  [
    'the password of a CIFS mount',
    (password) => ({ mountConfiguration: [{ cifsMountConfiguration: { password } }] }),
    'mountConfiguration',
  ],
  ['the password of a user', (password) => ({ userAccounts: [{ name: 'u', password }] }), 'userAccounts'],
  [
    'the SSH key of a user',
    (sshPrivateKey) => ({ userAccounts: [{ name: 'u', password: 'same', linuxUserConfiguration: { sshPrivateKey } }] }),
    'userAccounts',
  ],
  [
    'the password of a registry',
    (password) => machine({ containerConfiguration: { containerRegistries: [{ registryServer: 'r', username: 'u', password }] } }),
    'vm.containerConfiguration',
  ],
  [
    'the protected settings of an extension',
    (script) => machine({ extensions: [{ name: 'e', protectedSettings: { script } }] }),
    'vm.extensions',
  ],
  [
    'the registry of the start task',
    (password) => ({ startTask: { commandLine: 'x', containerSettings: { registry: { registryServer: 'r', username: 'u', password } } } }),
    'startTask',
  ],
  [
    'the signature of a resource file',
    (signature) => ({ startTask: { commandLine: 'x', resourceFiles: [{ httpUrl: `https://b/x?sv=1&sig=${signature}`, filePath: 'x' }] } }),
    'startTask',
  ],
]

/** As Azure gives it back after a run with this spec. */
function afterRun(properties: PoolProperties): Pool {
  const value = compareSecrets(properties, undefined, 'first run').mark('render', () => true)
  const { metadata = [] } = properties
  const { deploymentConfiguration } = pool(NEW).properties
  const configuration = {
    ...deploymentConfiguration?.virtualMachineConfiguration,
    ...properties.deploymentConfiguration?.virtualMachineConfiguration,
  }
  const secret = new Set(['accountKey', 'sasKey', 'password', 'sshPrivateKey', 'protectedSettings'])
  const shown = JSON.stringify(
    { ...properties, deploymentConfiguration: { virtualMachineConfiguration: configuration } },
    (name, member) => (secret.has(name) ? undefined : name === 'httpUrl' ? String(member).split('?')[0] : member),
  )
  return pool(NEW, { ...JSON.parse(shown), metadata: value ? [...metadata, { name: MARKS.secrets, value }] : metadata })
}

test.each(SECRETS)('%s, rotated, changes the pool; the same one does not', (_, spec, member) => {
  const existing = afterRun(spec('the-old-one'))
  const action = member === 'startTask' ? 'update' : 'reimage'
  expect(planPool(question({ existing, request: asked(spec('the-old-one')) })).action).toBe('none')
  expect(planPool(question({ existing, request: asked(spec('the-new-one')), salt: 'second run' })).action).toBe(action)
})

test('secrets that a definition no longer has change the pool, until they are sent', () => {
  const mounted = (query: string) => ({
    startTask: { commandLine: 'x', resourceFiles: [{ httpUrl: `https://b/x${query}`, filePath: 'x' }] },
  })
  const existing = afterRun(mounted('?sv=1&sig=secret'))
  const plan = planPool(question({ existing, request: asked(mounted('')) }))
  expect(plan).toMatchObject({ action: 'update', properties: mounted(''), marks: { [MARKS.secrets]: undefined } })
  const unsent = compareSecrets(mounted(''), existing, 'salt')
  expect(unsent.changed).toEqual(['startTask'])
  expect(unsent.mark('render', () => false)).toMatch(/startTask:/)
  expect(unsent.mark('render', () => true)).toBeUndefined()
})

test.each(SECRETS)('%s is in no mark', (_, spec) => {
  const secret = 'Tr0ub4dor-and-more'
  const mark = compareSecrets(spec(secret), undefined, 'salt').mark('render', () => true) ?? ''
  expect(mark).toMatch(/^render\/[\w-]{16}\/[\w.]+:[\w-]{4}$/)
  expect(mark).not.toContain(secret)
})

test('two pools with one password have two fingerprints', () => {
  const mark = (salt: string) => compareSecrets(share('key'), undefined, salt).mark('render', () => true)
  expect(mark('one')).not.toBe(mark('other'))
})

test('where no run has noted one, secrets count as unchanged, and the plan says that nobody knows', () => {
  const { metadata: _metadata, ...properties } = afterRun(share('old')).properties
  const planned = planPool(question({ existing: pool(NEW, properties), request: asked(share('new')) }))
  expect(planned).toMatchObject({ action: 'none', uncompared: ['mountConfiguration'] })
})

test('a secret that is not sent is not noted as sent', () => {
  const comparison = compareSecrets({ ...share('new'), ...SECRETS[8]?.[1]('sig') }, afterRun(share('old')), 'second run')
  const { changed } = comparison
  expect(changed).toEqual(['mountConfiguration'])
  const mark = comparison.mark('render', (member) => member === 'startTask') ?? ''
  const standing = pool(NEW, { metadata: [{ name: MARKS.secrets, value: mark }] })
  expect(compareSecrets(share('new'), standing, 'third run').changed).toEqual(['mountConfiguration'])
  expect(compareSecrets(share('old'), standing, 'third run').changed).toEqual([])
})

test('a spec without secrets notes nothing', () => {
  expect(compareSecrets({ startTask: { commandLine: 'x' } }, undefined, 'salt').mark('render', () => true)).toBeUndefined()
})
