import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../../src/config/parse-config.ts'
import { FULL_POOL, readSpec as read } from '../../fixtures/config-inputs.ts'

describe('what is read', () => {
  test('the whole shape of a pool, with identity and tags beside its properties', () => {
    const { specs, problems } = read(FULL_POOL)
    expect(problems).toEqual([])
    expect(specs).toHaveLength(1)
    expect(specs[0]).toMatchObject({ id: 'render', identity: { type: 'UserAssigned' }, tags: { team: 'rendering' } })
    expect(specs[0]?.properties).not.toHaveProperty('identity')
    expect(specs[0]?.properties).not.toHaveProperty('id')
  })

  test.each<[string, string, readonly (string | undefined)[]]>([
    ['JSON', '{"id": "a", "vmSize": "Standard_D4s_v5"}', ['a']],
    ['a list', '- id: a\n- id: b', ['a', 'b']],
    ['several documents', 'id: a\n---\nid: b\n', ['a', 'b']],
    ['anchors, aliases and merge keys', '- &base { id: a, taskSlotsPerNode: 2 }\n- { <<: *base, id: b }', ['a', 'b']],
    ['a pool without an id', 'vmSize: Standard_D4s_v5', [undefined]],
    [
      'a resource of an ARM template',
      'name: account/a\ntype: Microsoft.Batch/batchAccounts/pools\napiVersion: 2025-06-01\nproperties: { vmSize: Standard_D4s_v5 }',
      ['a'],
    ],
    [
      'a resource by its id',
      'id: /subscriptions/s/resourceGroups/g/providers/Microsoft.Batch/batchAccounts/b/pools/a\nproperties: { taskSlotsPerNode: 1 }',
      ['a'],
    ],
  ])('%s', (_, text, ids) => {
    const { specs, problems } = read(text)
    expect(problems).toEqual([])
    expect(specs.map(({ id }) => id)).toEqual(ids)
  })

  test('a file of the workspace; one that does not exist is reported', () => {
    expect(read('pools/a.yaml', { 'pools/a.yaml': 'id: a' }).specs).toEqual([{ id: 'a', properties: {} }])
    expect(read('pools/a.yaml').problems[0]).toContain('no such file')
  })

  test('durations for people become those of Azure', () => {
    const { specs } = read(
      '- { id: a, scaleSettings: { fixedScale: { resizeTimeout: 1h30m } } }\n- { id: b, scaleSettings: { autoScale: { formula: x, evaluationInterval: 10m } } }',
    )
    expect(specs.map(({ properties }) => properties.scaleSettings)).toEqual([
      { fixedScale: { resizeTimeout: 'PT1H30M' } },
      { autoScale: { formula: 'x', evaluationInterval: 'PT10M' } },
    ])
  })

  test('the example in the repository', () => {
    const text = readFileSync(path.join(import.meta.dirname, '../../../.github/examples/pool.yaml'), 'utf8')
    expect(read(text).problems).toEqual([])
  })
})

const VM = 'deploymentConfiguration.virtualMachineConfiguration'
const vm = (inner: string) => `deploymentConfiguration: { virtualMachineConfiguration: { ${inner} } }`

