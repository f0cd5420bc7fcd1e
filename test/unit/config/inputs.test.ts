import { describe, expect, test } from 'vitest'
import type { Config } from '../../../src/config/config.ts'
import { config, type Given, OTHER, problems, SUBSCRIPTION, VERSION_ID, VM_ID, without } from '../../fixtures/config-inputs.ts'

describe('a choice', () => {
  const CHOICES: readonly (readonly [string, readonly string[]])[] = [
    ['mode', ['apply', 'plan', 'validate', 'prune']],
    ['environment', ['AzureCloud', 'AzureUSGovernment', 'AzureChinaCloud']],
    ['capture', ['auto', 'live', 'deallocate', 'generalized', 'copy', 'restore-point']],
    ['image-kind', ['gallery', 'managed']],
    ['replication', ['Full', 'Shallow']],
    ['keep-snapshots', ['true', 'false']],
    ['strategy', ['in-place', 'blue-green', 'replace', 'resize-only', 'fail']],
    ['on-failure', ['rollback', 'keep']],
    ['node-deallocation-option', ['TaskCompletion', 'Requeue', 'Terminate']],
    ['wait', ['nodes', 'steady', 'none']],
    ['on-cancel', ['leave', 'stop-resize']],
    ['summary', ['true', 'false']],
    ['comment', ['true', 'false']],
  ]
  const companions: Given = { 'client-id': 'c', 'tenant-id': 't', 'github-token': 'g' }

  test.each(CHOICES)('%s takes each of its values in any case, and tells them when it gets another', (input, allowed) => {
    for (const value of allowed) {
      expect(problems({ ...companions, [input]: value })).toEqual([])
      expect(config({ ...companions, [input]: value.toUpperCase() })).toEqual(config({ ...companions, [input]: value }))
    }
    expect(problems({ ...companions, [input]: 'maybe' })).toEqual([
      `${input} "maybe": is not an allowed value (allowed: ${allowed.join(', ')})`,
    ])
  })
})

test('canary-nodes is auto or a number', () => {
  for (const [value, read] of [
    ['auto', 'auto'],
    ['AUTO', 'auto'],
    ['', 'auto'],
    ['0', 0],
    ['1000', 1_000],
  ] as const)
    expect(config({ 'canary-nodes': value }).pool?.canaryNodes).toBe(read)
  for (const value of ['1001', '-1', '1.5', 'one'])
    expect(problems({ 'canary-nodes': value })).toEqual([
      expect.stringMatching(/^canary-nodes .*is neither `auto` nor a whole number.*auto, 0 to 1000/),
    ])
})

describe('a number', () => {
  const NUMBERS: readonly (readonly [string, number, number, (read: Config) => unknown])[] = [
    ['replicas', 1, 100, ({ image }) => image?.replicas],
    ['retain-versions', 0, 1_000, ({ image }) => image?.retainVersions],
    ['max-resizes', 1, 50, ({ pool }) => pool?.maxResizes],
    ['min-healthy-percentage', 0, 100, ({ pool }) => pool?.minHealthyPercentage],
    ['target-dedicated-nodes', 0, 100_000, ({ pool }) => pool?.requests[0]?.target.dedicated],
    ['target-low-priority-nodes', 0, 100_000, ({ pool }) => pool?.requests[0]?.target.lowPriority],
  ]

  test.each(NUMBERS)('%s is from %i to %i', (input, min, max, read) => {
    for (const value of [min, max]) expect(read(config({ [input]: String(value) }))).toBe(value)
    for (const value of [String(min - 1), String(max + 1), '1.5', '1e1', '0x1', '١', 'many', '+1', '1 0']) {
      expect(problems({ [input]: value })).toEqual([`${input} "${value}": is not a whole number in the range (allowed: ${min} to ${max})`])
    }
  })
})

describe('a duration', () => {
  test.each([
    ['timeout', '1 min to 350 min', (read: Config) => read.timeoutMs],
    ['node-start-timeout', '1 min to 350 min', (read: Config) => read.pool?.nodeStartTimeoutMs],
  ])('%s', (input, range, read) => {
    for (const [text, minutes] of [
      ['1m', 1],
      ['350m', 350],
      ['5h50m', 350],
      ['PT1H30M', 90],
      ['90m', 90],
      ['60s', 1],
    ] as const) {
      expect(read(config({ [input]: text }))).toBe(minutes * 60_000)
    }
    expect(problems({ [input]: '30' })).toEqual([`${input} "30": is not a duration (allowed: PT30M, 30m, 1h; ${range})`])
    for (const text of ['0m', '59s', '351m', 'P1D']) {
      expect(problems({ [input]: text })).toEqual([`${input} "${text}": is out of range (allowed: PT30M, 30m, 1h; ${range})`])
    }
  })
})

