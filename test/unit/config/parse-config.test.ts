/** Inputs as texts → one typed value, or every problem at once. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { POOL_INPUTS } from '../../../src/config/read-pool.ts'
import { config, type Given, GROUP, parse, problems, SUBSCRIPTION, VERSION_ID, VM_ID, without } from '../../fixtures/config-inputs.ts'

test('the least there is, with every default', () => {
  expect(config({})).toEqual({
    mode: 'apply',
    identity: {
      signIn: { way: 'machine' },
      why: 'neither `client-id` nor a secret is given',
      subscriptionId: SUBSCRIPTION,
      environment: 'AzureCloud',
    },
    source: { kind: 'vm', id: VM_ID, capture: 'auto' },
    image: {
      kind: 'gallery',
      name: 'golden',
      version: 'auto',
      resourceGroup: GROUP,
      gallery: `${GROUP}/providers/Microsoft.Compute/galleries/farm`,
      rebuild: 'auto',
      targetRegions: [],
      replicas: 'auto',
      replication: 'Full',
      encryptionSets: [],
      latest: 'always',
      keepSnapshots: false,
      retainVersions: 0,
      tags: {},
    },
    pool: {
      accounts: [`${GROUP}/providers/Microsoft.Batch/batchAccounts/renderfarm`],
      requests: [
        {
          id: 'render',
          account: `${GROUP}/providers/Microsoft.Batch/batchAccounts/renderfarm`,
          properties: { vmSize: 'Standard_D4s_v5' },
          target: { dedicated: 0, lowPriority: 0 },
          sizeSource: 'existing',
          autoScale: false,
          resizeTimeout: 'PT15M',
          resizeTimeoutFor: 'gallery',
        },
      ],
      strategy: 'in-place',
      canaryNodes: 'auto',
      onFailure: 'rollback',
      nodeDeallocationOption: 'TaskCompletion',
      maxResizes: 5,
      wait: 'nodes',
      minHealthyPercentage: 100,
      minHealthySpotPercentage: 100,
      nodeStartTimeoutMs: 1_800_000,
      showCost: false,
      onCancel: 'leave',
    },
    timeoutMs: 7_200_000,
    notices: [],
    secrets: [],
  })
})

describe('inputs that need each other', () => {
  test.each<[string, Given, readonly string[]]>([
    ['oidc', { auth: 'oidc' }, ['client-id: is required with `auth: oidc`', 'tenant-id: is required with `auth: oidc`']],
    ['a comment', { comment: 'true' }, ['github-token: is required with `comment: true`']],
    [
      'retained data',
      { 'node-deallocation-option': 'RetainedData' },
      ['node-deallocation-option "RetainedData": is retired by Azure Batch (allowed: taskcompletion, requeue, terminate)'],
    ],
    ['http', { 'resource-manager-url': 'http://x' }, ['resource-manager-url "http://x": is not an https address (allowed: https://host)']],
    [
      'one id for several pools',
      { 'pool-spec': '[{id: a, vmSize: s}, {id: b, vmSize: s}]' },
      ['pool-id "render": names one pool, but `pool-spec` has several; give each of them its `id` there'],
    ],
  ])('%s', (_, changes, expected) => {
    expect(problems(changes)).toEqual(expected)
  })

  test('a slash behind the ARM address is dropped', () => {
    expect(config({ 'resource-manager-url': 'https://management.local//' }).identity.resourceManagerUrl).toBe('https://management.local')
  })

  test('blue-green gives no jobs to a pool that nobody waits for', () => {
    expect(problems({ strategy: 'blue-green', wait: 'none' })).toEqual([
      'wait "none": would move the jobs to a new pool without nodes, with `strategy: blue-green` (allowed: nodes, steady)',
    ])
  })
})

test('all problems are reported at once', () => {
  const told = problems({ mode: 'x', timeout: 'x', 'image-version': 'x', 'max-resizes': 'x', gallery: 'x-y', wait: 'x' })
  expect(told.map((line) => line.split(' ')[0]).sort()).toEqual(['gallery', 'image-version', 'max-resizes', 'mode', 'timeout', 'wait'])
})

test('no text breaks the parser', () => {
  const names = [
    'vm',
    'snapshots',
    'vhd',
    'image-id',
    'tags',
    'target-regions',
    'timeout',
    'resize-timeout',
    'image-version',
    'pool-spec',
    'gallery',
  ]
  const inputs = fc.dictionary(fc.constantFrom(...names), fc.oneof(fc.string(), fc.constantFrom('os=a', 'PT1H', VERSION_ID, '=', 'a=b')))
  fc.assert(
    fc.property(inputs, (given) => {
      expect(Array.isArray(problems(given))).toBe(true)
    }),
  )
})

describe('pools beside a missing account', () => {
  const NO_ACCOUNT = { 'batch-account': '' }

  test.each(['apply', 'plan', 'validate', 'prune'])('are refused with mode %s, and looked at', (mode) => {
    expect(problems({ ...NO_ACCOUNT, mode, 'target-dedicated-nodes': 'ten', 'pool-spec': 'id: a\nvmSizee: s' })).toEqual([
      'batch-account: is required for `pool-spec`, `pool-id`, `vm-size`, `target-dedicated-nodes`',
      'pool-spec: vmSizee: is not a known property; did you mean `vmSize`?',
      'target-dedicated-nodes "ten": is not a whole number in the range (allowed: 0 to 100000)',
    ])
  })

  test.each(Object.keys(POOL_INPUTS))('%s by itself', (name) => {
    const told = problems({ ...without('batch-account', 'pool-id', 'vm-size'), [name]: 'zzz' }, {})
    expect(told[0]).toBe(`batch-account: is required for \`${name}\``)
  })

  test('defaults are no wish', () => {
    expect(parse({ ...without('batch-account', 'pool-id', 'vm-size'), ...POOL_INPUTS }).pool).toBeUndefined()
  })
})

describe('one cause is reported once', () => {
  test('an account without a pool', () => {
    expect(problems({ 'pool-id': '', 'vm-size': '' })).toEqual([
      'pool-spec: is required with `batch-account`; a simple pool needs only `pool-id` and `vm-size`',
    ])
  })

  test.each<[string, Given, readonly string[]]>([
    ['an id', { 'pool-id': '' }, ['pool-id: is required (allowed: letters, digits, `-`, `_`; at most 64)']],
    ['a size', { 'vm-size': '' }, ['vm-size: is required']],
    [
      'an id in the spec',
      { 'pool-id': '', 'pool-spec': 'taskSlotsPerNode: 1' },
      ['pool-spec: has a pool without an id (allowed: letters, digits, `-`, `_`; at most 64)'],
    ],
    [
      'a size in the spec',
      { 'pool-id': '', 'vm-size': '', 'pool-spec': 'id: a' },
      ['vm-size: is required: `pool-spec` has no `vmSize` for pool a'],
    ],
  ])('%s', (_, changes, expected) => {
    expect(problems(changes)).toEqual(expected)
  })
})