describe('what is refused, with its path, what was found and what is allowed', () => {
  test.each<[string, string, string]>([
    [
      'a negative number',
      'scaleSettings: { fixedScale: { targetDedicatedNodes: -1 } }',
      'scaleSettings.fixedScale.targetDedicatedNodes: is the number -1 (a whole number, at least 0)',
    ],
    ['a fraction', 'taskSlotsPerNode: 1.5', 'taskSlotsPerNode: is the number 1.5 (a whole number, 1 to 256)'],
    ['a number in quotes', 'taskSlotsPerNode: "4"', 'taskSlotsPerNode: is "4" (a whole number, 1 to 256)'],
    ['a boolean of YAML 1.1', 'startTask: { commandLine: x, waitForSuccess: yes }', 'startTask.waitForSuccess: is "yes" (true, false)'],
    [
      'a retired option',
      'scaleSettings: { fixedScale: { nodeDeallocationOption: RetainedData } }',
      'scaleSettings.fixedScale.nodeDeallocationOption: is "RetainedData", which Azure Batch retired (Requeue, Terminate, TaskCompletion)',
    ],
    ['a map of metadata', 'metadata: { team: rendering }', 'metadata: is a mapping (a list of `name` and `value`)'],
    [
      'a number as metadata',
      'metadata: [{ name: a, value: 1 }]',
      'metadata[0].value: is the number 1 (a text, in quotes where it looks like a number)',
    ],
    ['what is missing', 'metadata: [{ name: a }]', 'metadata[0].value: is missing'],
    [
      'a resize timeout that is none',
      'scaleSettings: { fixedScale: { resizeTimeout: 30 minutes } }',
      'scaleSettings.fixedScale.resizeTimeout: is "30 minutes" (ISO 8601 (PT30M) or 30m, at least 5 minutes: how long one resize may take.)',
    ],
    [
      'a resize timeout that Batch refuses',
      'scaleSettings: { fixedScale: { resizeTimeout: PT4M } }',
      'scaleSettings.fixedScale.resizeTimeout: is PT4M (at least 5 min)',
    ],
    [
      'an evaluation interval over a week',
      'scaleSettings: { autoScale: { formula: x, evaluationInterval: P8D } }',
      'scaleSettings.autoScale.evaluationInterval: is P8D (at least 5 min, at most 7 d)',
    ],
    [
      'both scales',
      'scaleSettings: { fixedScale: {}, autoScale: { formula: x } }',
      'scaleSettings: has both fixedScale and autoScale (one of them)',
    ],
    [
      'a version beside an id',
      vm('imageReference: { id: /a, version: latest }'),
      `${VM}.imageReference.version: cannot be used together with \`id\`; leave it out`,
    ],
    [
      'two kinds of a mount',
      'mountConfiguration: [{}]',
      'mountConfiguration[0]: is empty (one of azureBlobFileSystemConfiguration, nfsMountConfiguration, cifsMountConfiguration, azureFileShareConfiguration)',
    ],
    [
      'a resource file without a source',
      'startTask: { commandLine: x, resourceFiles: [{ filePath: a }] }',
      'startTask.resourceFiles[0]: needs exactly one source (autoStorageContainerName, storageContainerUrl, httpUrl)',
    ],
    ['a start task without a command', 'startTask: { waitForSuccess: true }', 'startTask.commandLine: is missing'],
    [
      'addresses of nobody',
      'networkConfiguration: { publicIPAddressConfiguration: { ipAddressIds: [/a] } }',
      'networkConfiguration.publicIPAddressConfiguration.ipAddressIds: needs `provision: UserManaged`',
    ],
    ['an identity without ids', 'identity: { type: UserAssigned }', 'identity.userAssignedIdentities: names no identity'],
    ['a system-assigned identity', 'identity: { type: SystemAssigned }', 'identity.type: is "SystemAssigned" (UserAssigned, None)'],
    [
      'an identity by name',
      'identity: { type: UserAssigned, userAssignedIdentities: { nodes: {} } }',
      'identity.userAssignedIdentities.nodes: is not the resource id of a user-assigned identity (/subscriptions/…/providers/Microsoft.ManagedIdentity/userAssignedIdentities/…)',
    ],
    [
      'an expression of a template',
      'vmSize: x\nid: a\ndisplayName: "[parameters(\'name\')]"',
      'displayName: is an expression of an ARM template; write its value instead',
    ],
    ['an id that Batch refuses', 'id: a.b', 'id: is "a.b" (Id of the pool in its account: letters, digits, - and _; at most 64.)'],
    [
      'certificates',
      'certificates: [{ id: /c }]',
      'certificates: is retired: use the Key Vault extension (`deploymentConfiguration.virtualMachineConfiguration.extensions`)',
    ],
    ['licences', 'applicationLicenses: [maya]', 'applicationLicenses: is retired: bring licences with the image'],
    [
      'Cloud Services',
      'deploymentConfiguration: { cloudServiceConfiguration: { osFamily: "5" } }',
      'deploymentConfiguration.cloudServiceConfiguration: is retired: use `deploymentConfiguration.virtualMachineConfiguration`',
    ],
    ['a slip of the pen', 'vmSizee: x', 'vmSizee: is not a known property; did you mean `vmSize`?'],
    ['a place', 'location: westeurope', 'location: is not a property of a pool: a pool is in the region of its account'],
    ['a whole template', 'resources: []', 'is a whole ARM template; give only its pool resource, with the value of each expression in it'],
    ['a text', 'render', 'is neither a mapping of pool properties nor the path of a file that ends in .yml, .yaml or .json'],
    ['nothing', '# only a comment', 'is empty: it names no pool'],
    ['a key twice', 'id: a\nid: b', 'is not valid YAML or JSON: a key occurs twice, line 2, column 1'],
    [
      'what is no YAML',
      'id: a\nstartTask: { commandLine: x',
      'is not valid YAML or JSON: Flow map in block collection must be sufficiently indented and end with a }, line 2, column 28',
    ],
  ])('%s', (_, text, expected) => {
    expect(read(text).problems).toEqual([expected])
  })

  test('all at once, each with the pool it is of', () => {
    expect(read('- { id: a, vmSizee: x, taskSlotsPerNode: 0 }\n- { id: b, certificates: [{ id: /c }] }').problems).toEqual([
      expect.stringMatching(/^\[0\]\.vmSizee: /),
      expect.stringMatching(/^\[0\]\.taskSlotsPerNode: /),
      expect.stringMatching(/^\[1\]\.certificates: /),
    ])
  })
})