describe('the subscription', () => {
  const idsOf = (subscription: string): Given => ({ vm: VM_ID.replace(SUBSCRIPTION, subscription) })

  test.each<[string, Given, Given, string]>([
    ['the input goes before all', { ...idsOf(OTHER), 'subscription-id': SUBSCRIPTION }, { AZURE_SUBSCRIPTION_ID: OTHER }, SUBSCRIPTION],
    ['then that of an id', { ...idsOf(OTHER), 'subscription-id': '' }, { AZURE_SUBSCRIPTION_ID: SUBSCRIPTION }, OTHER],
    ['then the environment', { 'subscription-id': '' }, { AZURE_SUBSCRIPTION_ID: OTHER }, OTHER],
  ])('%s', (_, changes, environment, expected) => {
    expect(config(changes, environment).identity.subscriptionId).toBe(expected)
  })

  test('a resource keeps the subscription and group of its own id', () => {
    const { source } = config({ vm: VM_ID.replace(SUBSCRIPTION, OTHER).replace('render-rg', 'other-rg') })
    expect(source).toMatchObject({ id: VM_ID.replace(SUBSCRIPTION, OTHER).replace('render-rg', 'other-rg') })
  })

  test('is missed by each name, and by the image', () => {
    expect(problems({}, without('subscription-id'))).toEqual([
      'subscription-id: is required for `vm`, `gallery`, snapshots and images, `batch-account`',
      'client-id: is empty like `subscription-id`; if they come from variables, check that this repository has them (Settings › Secrets and variables › Actions › Variables)',
    ])
  })

  test('is missed where only a VHD is given', () => {
    const given = {
      vhd: 'os=https://a.blob.core.windows.net/c/os.vhd',
      'resource-group': 'g',
      'image-name': 'golden',
      'image-kind': 'managed',
    }
    expect(problems(given, {})).toEqual(['subscription-id: is required for snapshots and images', expect.stringMatching(/^client-id: /)])
  })
})

describe('a name or an id', () => {
  test.each<[string, Given, string]>([
    ['a path', { vm: '../golden' }, 'vm "../golden": is neither a name nor a resource id'],
    ['dots', { vm: '..' }, 'vm "..": is neither a name nor a resource id'],
    ['a query', { 'batch-account': 'a?x=1' }, 'batch-account "a?x=1": is neither a name nor a resource id'],
    ['a space', { vm: 'golden vm' }, 'vm "golden vm": is neither a name nor a resource id'],
    [
      'an id of another type',
      { vm: VERSION_ID },
      `vm "${VERSION_ID}": is not a resource id of type Microsoft.Compute/virtualMachines (allowed: /subscriptions/…/resourceGroups/…/providers/Microsoft.Compute/virtualMachines/…)`,
    ],
    [
      'an id with a query',
      { vm: `${VM_ID}?x` },
      `vm "${VM_ID}?x": is not a resource id of type Microsoft.Compute/virtualMachines (allowed: /subscriptions/…/resourceGroups/…/providers/Microsoft.Compute/virtualMachines/…)`,
    ],
    [
      'a group that is a path',
      { 'resource-group': 'a/b' },
      'resource-group "a/b": is not a valid resource group name (allowed: letters, digits, `.`, `-`, `_`, `(`, `)`; at most 90)',
    ],
    ['a subscription that is a path', { 'subscription-id': 'a/b' }, 'subscription-id "a/b": is not a valid subscription id'],
    [
      'a gallery with a hyphen',
      { gallery: 'render-farm' },
      'gallery "render-farm": is not a valid gallery name (allowed: letters, digits, `.`, `_` (no `-`); at most 80)',
    ],
    [
      'an image name with a space',
      { 'image-name': 'a b' },
      'image-name "a b": is not a valid image name (allowed: letters, digits, `.`, `-`, `_`; at most 80)',
    ],
    [
      'a pool id with a dot',
      { 'pool-id': 'render.1' },
      'pool-id "render.1": is not a valid pool id (allowed: letters, digits, `-`, `_`; at most 64)',
    ],
  ])('%s is refused', (_, changes, expected) => {
    expect(problems(changes)).toEqual([expected])
  })

  test.each<[string, Given]>([
    ['an id in another case', { vm: VM_ID.replace('virtualMachines', 'VIRTUALMACHINES') }],
    ['an id with a slash behind', { vm: `${VM_ID}/` }],
    ['names at their longest', { 'image-name': 'a'.repeat(80), gallery: 'a'.repeat(80), 'pool-id': 'p'.repeat(64) }],
    ['a group with letters of any language', { 'resource-group': 'größe_(1).x' }],
  ])('%s is taken', (_, changes) => {
    expect(problems(changes)).toEqual([])
  })
})
