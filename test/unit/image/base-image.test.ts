import { describe, expect, test } from 'vitest'
import { baseImageOf } from '../../../src/image/base-image.ts'
import type { VirtualMachine } from '../../../src/model/compute.ts'
import type { MarketplaceVersion } from '../../../src/model/marketplace.ts'

const UBUNTU = { publisher: 'Canonical', offer: 'ubuntu-24_04-lts', sku: 'server' }
const SUPPORTED = {
  nodeAgentSkuId: 'batch.node.ubuntu 24.04',
  imageReference: { ...UBUNTU, publisher: 'canonical' },
  osType: 'Linux',
  verificationType: 'verified',
  batchSupportEndOfLife: '2029-04-30T00:00:00Z',
} as const

const machine = (reference: VirtualMachine['imageReference'], exactVersion?: string) => ({
  vm: { ...(reference && { imageReference: reference }), ...(exactVersion && { exactVersion }) } as VirtualMachine,
})
const listed = (...names: readonly string[]): readonly MarketplaceVersion[] => names.map((name) => ({ name }))

describe('the base image of a golden VM', () => {
  test.each<[string, readonly string[], string | undefined, boolean | undefined]>([
    ['24.04.202611120', ['24.04.202610010', '24.04.202611120'], '24.04.202611120', false],
    ['24.04.202611120', ['24.04.202612010', '24.04.202611120'], '24.04.202612010', true],
    // Numbers, not texts.
    ['20348.9.240607', ['20348.10.240107', '20348.9.240607'], '20348.10.240107', true],
    ['1.0.0', ['1.0'], '1.0', false],
    // Withdrawn meanwhile, with everything after it.
    ['24.04.202611120', ['24.04.202610010'], '24.04.202610010', false],
    ['24.04.202611120', [], undefined, undefined],
  ])('version %s of %j: newest %s, behind %s', (version, names, newest, isBehind) => {
    const base = baseImageOf({ vm: machine({ ...UBUNTU, version: 'latest' }, version), baseVersions: listed(...names) })
    expect(base).toMatchObject({ name: 'Canonical:ubuntu-24_04-lts:server', version })
    expect([base?.newestVersion, base?.isBehind]).toEqual([newest, isBehind])
  })

  test('of `latest` alone nobody knows what that was: nothing is claimed', () => {
    const base = baseImageOf({ vm: machine({ ...UBUNTU, version: 'latest' }), baseVersions: listed('24.04.202611120') })
    expect(base).toEqual({ name: 'Canonical:ubuntu-24_04-lts:server', newestVersion: '24.04.202611120' })
  })

  test('the list could not be read: nothing is claimed', () => {
    expect(baseImageOf({ vm: machine(UBUNTU, '24.04.1') })).toEqual({ name: 'Canonical:ubuntu-24_04-lts:server', version: '24.04.1' })
  })

  test('Batch names the end of its support', () => {
    expect(baseImageOf({ vm: machine(UBUNTU, '24.04.1'), supportedImages: [SUPPORTED] })).toMatchObject({
      batchSupportEndOfLife: '2029-04-30T00:00:00Z',
    })
  })

  test('its publisher has announced the end of this version, not of another', () => {
    const status = {
      imageState: 'ScheduledForDeprecation',
      scheduledDeprecationTime: '2027-03-01T00:00:00Z',
      alternativeOption: { type: 'Offer', value: 'ubuntu-26_04-lts' },
    } as const
    const baseVersions = [{ name: '24.04.1', properties: { imageDeprecationStatus: status } }, { name: '24.04.2' }]
    expect(baseImageOf({ vm: machine(UBUNTU, '24.04.1'), baseVersions })?.deprecation).toEqual({
      state: 'ScheduledForDeprecation',
      at: '2027-03-01T00:00:00Z',
      alternative: 'offer ubuntu-26_04-lts',
    })
    expect(baseImageOf({ vm: machine(UBUNTU, '24.04.2'), baseVersions })?.deprecation).toBeUndefined()
  })

  test.each([
    ['no VM', {}],
    ['a VM of an uploaded disk', { vm: machine(undefined) }],
    [
      'a VM of a gallery image',
      { vm: machine({ id: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/a/images/b' }) },
    ],
  ])('%s: nothing is claimed', (_, seen) => {
    expect(baseImageOf({ ...seen, baseVersions: listed('1.0.0') })).toBeUndefined()
  })
})
