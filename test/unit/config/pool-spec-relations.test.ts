import { expect, test } from 'vitest'
import { readSpec } from '../../fixtures/config-inputs.ts'

const read = (pool: object) => readSpec(JSON.stringify({ id: 'a', ...pool })).problems
const machine = (inner: object) => ({ deploymentConfiguration: { virtualMachineConfiguration: inner } })
const MACHINE = 'deploymentConfiguration.virtualMachineConfiguration'
const mount = (inner: object) => ({
  mountConfiguration: [{ azureBlobFileSystemConfiguration: { accountName: 'a', containerName: 'c', relativeMountPath: 'm', ...inner } }],
})
const network = (inner: object) => ({ networkConfiguration: inner })
const SUBNET = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/n'
const ID = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/nodes'
const identityReference = { resourceId: ID }
const natPool = () => ({
  name: 'ssh',
  protocol: 'TCP',
  backendPort: 2222,
  frontendPortRangeStart: 1000,
  frontendPortRangeEnd: 1100,
})
const NAT = 'networkConfiguration.endpointConfiguration.inboundNatPools'
const task = (inner: object) => ({ startTask: { commandLine: 'x', ...inner } })
const MISSING_IDENTITY = 'is not an identity of the pool; name it in `identity.userAssignedIdentities` too'

test.each<[string, object, readonly string[]]>([
  [
    'a blob mount without a credential',
    mount({}),
    ['mountConfiguration[0].azureBlobFileSystemConfiguration: needs exactly one credential (accountKey, sasKey, identityReference)'],
  ],
  [
    'a blob mount with two',
    mount({ accountKey: 'k', sasKey: 's' }),
    ['mountConfiguration[0].azureBlobFileSystemConfiguration: needs exactly one credential (accountKey, sasKey, identityReference)'],
  ],
  [
    'a named and an automatic user',
    { ...task({ userIdentity: { userName: 'u', autoUser: { scope: 'Pool' } } }), userAccounts: [{ name: 'u', password: 'p' }] },
    ['startTask.userIdentity: has both userName and autoUser (one of them)'],
  ],
  [
    'a user that the pool does not have',
    task({ userIdentity: { userName: 'u' } }),
    ['startTask.userIdentity.userName: is not in `userAccounts` of the pool'],
  ],
  [
    'an address without a path',
    task({ resourceFiles: [{ httpUrl: 'https://x/y' }] }),
    ['startTask.resourceFiles[0].filePath: is missing: `httpUrl` needs it'],
  ],
  [
    'a prefix beside an address',
    task({ resourceFiles: [{ httpUrl: 'https://x/y', filePath: 'y', blobPrefix: 'z' }] }),
    ['startTask.resourceFiles[0].blobPrefix: cannot be used together with `httpUrl`; leave it out'],
  ],
  [
    'two disks on one LUN',
    machine({
      dataDisks: [
        { lun: 1, diskSizeGB: 1 },
        { lun: 1, diskSizeGB: 2 },
      ],
    }),
    [`${MACHINE}.dataDisks[1].lun: is the LUN of another disk (a LUN of its own for each disk)`],
  ],
  [
    'two extensions of one name',
    machine({
      extensions: [
        { name: 'e', publisher: 'p', type: 't' },
        { name: 'e', publisher: 'p', type: 'u' },
      ],
    }),
    [`${MACHINE}.extensions[1].name: is the name of another extension`],
  ],
  ['a formula of spaces', { scaleSettings: { autoScale: { formula: '  ' } } }, ['scaleSettings.autoScale.formula: is empty']],
  [
    'an empty formula',
    { scaleSettings: { autoScale: { formula: '', evaluationInterval: 'PT5M' } } },
    ['scaleSettings.autoScale.formula: is missing'],
  ],
  [
    'no public addresses and no subnet',
    network({ publicIPAddressConfiguration: { provision: 'NoPublicIPAddresses' } }),
    ['networkConfiguration.subnetId: is missing: nodes without public addresses need a subnet'],
  ],
  [
    'no public addresses and NAT pools',
    network({
      subnetId: SUBNET,
      publicIPAddressConfiguration: { provision: 'NoPublicIPAddresses' },
      endpointConfiguration: { inboundNatPools: [natPool()] },
    }),
    [`${NAT}: cannot be used with \`provision: NoPublicIPAddresses\``],
  ],
  [
    'addresses of the user that are not there',
    network({ publicIPAddressConfiguration: { provision: 'UserManaged', ipAddressIds: [] } }),
    [
      'networkConfiguration.publicIPAddressConfiguration.ipAddressIds: is missing: `provision: UserManaged` needs the ids of the public addresses',
    ],
  ],
  [
    'an identity of a registry that is not on the pool',
    machine({ containerConfiguration: { type: 'DockerCompatible', containerRegistries: [{ registryServer: 'r', identityReference }] } }),
    [`${MACHINE}.containerConfiguration.containerRegistries[0].identityReference.resourceId: ${MISSING_IDENTITY}`],
  ],
  [
    'an identity of a mount',
    mount({ identityReference }),
    [`mountConfiguration[0].azureBlobFileSystemConfiguration.identityReference.resourceId: ${MISSING_IDENTITY}`],
  ],
  [
    'an identity of a file',
    task({ resourceFiles: [{ httpUrl: 'https://x/y', filePath: 'y', identityReference }] }),
    [`startTask.resourceFiles[0].identityReference.resourceId: ${MISSING_IDENTITY}`],
  ],
  [
    'two user accounts of one name',
    {
      userAccounts: [
        { name: 'u', password: 'p' },
        { name: 'u', password: 'q' },
      ],
    },
    ['userAccounts[1].name: is the name of another account'],
  ],
  [
    'half of a pair of ids',
    { userAccounts: [{ name: 'u', password: 'p', linuxUserConfiguration: { uid: 1 } }] },
    ['userAccounts[0].linuxUserConfiguration: has only one of uid and gid (both, or none)'],
  ],
  [
    'beside what the schema refuses elsewhere',
    { ...mount({}), taskSlotsPerNode: 0 },
    [
      'taskSlotsPerNode: is the number 0 (a whole number, 1 to 256)',
      'mountConfiguration[0].azureBlobFileSystemConfiguration: needs exactly one credential (accountKey, sasKey, identityReference)',
    ],
  ],
  [
    'but nothing twice',
    task({ resourceFiles: [{ httpUrl: ['https://x'], filePath: 'f' }] }),
    ['startTask.resourceFiles[0].httpUrl: is a list (a text, in quotes where it looks like a number)'],
  ],
])('%s', (_, pool, expected) => {
  expect(read(pool)).toEqual(expected)
})

test('an identity that is on the pool, in any letter case', () => {
  const identity = {
    type: 'UserAssigned',
    userAssignedIdentities: {
      [ID.toUpperCase().replace('/SUBSCRIPTIONS/', '/subscriptions/').replace('USERASSIGNEDIDENTITIES', 'userAssignedIdentities')]: {},
    },
  }
  expect(read({ identity, ...mount({ identityReference }) })).toEqual([])
})
