import { describe, expect, test } from 'vitest'
import { isSubset } from '../../../src/pool/drift.ts'

/** A pool as Batch gives it back: upper-case size, defaults filled in, secrets gone, the metadata in another order. */
const POOL = {
  vmSize: 'STANDARD_D4S_V5',
  displayName: 'Render farm',
  interNodeCommunication: 'Disabled',
  taskSlotsPerNode: 1,
  taskSchedulingPolicy: { nodeFillType: 'Spread' },
  startTask: {
    commandLine: '/bin/sh -c "Setup.sh"',
    maxTaskRetryCount: 0,
    waitForSuccess: true,
    environmentSettings: [
      { name: 'B', value: 'two' },
      { name: 'A', value: 'one' },
    ],
    resourceFiles: [{ httpUrl: 'https://files.example/setup.sh', filePath: 'setup.sh' }],
    userIdentity: { autoUser: { scope: 'Pool', elevationLevel: 'Admin' } },
  },
  metadata: [
    { name: 'image-pool-before', value: '{}' },
    { name: 'team', value: 'Render' },
    { name: 'cost', value: '42' },
  ],
  userAccounts: [{ name: 'farm', elevationLevel: 'Admin', linuxUserConfiguration: { uid: 1000 } }],
  networkConfiguration: {
    subnetId: '/subscriptions/1/resourceGroups/Net/providers/Microsoft.Network/virtualNetworks/v/subnets/s',
    dynamicVnetAssignmentScope: 'none',
    enableAcceleratedNetworking: false,
  },
  scaleSettings: { autoScale: { formula: '$TargetDedicatedNodes = 6;', evaluationInterval: 'PT15M' } },
}

describe('what Batch changes on the way is not drift', () => {
  test.each<[string, object]>([
    ['the case of the size', { vmSize: 'Standard_D4s_v5' }],
    ['defaults', { startTask: { commandLine: '/bin/sh -c "Setup.sh"' } }],
    ['the case of Azure words', { interNodeCommunication: 'disabled', taskSchedulingPolicy: { nodeFillType: 'spread' } }],
    [
      'the order of metadata, and this action’s own',
      {
        metadata: [
          { name: 'cost', value: '42' },
          { name: 'team', value: 'Render' },
        ],
      },
    ],
    [
      'passwords',
      {
        userAccounts: [
          { name: 'farm', password: 'secret', elevationLevel: 'admin', linuxUserConfiguration: { uid: 1000, sshPrivateKey: 'key' } },
        ],
      },
    ],
    ['signatures', { startTask: { resourceFiles: [{ httpUrl: 'https://files.example/setup.sh?sig=abc', filePath: 'setup.sh' }] } }],
    [
      'the order of variables',
      {
        startTask: {
          environmentSettings: [
            { name: 'A', value: 'one' },
            { name: 'B', value: 'two' },
          ],
        },
      },
    ],
    [
      'the case of resource ids',
      { networkConfiguration: { subnetId: '/subscriptions/1/resourcegroups/net/providers/Microsoft.Network/virtualNetworks/v/subnets/s' } },
    ],
    [
      'another way to write a time',
      { scaleSettings: { autoScale: { formula: '$TargetDedicatedNodes = 6;', evaluationInterval: 'PT0H15M' } } },
    ],
    ['empty YAML values', { mountConfiguration: null, applicationPackages: [] }],
  ])('%s', (_, asked) => {
    expect(isSubset(asked, POOL)).toBe(true)
  })
})

describe('what differs is drift', () => {
  test.each<[string, object]>([
    ['another size', { vmSize: 'Standard_D8s_v5' }],
    ['the case of a command line', { startTask: { commandLine: '/bin/sh -c "setup.sh"' } }],
    [
      'another value of metadata',
      {
        metadata: [
          { name: 'cost', value: '43' },
          { name: 'team', value: 'Render' },
        ],
      },
    ],
    [
      'the case of a value',
      {
        metadata: [
          { name: 'cost', value: '42' },
          { name: 'team', value: 'render' },
        ],
      },
    ],
    ['metadata that went from the spec', { metadata: [{ name: 'cost', value: '42' }] }],
    ['a property that the pool does not have', { mountConfiguration: [{ azureBlobFileSystemConfiguration: { accountName: 'a' } }] }],
    ['another file', { startTask: { resourceFiles: [{ httpUrl: 'https://files.example/other.sh', filePath: 'setup.sh' }] } }],
    ['another subnet', { networkConfiguration: { subnetId: '/subscriptions/1/x/subnets/other' } }],
    ['another formula', { scaleSettings: { autoScale: { formula: '$TargetDedicatedNodes = 7;' } } }],
    ['a start task taken away', { startTask: null }],
    ['a number', { taskSlotsPerNode: 2 }],
  ])('%s', (_, asked) => {
    expect(isSubset(asked, POOL)).toBe(false)
  })
})
