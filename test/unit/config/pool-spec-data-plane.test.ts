import { expect, test } from 'vitest'
import { readSpec } from '../../fixtures/config-inputs.ts'

const read = (pool: object) => readSpec(JSON.stringify({ id: 'a', ...pool }))
const TRANSLATED =
  '`pool-spec` is in the shape of the Batch data plane (`az batch pool create --json-file`) and was translated to that of ARM.'
const fixed = (inner: object) => ({ scaleSettings: { fixedScale: inner } })

test.each<[string, object, object]>([
  [
    'targets',
    { targetDedicatedNodes: 2, targetLowPriorityNodes: 0, resizeTimeout: 'PT9M' },
    fixed({ targetDedicatedNodes: 2, targetLowPriorityNodes: 0, resizeTimeout: 'PT9M' }),
  ],
  [
    'a formula',
    { enableAutoScale: true, autoScaleFormula: 'x', autoScaleEvaluationInterval: 'PT5M' },
    { scaleSettings: { autoScale: { formula: 'x', evaluationInterval: 'PT5M' } } },
  ],
  ['no formula', { enableAutoScale: false, autoScaleFormula: null, targetDedicatedNodes: 1 }, fixed({ targetDedicatedNodes: 1 })],
  ['communication switched on', { enableInterNodeCommunication: true }, { interNodeCommunication: 'Enabled' }],
  ['communication switched off', { enableInterNodeCommunication: false }, { interNodeCommunication: 'Disabled' }],
  [
    'the machine',
    {
      virtualMachineConfiguration: {
        nodeAgentSKUId: 'n',
        imageReference: { virtualMachineImageId: '/i', exactVersion: null },
        dataDisks: [{ lun: 0, diskSizeGB: 8, storageAccountType: 'standard_lrs' }],
      },
    },
    {
      deploymentConfiguration: {
        virtualMachineConfiguration: {
          nodeAgentSkuId: 'n',
          imageReference: { id: '/i' },
          dataDisks: [{ lun: 0, diskSizeGB: 8, managedDisk: { storageAccountType: 'Standard_LRS' } }],
        },
      },
    },
  ],
  [
    'packages',
    { targetDedicatedNodes: 1, applicationPackageReferences: [{ applicationId: 'blender', version: '4' }] },
    { ...fixed({ targetDedicatedNodes: 1 }), applicationPackages: [{ id: 'blender', version: '4' }] },
  ],
  [
    'slots',
    { maxTasksPerNode: 2, taskSchedulingPolicy: { nodeFillType: 'spread' }, resizeTimeout: 'PT15M' },
    { ...fixed({ resizeTimeout: 'PT15M' }), taskSlotsPerNode: 2, taskSchedulingPolicy: { nodeFillType: 'Spread' } },
  ],
  [
    'older files of a start task',
    { targetDedicatedNodes: 1, startTask: { commandLine: 'x', resourceFiles: [{ blobSource: 'https://b', filePath: 'f' }] } },
    { ...fixed({ targetDedicatedNodes: 1 }), startTask: { commandLine: 'x', resourceFiles: [{ httpUrl: 'https://b', filePath: 'f' }] } },
  ],
  [
    'Python',
    { vm_size: 's', target_dedicated_nodes: 1, virtual_machine_configuration: { node_agent_sku_id: 'n' } },
    {
      ...fixed({ targetDedicatedNodes: 1 }),
      deploymentConfiguration: { virtualMachineConfiguration: { nodeAgentSkuId: 'n' } },
      vmSize: 's',
    },
  ],
  [
    'PowerShell',
    {
      Id: 'a',
      VirtualMachineSize: 's',
      AutoScaleEnabled: false,
      TargetDedicatedComputeNodes: 3,
      InterComputeNodeCommunicationEnabled: false,
      ResizeTimeout: { Ticks: 9_000_000_000, TotalMinutes: 15 },
      TaskSchedulingPolicy: { ComputeNodeFillType: 'Pack' },
    },
    {
      ...fixed({ targetDedicatedNodes: 3, resizeTimeout: 'PT15M' }),
      interNodeCommunication: 'Disabled',
      vmSize: 's',
      taskSchedulingPolicy: { nodeFillType: 'Pack' },
    },
  ],
])('%s', (_, given, expected) => {
  const { specs, problems, notices } = readSpec(JSON.stringify('Id' in given ? given : { id: 'a', ...given }))
  expect(problems).toEqual([])
  expect(notices).toEqual([TRANSLATED])
  expect(specs).toEqual([{ id: 'a', properties: expected }])
})

