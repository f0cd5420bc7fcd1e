/** A finding of any theme ends the run red before anything is written, and all findings are told at once. */
import { expect, test } from 'vitest'
import { GROUP_ID, loadScenario, type Scenario } from '../embedded-azure/scenarios/scenario.ts'
import { annotations, run, testConformance, writes } from '../fixtures/whole-runs.ts'

const { vm } = loadScenario('happy')
const VERSION = `${GROUP_ID}/providers/Microsoft.Compute/galleries/images/images/golden/versions/9.9.9`

test.each<[string, Readonly<Record<string, string>>, Partial<Scenario>, readonly string[]]>([
  [
    'source',
    {},
    { vm: { ...vm, extensions: ['AzureMonitorLinuxAgent'], securityType: 'ConfidentialVM' } },
    ['vm-extensions', 'confidential-vm'],
  ],
  [
    'given image',
    { vm: '', 'image-name': '', gallery: '', 'image-id': VERSION, 'node-agent-sku-id': 'batch.node.ubuntu 24.04' },
    {},
    ['image-id-exists'],
  ],
  ['image', { 'image-kind': 'managed', gallery: '' }, { vm: { ...vm, region: 'northeurope' } }, ['managed-image-region']],
  ['sharing', { 'image-kind': 'managed', gallery: '', 'target-dedicated-nodes': '2600' }, {}, ['managed-image-pool-size']],
  ['pool', { 'vm-size': 'Standard_A1_v2', 'node-agent-sku-id': 'batch.node.windows amd64' }, {}, ['vm-size', 'node-agent-os']],
  [
    'pool and image',
    {
      'pool-spec':
        'startTask: { commandLine: /opt/mount }\ndeploymentConfiguration: { virtualMachineConfiguration: { securityProfile: { securityType: trustedLaunch } } }',
    },
    {},
    ['pool-security-type'],
  ],
  [
    'permissions',
    {},
    { denied: ['Microsoft.Compute/snapshots/write', 'Microsoft.Compute/galleries/images/versions/write'] },
    ['permissions', 'Microsoft.Compute/snapshots/write', 'Microsoft.Compute/galleries/images/versions/write'],
  ],
  ['limits', {}, { account: { ...loadScenario('happy').account, poolQuota: 0 } }, ['pool-quota']],
])('%s', async (_, inputs, changes, found) => {
  const ran = await run('happy', inputs, changes)
  expect(ran.exitCode).toBe(1)
  for (const text of found) expect(annotations(ran)[0]).toContain(text)
  expect(writes(ran.azure)).toEqual([])
})

test.each([
  ['in-place', false],
  ['blue-green', true],
])('a pool that keeps its size, %s: the quota is looked at for that size', async (strategy, isRefused) => {
  const properties = {
    vmSize: 'Standard_D4s_v5',
    deploymentConfiguration: {
      virtualMachineConfiguration: { imageReference: { id: VERSION }, nodeAgentSkuId: 'batch.node.ubuntu 24.04' },
    },
  }
  const existing = { id: 'render', nodes: 4, properties }
  const inputs = { mode: 'plan', strategy, 'target-dedicated-nodes': '', 'resize-timeout': '' }
  const ran = await run('happy', inputs, { pools: [existing], account: { ...loadScenario('happy').account, dedicatedCoreQuota: 20 } })
  const refusals = isRefused
    ? ['title=Core quota too small (core-quota)::16 dedicated cores are needed; the quota is 20, of which 16 are in use elsewhere']
    : []
  expect(ran.exitCode).toBe(refusals.length)
  expect(annotations(ran)).toEqual(refusals.map((refusal) => expect.stringContaining(refusal)))
  expect(ran.summary.includes('16 dedicated cores are needed')).toBe(isRefused)
})

testConformance()