test.each([
  ['userAccounts: [{ name: u, password: [hunter2] }, { name: u, password: hunter2, elevationLevel: Boss }]'],
  [
    'mountConfiguration: [{ azureFileShareConfiguration: { accountName: a, azureFileUrl: u, relativeMountPath: m, accountKey: { hunter2: 1 } } }]',
  ],
  ['startTask: { commandLine: x, environmentSettings: [{ name: A, value: { secret: hunter2 } }, { name: B, value: [hunter2] }] }'],
  ['startTask: { commandLine: x, resourceFiles: [{ httpUrl: ["https://x?sig=hunter2"], filePath: a }] }'],
  ['userAccounts: [{ name: u, password: *hunter2 }]'],
  ['userAccounts:\n  - name: u\n    password: @hunter2'],
  ['userAccounts:\n  - password: !hunter2 x\n    password: "hunter2'],
])('no secret is in a message: %s', (text) => {
  const { problems } = read(text)
  expect(problems).not.toEqual([])
  expect(problems.join('\n').replaceAll('userAccounts[0].password', '')).not.toContain('hunter2')
})

describe('single inputs', () => {
  const configOf = (inputs: Readonly<Record<string, string>>) => {
    const given = {
      'subscription-id': 's',
      'resource-group': 'g',
      'batch-account': 'b',
      vm: 'v',
      'image-name': 'i',
      gallery: 'g',
      ...inputs,
    }
    return parseConfig({
      input: (name) => (given as Record<string, string>)[name] ?? '',
      environment: () => undefined,
      hide: () => undefined,
      file: () => undefined,
    })
  }
  const LIST =
    '- { id: a, vmSize: Standard_A }\n- { id: b, scaleSettings: { fixedScale: { targetDedicatedNodes: 3, resizeTimeout: 20m } } }'

  test('override every pool of a list', () => {
    const { pool } = configOf({ 'pool-spec': LIST, 'vm-size': 'Standard_D4s_v5', 'target-dedicated-nodes': '7' })
    expect(
      pool?.requests.map(({ id, properties, target, resizeTimeout }) => [id, properties.vmSize, target.dedicated, resizeTimeout]),
    ).toEqual([
      ['a', 'Standard_D4s_v5', 7, 'PT15M'],
      ['b', 'Standard_D4s_v5', 7, 'PT20M'],
    ])
  })

  test('but one id for several pools is refused', () => {
    expect(() => configOf({ 'pool-spec': LIST, 'vm-size': 'x', 'pool-id': 'c' })).toThrow(
      /^pool-id "c": names one pool, but `pool-spec` has several/,
    )
  })

  test('a wrong spec is not followed by what it would have said', () => {
    expect(() => configOf({ 'pool-spec': 'id: a\nvmSize: Standard_A\ncertificates: [{ id: /c }]' })).toThrow(
      /^pool-spec: certificates: is retired[^\n]*$/,
    )
  })

  test('a target of either kind takes the place of a formula', () => {
    const spec = 'id: a\nvmSize: Standard_A\nscaleSettings: { autoScale: { formula: x } }'
    expect(configOf({ 'pool-spec': spec }).pool?.requests[0]?.autoScale).toBe(true)
    expect(configOf({ 'pool-spec': spec, 'target-low-priority-nodes': '1' }).pool?.requests[0]?.autoScale).toBe(false)
  })
})
