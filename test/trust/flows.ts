/** The ways through the action that the matrices disturb. Each starts from a world of its own. */
import { loadScenario, type Scenario, type ScenarioPool } from '../embedded-azure/scenarios/scenario.ts'

export interface Flow {
  readonly name: string
  readonly scenario: Scenario
  readonly inputs: Readonly<Record<string, string>>
  /** The VM runs, so its disks count as changed: a run after one that completed a version makes another. */
  readonly rebuilds?: boolean
}

/** VM with two data disks → pool of 10 nodes. */
const base = loadScenario('happy')
const keys = loadScenario('customer-managed-keys')
const fleet = loadScenario('fleet')
/** One region is later than the other, so that the requests of every run come in one order. */
const [ofHome = '', , ofTheUk = ''] = (fleet.inputs['pool-spec'] ?? '').split(/^(?=- )/m)
/** Limits of the action are as long as may be: what a busy machine loses on a fast clock must not count. */
const PATIENCE = { timeout: '350m', 'node-start-timeout': '300m', 'max-resizes': '50' }
const RUNNING = ['ProvisioningState/succeeded', 'PowerState/running']

const foreignPool = (properties: Readonly<Record<string, unknown>> = {}): ScenarioPool => ({
  id: 'render',
  properties: {
    vmSize: 'Standard_D4s_v5',
    startTask: { commandLine: '/opt/mount-data-disks', maxTaskRetryCount: 0, waitForSuccess: true },
    deploymentConfiguration: {
      virtualMachineConfiguration: {
        nodeAgentSkuId: 'batch.node.ubuntu 24.04',
        imageReference: {
          id: '/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/foreign-group/providers/Microsoft.Compute/galleries/old/images/golden/versions/1.0.0',
        },
      },
    },
    ...properties,
  },
  nodes: 4,
  taskMinutes: 3,
  // Of an hour ago: no reason to stop now.
  staleErrors: [{ code: 'AccountCoreQuotaReached', message: 'The specified account has reached core quota' }],
})

function flow(name: string, inputs: Readonly<Record<string, string>> = {}, changes: Partial<Scenario> = {}): Flow {
  const scenario = { ...base, ...changes }
  return { name, scenario, inputs: { ...scenario.inputs, ...PATIENCE, ...inputs } }
}

/** The image half only. */
export const imageOnly = {
  'batch-account': '',
  'pool-id': '',
  'pool-spec': '',
  'vm-size': '',
  'target-dedicated-nodes': '',
  'resize-timeout': '',
  'node-start-timeout': '',
  'max-resizes': '',
}

export const FLOWS = {
  create: flow('gallery, new pool'),
  /** With the public price list, of which no fault may change a thing. */
  inPlace: flow('gallery, pool in place', { 'show-cost': 'true' }, { pools: [foreignPool()] }),
  smokeTest: flow(
    'gallery, pool in place, with a smoke test',
    { 'smoke-test': '/opt/render/bin/render --self-test', 'canary-nodes': '2' },
    { pools: [foreignPool()] },
  ),
  smokeTestOfNewPool: flow('gallery, new pool, with a smoke test', { 'smoke-test': '/opt/render/bin/render --self-test' }),
  whenHealthy: {
    name: 'gallery, new pool, with customer-managed keys and latest: when-healthy',
    scenario: keys,
    inputs: { ...keys.inputs, ...PATIENCE },
  },
  fleet: {
    name: 'gallery, pools of two accounts in two regions',
    scenario: { ...fleet, replication: { uksouth: { minutes: 30 } } },
    inputs: { ...fleet.inputs, ...PATIENCE, 'pool-spec': `${ofHome}${ofTheUk}` },
  },
  managed: flow('managed image', { ...imageOnly, 'image-kind': 'managed', gallery: '' }),
  deallocate: {
    ...flow('capture: deallocate', { ...imageOnly, capture: 'deallocate' }, { vm: { ...base.vm, statuses: RUNNING } }),
    rebuilds: true,
  },
  copy: {
    ...flow('capture: copy', { ...imageOnly, capture: 'copy' }, { vm: { ...base.vm, statuses: RUNNING } }),
    rebuilds: true,
  },
  restorePoint: {
    ...flow('capture: restore-point', { ...imageOnly, capture: 'restore-point' }, { vm: { ...base.vm, statuses: RUNNING } }),
    rebuilds: true,
  },
  blueGreen: flow(
    'blue-green with jobs',
    { strategy: 'blue-green' },
    {
      pools: [foreignPool()],
      jobs: [{ id: 'nightly', poolId: 'render' }],
      jobSchedules: [{ id: 'hourly', poolId: 'render' }],
    },
  ),
} as const satisfies Record<string, Flow>