test('a pool as `az batch pool show` prints it', () => {
  const { specs, problems, notices } = read({
    allocationState: 'steady',
    allocationStateTransitionTime: '2024-01-01T00:00:00Z',
    autoScaleEvaluationInterval: null,
    autoScaleFormula: null,
    certificateReferences: [],
    currentDedicatedNodes: 2,
    currentNodeCommunicationMode: 'simplified',
    eTag: '0x1',
    enableAutoScale: false,
    enableInterNodeCommunication: false,
    identity: {
      type: 'UserAssigned',
      userAssignedIdentities: [{ resourceId: '/subscriptions/s/x/userAssignedIdentities/n', clientId: 'c', principalId: 'p' }],
    },
    poolStatistics: null,
    state: 'active',
    targetDedicatedNodes: 2,
    targetNodeCommunicationMode: 'default',
    url: 'https://farm.westeurope.batch.azure.com/pools/a',
    vmSize: 'standard_d2s_v5',
  })
  expect(problems).toEqual([])
  expect(notices).toEqual([
    TRANSLATED,
    'Read-only properties of `pool-spec` were ignored: `allocationState`, `allocationStateTransitionTime`, `currentDedicatedNodes`, `currentNodeCommunicationMode`, `eTag`, `state`, `url`.',
    'Properties of `pool-spec` that have no effect were ignored: `certificateReferences`, `targetNodeCommunicationMode`.',
  ])
  expect(specs).toEqual([
    {
      id: 'a',
      identity: { type: 'UserAssigned', userAssignedIdentities: { '/subscriptions/s/x/userAssignedIdentities/n': {} } },
      properties: { ...fixed({ targetDedicatedNodes: 2 }), interNodeCommunication: 'Disabled', vmSize: 'standard_d2s_v5' },
    },
  ])
})

test('targets that a formula has set are named', () => {
  const { notices } = read({ enableAutoScale: true, autoScaleFormula: 'x', targetDedicatedNodes: 2, resizeTimeout: 'PT5M' })
  expect(notices).toContain('Properties of `pool-spec` that have no effect were ignored: `targetDedicatedNodes`, `resizeTimeout`.')
})

test.each<[string, object, readonly string[]]>([
  [
    'certificates',
    { targetDedicatedNodes: 1, certificateReferences: [{ thumbprint: 't' }] },
    ['certificateReferences: is retired: use the Key Vault extension (`deploymentConfiguration.virtualMachineConfiguration.extensions`)'],
  ],
  [
    'Cloud Services',
    { cloudServiceConfiguration: { osFamily: '5' } },
    ['cloudServiceConfiguration: is retired: use `deploymentConfiguration.virtualMachineConfiguration`'],
  ],
  ['a switch that is a text', { enableAutoScale: 'yes', targetDedicatedNodes: 1 }, ['enableAutoScale: is not a switch (true, false)']],
  ['a formula that is not there', { enableAutoScale: true }, ['autoScaleFormula: is missing']],
  [
    'what is wrong, under the name that it has there',
    { targetDedicatedNodes: -1, virtualMachineConfiguration: { dataDisks: [{}] } },
    [
      'virtualMachineConfiguration.dataDisks[0].lun: is missing',
      'virtualMachineConfiguration.dataDisks[0].diskSizeGB: is missing',
      'targetDedicatedNodes: is the number -1 (a whole number, at least 0)',
    ],
  ],
  ['one name in two spellings', { targetDedicatedNodes: 1, TargetDedicatedNodes: 2 }, ['has a property twice, in several spellings']],
])('%s are refused', (_, given, expected) => {
  expect([...read(given).problems].sort()).toEqual([...expected].sort())
})
