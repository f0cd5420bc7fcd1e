/** Refusals because of an image, its source or its network. */
import { expect, test } from 'vitest'
import { type AT, refused } from '../../fixtures/refusals.ts'

test.each<[string, keyof typeof AT, string, string, RegExp, RegExp]>([
  [
    "a subnet's private-link policies",
    'pool',
    'PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled',
    'Private link service cannot be created in a subnet since it has private link service network policies enabled.',
    /^Subnet's private-link policies/,
    /--private-link-service-network-policies Disabled/,
  ],
  ['a set of keys that is gone', 'vm', 'DiskEncryptionSetNotFound', 'x', /^Disk encryption set not found/, /region/],
  ['a withdrawn version', 'vm', 'ImageVersionDeprecated', 'x', /withdrawn/, /newer/],
  ['Trusted Launch', 'vm', 'TrustedLaunchNotSupported', 'x', /^Trusted Launch is not supported/, /VM size/],
  [
    'a definition that takes other sources only',
    'vm',
    'Conflict',
    "The security type 'TrustedLaunchSupported' is not supported for the source id '/x'. Currently only Vhd Blob, User Image and Gallery Image Version sources are supported for 'TrustedLaunchSupported' images.",
    /^Image definition does not take this source/,
    /another `image-name`/,
  ],
  [
    'a system that does not start',
    'vm',
    'OSProvisioningTimedOut',
    'OS Provisioning did not finish in the allotted time.',
    /^Image does not start/,
    /generalized/,
  ],
  ['no capacity in the zones', 'vm', 'OverconstrainedZonalAllocationRequest', 'x', /^No capacity/, /later/],
])('%s', (_, where, code, message, title, hint) => {
  const explanation = refused(where, code, message)
  expect(explanation.title).toMatch(title)
  expect(explanation.hint).toMatch(hint)
  expect(explanation).toMatchObject({ code, message })
})
