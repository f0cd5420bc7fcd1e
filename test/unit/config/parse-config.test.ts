/** Inputs as texts → one typed value, or every problem at once. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { config, type Given, GROUP, problems, SUBSCRIPTION, VERSION_ID, VM_ID } from '../../fixtures/config-inputs.ts'

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
      keepSnapshots: false,
      retainVersions: 0,
      tags: {},
    },
    pool: {
      account: `${GROUP}/providers/Microsoft.Batch/batchAccounts/renderfarm`,
      requests: [
        {
          id: 'render',
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
      onCancel: 'leave',
    },
    timeoutMs: 7_200_000,
    notices: [],
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

test('all problems are told at once', () => {
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
