import { describe, expect, test } from 'vitest'
import { readSpec } from '../../fixtures/config-inputs.ts'

const ID = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/nodes'
const machine = (inner: object) => ({ deploymentConfiguration: { virtualMachineConfiguration: inner } })
const read = (pool: object) => readSpec(JSON.stringify({ id: 'a', ...pool }))

/** What is written, and what becomes of it. */
const SPELLINGS: readonly (readonly [string, object, object])[] = [
  ['a name in another case', machine({ nodeAgentSKUId: 'x' }), machine({ nodeAgentSkuId: 'x' })],
  [
    'a name of a list in another case',
    { networkConfiguration: { dynamicVNetAssignmentScope: 'None' } },
    { networkConfiguration: { dynamicVnetAssignmentScope: 'none' } },
  ],
  ['names in PascalCase', { VmSize: 's', TaskSlotsPerNode: 2 }, { vmSize: 's', taskSlotsPerNode: 2 }],
  ['names with underscores', { vm_size: 's', start_task: { command_line: 'x' } }, { vmSize: 's', startTask: { commandLine: 'x' } }],
  [
    'values of enumerations',
    { interNodeCommunication: 'enabled', taskSchedulingPolicy: { nodeFillType: 'pack' } },
    { interNodeCommunication: 'Enabled', taskSchedulingPolicy: { nodeFillType: 'Pack' } },
  ],
  [
    'values of enumerations in a list',
    machine({ diskEncryptionConfiguration: { targets: ['temporarydisk'] } }),
    machine({ diskEncryptionConfiguration: { targets: ['TemporaryDisk'] } }),
  ],
  [
    'a scope and a level',
    { startTask: { commandLine: 'x', userIdentity: { autoUser: { scope: 'pool', elevationLevel: 'admin' } } } },
    { startTask: { commandLine: 'x', userIdentity: { autoUser: { scope: 'Pool', elevationLevel: 'Admin' } } } },
  ],
  ['an upgrade policy', { upgradePolicy: { mode: 'Automatic' } }, { upgradePolicy: { mode: 'automatic' } }],
  [
    'null as absent',
    {
      displayName: null,
      startTask: null,
      metadata: null,
      scaleSettings: { fixedScale: { targetDedicatedNodes: 1, resizeTimeout: null }, autoScale: null },
    },
    { scaleSettings: { fixedScale: { targetDedicatedNodes: 1 } } },
  ],
  ['an object of nulls as absent', { startTask: { commandLine: null, userIdentity: { autoUser: null } } }, {}],
  ['an empty object as it is', { startTask: {} }, { startTask: {} }],
  ['null of a name that is not known', { someday: null }, {}],
  [
    'the storage of a disk in older api-versions',
    machine({ dataDisks: [{ lun: 0, diskSizeGB: 1, storageAccountType: 'premium_lrs' }] }),
    machine({ dataDisks: [{ lun: 0, diskSizeGB: 1, managedDisk: { storageAccountType: 'Premium_LRS' } }] }),
  ],
  ['tasks per node in older api-versions', { maxTasksPerNode: 4 }, { taskSlotsPerNode: 4 }],
  [
    'settings of an extension, nulls too',
    machine({ extensions: [{ name: 'n', publisher: 'p', type: 't', settings: { Key_One: null, list: [null, ''] } }] }),
    machine({ extensions: [{ name: 'n', publisher: 'p', type: 't', settings: { Key_One: null, list: [null, ''] } }] }),
  ],
  [
    'the empty value of a variable',
    { startTask: { commandLine: 'x', environmentSettings: [{ name: 'A', value: '' }] } },
    { startTask: { commandLine: 'x', environmentSettings: [{ name: 'A', value: '' }] } },
  ],
]

test.each(SPELLINGS)('%s', (_, given, expected) => {
  const { specs, problems, notices } = read(given)
  expect(problems).toEqual([])
  expect(notices).toEqual([])
  expect(specs).toEqual([{ id: 'a', properties: expected }])
})

