/** Inputs as texts → one typed value, or every problem at once. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Config } from '../../../src/config/config.ts'
import { parseConfig } from '../../../src/config/parse-config.ts'
import { guidanceMs } from '../../../src/config/resize-timeout.ts'
import { InputError } from '../../../src/errors/input-error.ts'

type Given = Readonly<Record<string, string>>

const SUBSCRIPTION = '11111111-2222-3333-4444-555555555555'
const OTHER = '99999999-2222-3333-4444-555555555555'
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/render-rg`
const VM_ID = `${GROUP}/providers/Microsoft.Compute/virtualMachines/golden-vm`
const VERSION_ID = `${GROUP}/providers/Microsoft.Compute/galleries/farm/images/golden/versions/1.0.0`

/** The least that makes an image and a pool. */
const LEAST: Given = {
  vm: 'golden-vm',
  'subscription-id': SUBSCRIPTION,
  'resource-group': 'render-rg',
  'image-name': 'golden',
  gallery: 'farm',
  'batch-account': 'renderfarm',
  'pool-id': 'render',
  'vm-size': 'Standard_D4s_v5',
}

function parse(given: Given, environment: Given = {}, files: Given = {}): Config {
  return parseConfig({
    input: (name) => (given[name] ?? '').trim(),
    environment: (name) => environment[name],
    file: (name) => files[name],
  })
}

const config = (changes: Given, environment: Given = {}) => parse({ ...LEAST, ...changes }, environment)

/** What a user is told, line by line. */
function problems(changes: Given, base: Given = LEAST): readonly string[] {
  try {
    parse({ ...base, ...changes })
  } catch (error) {
    if (error instanceof InputError) return error.message.split('\n')
    throw error
  }
  return []
}

/** Without an input of the least. */
const without = (...names: readonly string[]): Given => Object.fromEntries(Object.entries(LEAST).filter(([name]) => !names.includes(name)))

test('the least there is, with every default', () => {
  expect(config({})).toEqual({
    mode: 'apply',
    identity: { auth: 'auto', subscriptionId: SUBSCRIPTION, environment: 'AzureCloud' },
    source: { kind: 'vm', id: VM_ID, capture: 'live' },
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
      canaryNodes: 0,
      onFailure: 'keep',
      nodeDeallocationOption: 'TaskCompletion',
      maxResizes: 5,
      wait: 'nodes',
      minHealthyPercentage: 100,
      nodeStartTimeoutMs: 1_800_000,
      onCancel: 'leave',
    },
    timeoutMs: 7_200_000,
  })
})

describe('a choice', () => {
  const CHOICES: readonly (readonly [string, readonly string[]])[] = [
    ['mode', ['apply', 'plan', 'validate', 'prune']],
    ['auth', ['auto', 'oidc', 'cli', 'managed-identity', 'environment']],
    ['environment', ['AzureCloud', 'AzureUSGovernment', 'AzureChinaCloud']],
    ['capture', ['live', 'deallocate', 'generalized', 'copy']],
    ['image-kind', ['gallery', 'managed']],
    ['rebuild', ['auto', 'always']],
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
      `${input} "maybe": is none of the values allowed (allowed: ${allowed.join(', ')})`,
    ])
  })
})

