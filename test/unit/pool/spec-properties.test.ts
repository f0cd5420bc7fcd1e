/** A spec as Batch takes it. */
import { describe, expect, test } from 'vitest'
import type { ImageTraits } from '../../../src/model/image-traits.ts'
import { planPool } from '../../../src/pool/plan-pool.ts'
import type { PoolQuestion } from '../../../src/pool/pool-plan.ts'
import { asked, NEW, OLD, pool, question } from '../../fixtures/pools.ts'

describe('what is written', () => {
  const imageTraits: ImageTraits = {
    osType: 'Linux',
    generation: 'V2',
    architecture: 'x64',
    features: { SecurityType: 'TrustedLaunch' },
    imageReference: { publisher: 'Canonical', offer: 'ubuntu-24_04-lts', sku: 'server' },
  }
  const supported = {
    nodeAgentSkuId: 'batch.node.ubuntu 24.04',
    imageReference: { publisher: 'canonical', offer: 'ubuntu-24_04-lts', sku: 'server' },
    osType: 'Linux',
    verificationType: 'verified',
  } as const
  const written = (changes: Partial<PoolQuestion>) => {
    const plan = planPool(question({ existing: undefined, ...changes }))
    if (plan.action !== 'create') throw new Error(`expected to create, not to ${plan.action}`)
    return plan.properties
  }
  const configurationOf = (changes: Partial<PoolQuestion>) => written(changes).deploymentConfiguration?.virtualMachineConfiguration

  test('is the spec, with image, agent, security type and size filled in', () => {
    const spec = { interNodeCommunication: 'Disabled', networkConfiguration: { subnetId: '/x' }, futureProperty: 1 } as const
    expect(written({ request: asked(spec), imageTraits, supportedImages: [supported] })).toEqual({
      ...spec,
      vmSize: 'Standard_D4s_v5',
      deploymentConfiguration: {
        virtualMachineConfiguration: {
          imageReference: { id: NEW },
          nodeAgentSkuId: 'batch.node.ubuntu 24.04',
          securityProfile: { securityType: 'trustedLaunch', uefiSettings: { secureBootEnabled: true, vTpmEnabled: true } },
        },
      },
      scaleSettings: { fixedScale: { targetDedicatedNodes: 10, targetLowPriorityNodes: 0, resizeTimeout: 'PT30M' } },
    })
  })

  test('keeps the agent and the security profile that were requested', () => {
    const request = asked(
      { deploymentConfiguration: { virtualMachineConfiguration: { securityProfile: { encryptionAtHost: true } } } },
      { nodeAgentSkuId: 'batch.node.mine' },
    )
    expect(configurationOf({ request, imageTraits, supportedImages: [supported] })).toMatchObject({
      nodeAgentSkuId: 'batch.node.mine',
      securityProfile: { encryptionAtHost: true },
    })
  })

  test('has no mark of this action, which a pool that was read back has', () => {
    const metadata = [
      { name: 'image-pool-before', value: '{"pool":"render","scaleSettings":{}}' },
      { name: 'image-pool-sets', value: 'render/startTask' },
      { name: 'image-pool-proof-of', value: 'render' },
      { name: 'team', value: 'a' },
    ]
    const plan = planPool(question({ existing: undefined, request: asked({ metadata }) }))
    expect(plan).toMatchObject({ properties: { metadata: [{ name: 'team', value: 'a' }] } })
    expect(plan).toMatchObject({ marks: { 'image-pool-sets': 'render/vmSize,metadata.team' } })
  })

  test('leaves the size to a formula', () => {
    const scaleSettings = { autoScale: { formula: '$x=1;' } }
    expect(written({ request: asked({ scaleSettings }, { autoScale: true }) }).scaleSettings).toEqual(scaleSettings)
  })

  test('of a pool that moves keeps its agent where no better is known', () => {
    const plan = planPool(question({ existing: pool(OLD) }))
    expect(plan).toMatchObject({
      properties: { deploymentConfiguration: { virtualMachineConfiguration: { nodeAgentSkuId: 'batch.node.old' } } },
    })
  })
})