describe('with a notice', () => {
  test.each<[string, object, object, string]>([
    [
      'read-only properties',
      { allocationState: 'Steady', currentDedicatedNodes: 3, provisioningState: 'Succeeded', vmSize: 's' },
      { vmSize: 's' },
      'Read-only properties of `pool-spec` were ignored: `allocationState`, `currentDedicatedNodes`, `provisioningState`.',
    ],
    [
      'the version of an image that Azure found',
      machine({ imageReference: { offer: 'o', exactVersion: '1' } }),
      machine({ imageReference: { offer: 'o' } }),
      'Read-only properties of `pool-spec` were ignored: `deploymentConfiguration.virtualMachineConfiguration.imageReference.exactVersion`.',
    ],
    [
      'simplified communication',
      { targetNodeCommunicationMode: 'simplified' },
      {},
      'Properties of `pool-spec` that have no effect were ignored: `targetNodeCommunicationMode`.',
    ],
    [
      'empty lists of what is retired',
      { certificates: [], applicationLicenses: [] },
      {},
      'Properties of `pool-spec` that have no effect were ignored: `certificates`, `applicationLicenses`.',
    ],
    ['empty texts', { displayName: '', vmSize: 's' }, { vmSize: 's' }, 'Empty texts in `pool-spec` were read as absent: `displayName`.'],
  ])('%s', (_, given, expected, notice) => {
    const { specs, problems, notices } = read(given)
    expect(problems).toEqual([])
    expect(notices).toEqual([notice])
    expect(specs).toEqual([{ id: 'a', properties: expected }])
  })

  test('what Azure adds to an identity', () => {
    const { specs, notices } = read({
      identity: { type: 'UserAssigned', userAssignedIdentities: { [ID]: { clientId: 'c', principalId: 'p' } } },
    })
    expect(specs[0]?.identity).toEqual({ type: 'UserAssigned', userAssignedIdentities: { [ID]: {} } })
    expect(notices).toHaveLength(1)
  })

  test('once for all pools', () => {
    const { notices } = readSpec('- { id: a, etag: x }\n- { id: b, etag: y, state: active }')
    expect(notices).toEqual(['Read-only properties of `pool-spec` were ignored: `etag`, `state`.'])
  })
})

describe('refused', () => {
  test.each<[string, object, readonly string[]]>([
    [
      'classic communication',
      { targetNodeCommunicationMode: 'Classic' },
      ['targetNodeCommunicationMode: is retired: all nodes use simplified communication; leave it out'],
    ],
    ['one name in two spellings', { vmSize: 'a', VMSize: 'b' }, ['VMSize: occurs twice: `vmSize` in several spellings']],
    [
      'what is below a misspelt name',
      { startTaks: { comandLine: 'x', waitForSuccess: 'maybe' } },
      [
        'startTaks: is not a known property; did you mean `startTask`?',
        'startTaks.comandLine: is not a known property; did you mean `commandLine`?',
        'startTask.waitForSuccess: is "maybe" (true, false)',
      ],
    ],
    [
      'what is below a misplaced name',
      { scaleSettings: {}, virtualMachineConfiguration: { containerConfiguration: { type: 'podman' } } },
      [
        'virtualMachineConfiguration: is written `deploymentConfiguration.virtualMachineConfiguration` in ARM',
        'virtualMachineConfiguration.containerConfiguration.type: is "podman" (DockerCompatible, CriCompatible)',
      ],
    ],
    [
      'a switch of the data plane, by its value',
      { scaleSettings: {}, enableInterNodeCommunication: false },
      ['enableInterNodeCommunication: is written `interNodeCommunication: Disabled` in ARM'],
    ],
    ['a name with a space that nobody sees', { '\u00a0vmSize': 's' }, ['\u00a0vmSize: contains an invisible character (U+00A0)']],
    [
      'a password that Azure does not return',
      { userAccounts: [{ name: 'u' }] },
      ['userAccounts[0].password: is missing; Azure never returns it, so add it'],
    ],
    [
      'what PowerShell cut off',
      { startTask: { commandLine: 'x', userIdentity: '@{autoUser=}' } },
      ['startTask.userIdentity: was cut off by PowerShell; use `ConvertTo-Json -Depth 100` (a mapping)'],
    ],
  ])('%s', (_, given, expected) => {
    const { problems } = read(given)
    expect(problems.map((line) => line.replace(/ \(id, identity.*$/, ''))).toEqual(expected)
  })
})
