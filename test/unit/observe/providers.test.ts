import { expect, test } from 'vitest'
import { neededProviders } from '../../../src/observe/providers.ts'
import { config } from '../../fixtures/config-inputs.ts'

const HERE = '11111111-2222-3333-4444-555555555555'
const THERE = '99999999-2222-3333-4444-555555555555'
const VM_THERE = `/subscriptions/${THERE}/resourceGroups/r/providers/Microsoft.Compute/virtualMachines/golden`
const GALLERY_THERE = `/subscriptions/${THERE}/resourceGroups/r/providers/Microsoft.Compute/galleries/farm`
const VHD = { vm: '', vhd: 'os=https://packer.blob.core.windows.net/images/os.vhd', 'os-type': 'Linux', 'hyper-v-generation': 'V2' }

const compute = { subscriptionId: HERE, namespace: 'Microsoft.Compute' }
const network = { subscriptionId: HERE, namespace: 'Microsoft.Network' }

test.each<[string, Record<string, string>, readonly object[]]>([
  ['a VM in the subscription of the image', { capture: 'live' }, []],
  ['its copy needs a network', { capture: 'copy' }, [network]],
  ['so may `auto`', { capture: 'auto' }, [network]],
  ['a VM elsewhere', { capture: 'live', vm: VM_THERE, 'subscription-id': HERE }, [compute]],
  ['a gallery elsewhere', { capture: 'live', gallery: GALLERY_THERE }, [{ ...compute, subscriptionId: THERE }]],
  ['a VHD', VHD, [compute]],
])('%s', (_, inputs, expected) => {
  expect(neededProviders(config({ 'subscription-id': HERE, ...inputs }))).toEqual(expected)
})
