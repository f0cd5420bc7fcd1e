/** What people added to a pool with secrets that Azure does not return is not lost. */
import { describe, expect, test } from 'vitest'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { imageOf, poolOnFirst, red, SECOND, targetOf } from '../fixtures/pool-foreign-runs.ts'
import { again, annotations, testConformance, writes } from '../fixtures/whole-runs.ts'

describe('what people added to a pool with secrets that Azure does not return', () => {
  const registry = { registryServer: 'r.azurecr.io', username: 'u' }
  const containerConfiguration = { type: 'DockerCompatible', containerRegistries: [registry] }
  const extensions = [{ name: 'logs', publisher: 'Microsoft.EnterpriseCloud.Monitoring', type: 'OmsAgentForLinux' }]
  const mountConfiguration = [
    { azureFileShareConfiguration: { accountName: 'a', azureFileUrl: 'https://a.file.core.windows.net/s', relativeMountPath: 'm' } },
  ]
  const addedByHand = async (member = 'containerConfiguration', value: unknown = containerConfiguration): Promise<EmbeddedAzure> => {
    const azure = await poolOnFirst()
    const { properties } = azure.pools.get('render')
    const isOfPool = member === 'mountConfiguration'
    ;(isOfPool ? properties : properties.deploymentConfiguration.virtualMachineConfiguration)[member] = value
    return azure
  }

  test.each<[string, unknown, string, RegExp]>([
    ['containerConfiguration', containerConfiguration, 'in-place', /pool render would lose its container configuration/],
    ['containerConfiguration', containerConfiguration, 'replace', /pool render would lose its container configuration/],
    ['containerConfiguration', containerConfiguration, 'blue-green', /pool render would lose its container configuration/],
    ['extensions', extensions, 'in-place', /pool render would lose its extensions/],
    ['extensions', extensions, 'replace', /pool render would lose its extensions/],
    ['mountConfiguration', mountConfiguration, 'replace', /pool render would lose its mounts/],
    ['mountConfiguration', mountConfiguration, 'blue-green', /pool render would lose its mounts/],
  ])('%s is not lost: refused before the first write (%#)', async (member, value, strategy, words) => {
    const azure = await addedByHand(member, value)
    const before = writes(azure).length
    red(await again(azure, { ...SECOND, strategy }), words)
    expect(writes(azure)).toHaveLength(before)
    expect(targetOf(azure)).toBe(10)
  })

  test('mounts are left alone in place', async () => {
    const azure = await addedByHand('mountConfiguration', mountConfiguration)
    expect(annotations(await again(azure, SECOND))).toEqual([])
    expect(azure.pools.get('render').properties).toMatchObject({ mountConfiguration })
  })

  test('an extension that has no protected settings is carried over', async () => {
    const known = [{ name: 'kv', publisher: 'Microsoft.Azure.KeyVault', type: 'KeyVaultForLinux', settings: {} }]
    const azure = await addedByHand('extensions', known)
    expect(annotations(await again(azure, SECOND))).toEqual([])
    expect(azure.pools.get('render').properties.deploymentConfiguration.virtualMachineConfiguration.extensions).toEqual(known)
  })

  test('is no obstacle where the spec gives it', async () => {
    const azure = await addedByHand()
    const given = { ...containerConfiguration, containerRegistries: [{ ...registry, password: 'a long password' }] }
    const spec = { deploymentConfiguration: { virtualMachineConfiguration: { containerConfiguration: given } } }
    expect(annotations(await again(azure, { ...SECOND, 'pool-spec': JSON.stringify(spec) }))).toEqual([])
    expect(imageOf(azure, 'render')).toMatch(/1\.1\.0$/)
  })

  test('is no obstacle where the image stays', async () => {
    expect(annotations(await again(await addedByHand(), { ...SECOND, strategy: 'resize-only' }))).toEqual([])
  })
})

testConformance()