describe('a number', () => {
  const NUMBERS: readonly (readonly [string, number, number, (read: Config) => unknown])[] = [
    ['replicas', 1, 100, ({ image }) => image?.replicas],
    ['retain-versions', 0, 1_000, ({ image }) => image?.retainVersions],
    ['canary-nodes', 0, 1_000, ({ pool }) => pool?.canaryNodes],
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

  test('resize-timeout is at least five minutes, and not longer than the run', () => {
    expect(config({ 'resize-timeout': '90m' }).pool?.requests[0]?.resizeTimeout).toBe('PT1H30M')
    expect(config({ 'resize-timeout': '2h' }).pool?.requests[0]?.resizeTimeout).toBe('PT2H')
    expect(problems({ 'resize-timeout': '4m' })).toEqual([
      'resize-timeout "4m": is out of range (allowed: PT30M, 30m, 1h; 5 min to no limit)',
    ])
    const tooLong = 'resize-timeout "3h": is longer than the `timeout` of the whole run (allowed: at most 120 min, or a longer timeout)'
    expect(problems({ 'resize-timeout': '3h' })).toEqual([tooLong])
    expect(problems({ 'resize-timeout': '3h', timeout: '4h' })).toEqual([])
    expect(problems({ 'resize-timeout': '3h', wait: 'none' })).toEqual([])
  })

  test('blue-green gives no jobs to a pool that nobody waits for', () => {
    expect(problems({ strategy: 'blue-green', wait: 'none' })).toEqual([
      'wait "none": would give the jobs to a new pool without nodes, with `strategy: blue-green` (allowed: nodes, steady)',
    ])
  })

  test('of a resize is by guidance where none is given', () => {
    expect(config({ 'target-dedicated-nodes': '2500' }).pool?.requests[0]?.resizeTimeout).toBe('PT45M')
    expect(config({ 'target-dedicated-nodes': '301', 'image-kind': 'managed' }).pool?.requests[0]?.resizeTimeout).toBe('PT30M')
    const managed = { vm: '', 'image-name': '', gallery: '', 'image-id': `${GROUP}/providers/Microsoft.Compute/images/golden` }
    expect(config({ ...managed, 'target-dedicated-nodes': '301' }).pool?.requests[0]?.resizeTimeout).toBe('PT30M')
    fc.assert(
      fc.property(fc.nat(20_000), fc.nat(20_000), fc.constantFrom('gallery', 'managed'), (one, more, kind) => {
        expect(guidanceMs(one, kind)).toBeGreaterThanOrEqual(15 * 60_000)
        expect(guidanceMs(one + more, kind)).toBeGreaterThanOrEqual(guidanceMs(one, kind))
      }),
    )
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
      'subscription-id: is needed for the name given as `vm`',
      'subscription-id: is needed for the name given as `gallery`',
      'subscription-id: is required: snapshots and images go there',
      'subscription-id: is needed for the name given as `batch-account`',
    ])
  })

  test('is missed where only a VHD is given', () => {
    const given = {
      vhd: 'os=https://a.blob.core.windows.net/c/os.vhd',
      'resource-group': 'g',
      'image-name': 'golden',
      'image-kind': 'managed',
    }
    expect(problems(given, {})).toEqual(['subscription-id: is required: snapshots and images go there'])
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
      'resource-group "a/b": is no name of a resource group (allowed: letters, digits, `.`, `-`, `_`, `(`, `)`; at most 90)',
    ],
    ['a subscription that is a path', { 'subscription-id': 'a/b' }, 'subscription-id "a/b": is no id of a subscription'],
    [
      'a gallery with a hyphen',
      { gallery: 'render-farm' },
      'gallery "render-farm": is no name of a gallery (allowed: letters, digits, `.`, `_` (no `-`); at most 80)',
    ],
    [
      'an image name with a space',
      { 'image-name': 'a b' },
      'image-name "a b": is no name of an image (allowed: letters, digits, `.`, `-`, `_`; at most 80)',
    ],
    [
      'a pool id with a dot',
      { 'pool-id': 'render.1' },
      'pool-id "render.1": has an id that is none of a pool (allowed: letters, digits, `-`, `_`; at most 64)',
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

  test.each([
    ['1.0.0', true],
    ['2026.1124.0', true],
    ['1.0.2026112401', true],
    ['2147483647.0.0', true],
    ['AUTO', true],
    ['2147483648.0.0', false],
    ['1.0', false],
    ['1.0.0.0', false],
    ['v1.0.0', false],
    ['1.0.0-rc', false],
    ['latest', false],
  ])('image-version %s', (version, isTaken) => {
    const refused = [`image-version "${version}": is no version (allowed: auto or Major.Minor.Patch; each part at most 2147483647)`]
    expect(problems({ 'image-version': version })).toEqual(isTaken ? [] : refused)
  })
})

describe('the source', () => {
  test.each<[string, Given, string]>([
    ['none', {}, 'vm: no source is given (allowed: vm, snapshots, vhd, managed-image, image-id)'],
    [
      'two',
      { vm: 'a', 'image-id': VERSION_ID },
      'vm: only one source may be given, not vm and image-id (allowed: vm, snapshots, vhd, managed-image, image-id)',
    ],
    ['snapshots without an OS disk', { snapshots: '0=data' }, 'snapshots: needs exactly one line `os=…`'],
    ['snapshots with two OS disks', { snapshots: 'os=a\nos=b' }, 'snapshots: needs exactly one line `os=…`'],
    ['a LUN twice', { snapshots: 'os=a\n1=b\n1=c' }, 'snapshots: names a LUN twice'],
    ['a LUN too high', { snapshots: 'os=a\n64=b' }, 'snapshots "64": names a disk that is neither `os` nor a LUN (allowed: os, 0 to 63)'],
    ['a line without a value', { snapshots: 'os=a\n0=' }, 'snapshots "0=": has a line that is not key=value'],
    [
      'an image that is none',
      { 'image-id': VM_ID },
      `image-id "${VM_ID}": is no resource id of an image version or managed image (allowed: …/galleries/…/images/…/versions/… or …/images/…)`,
    ],
    [
      'a managed image as such',
      { 'managed-image': 'm', 'image-kind': 'managed' },
      'managed-image "m": is an image already: there is nothing to build with `image-kind: managed` (allowed: `image-id`)',
    ],
    [
      'a VHD with a signature',
      { vhd: 'os=https://a.blob.core.windows.net/c/os.vhd?sv=1&sig=secret' },
      'vhd "https://a.blob.core.windows.net/c/os.vhd": carries a signature: leave it out (allowed: https://<account>.blob.core.windows.net/<container>/<name>.vhd)',
    ],
    [
      'a script without a VM',
      { snapshots: 'os=a', 'prepare-script': 'true' },
      'prepare-script: runs in a VM, not in a source given as `snapshots`',
    ],
    [
      'a script in a generalized VM',
      { vm: 'a', capture: 'generalized', 'prepare-script': 'true' },
      'prepare-script: cannot run in a VM that is generalized already (allowed: `capture: live`, `deallocate` or `copy`)',
    ],
  ])('%s', (_, changes, expected) => {
    expect(problems(changes, without('vm'))).toContain(expected)
  })

  test('lines may end as on Windows, and be indented', () => {
    const { source } = parse({ ...without('vm'), snapshots: '  os = golden-os \r\n\r\n\t0=data-0\r\n' })
    expect(source).toEqual({
      kind: 'snapshots',
      disks: [
        { disk: 'os', source: `${GROUP}/providers/Microsoft.Compute/snapshots/golden-os` },
        { disk: 0, source: `${GROUP}/providers/Microsoft.Compute/snapshots/data-0` },
      ],
    })
  })

  test('an image that is given needs nothing of the image half', () => {
    const given = { 'image-id': VERSION_ID, 'batch-account': 'renderfarm', 'resource-group': 'g', 'pool-id': 'p', 'vm-size': 's' }
    const { image, source } = parse(given)
    expect(image).toBeUndefined()
    expect(source).toEqual({ kind: 'image-id', id: VERSION_ID })
  })

  test('pruning needs none, but the account', () => {
    const prune = { mode: 'prune', 'image-name': 'golden', gallery: 'farm', 'resource-group': 'g', 'subscription-id': SUBSCRIPTION }
    expect(problems(prune, {})).toEqual(['batch-account: is needed to see which images its pools still use, before any is deleted'])
    expect(parse({ ...prune, 'batch-account': 'a' })).toMatchObject({ source: { kind: 'none' }, pool: { requests: [] } })
  })

  test('retention needs the account too', () => {
    expect(problems({ 'retain-versions': '3' }, without('batch-account'))).toEqual([
      'batch-account: is needed to see which images its pools still use, before any is deleted',
    ])
  })
})

describe('regions', () => {
  test.each<[string, Config['image'] extends infer I ? (I extends { targetRegions: infer R } ? R : never) : never]>([
    ['westeurope', [{ name: 'westeurope' }]],
    ['West Europe=2', [{ name: 'West Europe', replicas: 2 }]],
    ['West Europe = 2 / standard_zrs', [{ name: 'West Europe', replicas: 2, storageAccountType: 'Standard_ZRS' }]],
    ['a=1\r\nb', [{ name: 'a', replicas: 1 }, { name: 'b' }]],
  ])('%j', (text, expected) => {
    expect(config({ 'target-regions': text }).image?.targetRegions).toEqual(expected)
  })

  test.each(['west-europe', 'a=0', 'a=101', 'a=two', 'a=1/Fast_LRS', 'a/Standard_LRS', '=1'])('%s is refused', (line) => {
    expect(problems({ 'target-regions': line })).toEqual([
      `target-regions "${line}": has a line that is no region (allowed: region[=replicas[/storage-type]]; 1 to 100 replicas; Standard_LRS, Standard_ZRS, Premium_LRS, PremiumV2_LRS)`,
    ])
  })
})

describe('tags', () => {
  test('are name=value, a line each; a value may hold anything', () => {
    expect(config({ tags: 'team=render\r\ncost center = 4711 \nurl=https://x/?a=b' }).image?.tags).toEqual({
      team: 'render',
      'cost center': '4711',
      url: 'https://x/?a=b',
    })
  })

  test.each<[string, string]>([
    ['a<b=1', 'tags "a<b": is no name of a tag'],
    ['a/b=1', 'tags "a/b": is no name of a tag'],
    ['a\\b=1', 'tags "a\\b": is no name of a tag'],
    ['a%b=1', 'tags "a%b": is no name of a tag'],
    [`${'n'.repeat(513)}=1`, 'is no name of a tag'],
    [`a=${'v'.repeat(257)}`, 'tags "a": has a value that is too long (allowed: at most 256 characters)'],
    ['Microsoft.x=1', 'begins with a name that Azure keeps to itself'],
    ['Image-Pool-Tool=1', 'tags "Image-Pool-Tool": is a tag that this action sets itself'],
    ['a=1\nA=2', 'tags "A": names a tag twice'],
    ['novalue', 'tags "novalue": has a line that is not key=value'],
    [Array.from({ length: 39 }, (_, index) => `t${index}=1`).join('\n'), 'tags: are 39 (allowed: at most 38, beside those of this action)'],
  ])('%.30s is refused', (text, expected) => {
    const told = problems({ tags: text })
    expect(told).toHaveLength(1)
    expect(told[0]).toContain(expected)
  })

  test('at their limits are taken', () => {
    const most = Array.from({ length: 38 }, (_, index) => `${'n'.repeat(500)}${index}=${'v'.repeat(256)}`).join('\n')
    expect(problems({ tags: most })).toEqual([])
  })
})

describe('inputs that need each other', () => {
  test.each<[string, Given, readonly string[]]>([
    ['oidc', { auth: 'oidc' }, ['client-id: is needed with `auth: oidc`', 'tenant-id: is needed with `auth: oidc`']],
    ['a comment', { comment: 'true' }, ['github-token: is needed with `comment: true`']],
    [
      'retained data',
      { 'node-deallocation-option': 'RetainedData' },
      ['node-deallocation-option "RetainedData": is retired by Azure Batch (allowed: taskcompletion, requeue, terminate)'],
    ],
    ['http', { 'resource-manager-url': 'http://x' }, ['resource-manager-url "http://x": is not an https address (allowed: https://host)']],
    [
      'one id for several pools',
      { 'pool-spec': '[{id: a, vmSize: s}, {id: b, vmSize: s}]' },
      ['pool-id "render": is one id, but `pool-spec` has several pools; give each pool its `id` there'],
    ],
  ])('%s', (_, changes, expected) => {
    expect(problems(changes)).toEqual(expected)
  })

  test('ids of the identity come from the environment too', () => {
    const environment = { AZURE_CLIENT_ID: 'c', AZURE_TENANT_ID: 't' }
    expect(config({ auth: 'oidc' }, environment).identity).toMatchObject({ clientId: 'c', tenantId: 't' })
    expect(config({ 'client-id': 'x' }, environment).identity).toMatchObject({ clientId: 'x', tenantId: 't' })
  })

  test('a slash behind the ARM address is dropped', () => {
    expect(config({ 'resource-manager-url': 'https://management.local//' }).identity.resourceManagerUrl).toBe('https://management.local')
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
