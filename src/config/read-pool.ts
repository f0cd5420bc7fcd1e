/** The pool inputs: the requested pools, and how they are brought up. */

import { type ArmId, sameId } from '../model/arm-id.ts'
import { MINUTE_MS } from '../model/duration.ts'
import type { FleetRequest, FleetSettings, ImageKind, Mode, PoolRequest, PoolSettings } from './config.ts'
import type { Group, InputReader, Inputs } from './inputs.ts'
import { type PoolSpec, readPoolSpecs } from './pool-spec.ts'
import { guidanceMs, readResizeTimeout } from './resize-timeout.ts'

/** All pool inputs, with the defaults of `action.yml`. Without an account, none of them may have another value. */
export const POOL_INPUTS: Readonly<Record<string, string>> = {
  'pool-spec': '',
  'pool-id': '',
  'vm-size': '',
  'node-agent-sku-id': '',
  'target-dedicated-nodes': '',
  'target-low-priority-nodes': '',
  'resize-timeout': '',
  strategy: 'in-place',
  'canary-nodes': 'auto',
  'smoke-test': '',
  'smoke-test-timeout': '15m',
  'on-failure': 'rollback',
  'node-deallocation-option': 'taskcompletion',
  'max-resizes': '5',
  wait: 'nodes',
  'min-healthy-percentage': '100',
  'min-healthy-spot-percentage': '',
  'node-start-timeout': '30m',
  'on-cancel': 'leave',
  'show-cost': 'false',
}

interface PoolContext {
  readonly group: Group
  /** The kind of the image that the nodes will have. */
  readonly imageKind: ImageKind
  readonly mode: Mode
}

/**
 * `undefined` without an account. The other pool inputs are checked even then: if they are set, `batch-account` is probably empty because a
 * variable was not set.
 */
export function readPool(inputs: Inputs, reader: InputReader, context: PoolContext): FleetSettings | undefined {
  const account = inputs.resource('batch-account', ACCOUNT_TYPE, context.group)
  const given = Object.entries(POOL_INPUTS).filter(([name, byDefault]) => !['', byDefault].includes(inputs.text(name).toLowerCase()))
  if (!account && given.length === 0) return undefined
  const specs = readSpecs(inputs, reader, context.mode)
  const unassigned = specs.filter(({ batchAccount }) => batchAccount === undefined)
  if (inputs.text('batch-account') === '' && (specs.length === 0 || unassigned.length > 0)) {
    const users =
      unassigned.length < specs.length
        ? unassigned.map(({ id }) => `pool ${id ?? '(without an id)'}`)
        : given.map(([name]) => `\`${name}\``)
    for (const user of users) inputs.need('batch-account', user)
  }
  const settings = readSettings(inputs)
  const requests = specs.map((spec) => {
    const request = readRequest(inputs, spec, context.imageKind)
    const own = spec.batchAccount === undefined ? account : inputs.resourceOf('pool-spec', spec.batchAccount, ACCOUNT_TYPE, context.group)
    refuseOtherAccount(inputs, spec, own)
    return { ...request, account: own }
  })
  refuseTwins(inputs, specs, { accounts: requests.map((request) => request.account), imageKind: context.imageKind })
  const placed = requests.filter((request): request is FleetRequest => request.account !== undefined)
  const accounts = distinct(requests.length > 0 ? placed.map((request) => request.account) : account ? [account] : [])
  return accounts.length > 0 ? { ...settings, accounts, requests: placed } : undefined
}

const distinct = (ids: readonly ArmId[]): readonly ArmId[] => [...new Map(ids.map((id) => [id.toLowerCase(), id])).values()]

const ACCOUNT_TYPE = 'Microsoft.Batch/batchAccounts'

/** One for each pool of `pool-spec`; without that input, the pool that `pool-id` and `vm-size` describe. */
function readSpecs(inputs: Inputs, reader: InputReader, mode: Mode): readonly PoolSpec[] {
  const specs = readPoolSpecs(inputs, reader)
  if (inputs.text('pool-spec') === '') {
    if (mode === 'prune' && inputs.text('pool-id') === '') return []
    if (inputs.text('pool-id') !== '' || inputs.text('vm-size') !== '') return [{ properties: {} }]
    if (inputs.text('batch-account') !== '')
      inputs.refuse('pool-spec', 'is required with `batch-account`; a simple pool needs only `pool-id` and `vm-size`')
    return []
  }
  if (specs.length > 1 && inputs.text('pool-id') !== '')
    inputs.refuse('pool-id', 'names one pool, but `pool-spec` has several; give each of them its `id` there')
  return specs
}

/** A pool that was read back names its account. If that is not the account it would go to, one of the two is a mistake. */
function refuseOtherAccount(inputs: Inputs, { id, accountOfId, batchAccount }: PoolSpec, account: ArmId | undefined): void {
  if (!accountOfId || !account || sameId(accountOfId, account) || inputs.text('pool-id') !== '') return
  inputs.refuse(
    'pool-spec',
    `names pool ${id} by a resource id of account ${accountOfId}, but \`${batchAccount === undefined ? 'batch-account' : 'batchAccount'}\` is ${account}`,
    'the name of the pool alone as `id`, or the account of its resource id as `batchAccount`',
    '',
  )
}

/** Batch compares pool ids without regard to case. A managed image is named after its pool, in one resource group for all accounts. */
function refuseTwins(
  inputs: Inputs,
  specs: readonly PoolSpec[],
  { accounts, imageKind }: { readonly accounts: readonly (ArmId | undefined)[]; readonly imageKind: ImageKind },
): void {
  const refuse = (problem: string, allowed?: string) => inputs.refuse('pool-spec', problem, allowed, '')
  for (const [index, { id }] of specs.entries()) {
    const twins = specs.flatMap((other, at) => (at < index && id && other.id?.toLowerCase() === id.toLowerCase() ? [accounts[at]] : []))
    if (twins.some((twin) => twin?.toLowerCase() === accounts[index]?.toLowerCase())) refuse(`names pool ${id} more than once`)
    else if (twins.length > 0 && imageKind === 'managed')
      refuse(
        `names pool ${id} in several accounts, but every managed image is named after its pool`,
        'different ids, or `image-kind: gallery`',
      )
  }
}

function readSettings(inputs: Inputs): Omit<PoolSettings, 'account' | 'requests'> {
  const option = inputs.text('node-deallocation-option')
  if (option.toLowerCase() === 'retaineddata')
    inputs.refuse('node-deallocation-option', 'is retired by Azure Batch', 'taskcompletion, requeue, terminate')
  const minHealthyPercentage = inputs.integer('min-healthy-percentage', { min: 0, max: 100, fallback: 100 })
  return {
    strategy: inputs.choice('strategy', ['in-place', 'blue-green', 'replace', 'resize-only', 'fail'], 'in-place'),
    canaryNodes: readCanaryNodes(inputs),
    ...readSmokeTest(inputs),
    onFailure: inputs.choice('on-failure', ['rollback', 'keep'], 'rollback'),
    nodeDeallocationOption:
      option.toLowerCase() === 'retaineddata'
        ? 'TaskCompletion'
        : inputs.choice('node-deallocation-option', ['TaskCompletion', 'Requeue', 'Terminate'], 'TaskCompletion'),
    maxResizes: inputs.integer('max-resizes', { min: 1, max: 50, fallback: 5 }),
    wait: inputs.choice('wait', ['nodes', 'steady', 'none'], 'nodes'),
    minHealthyPercentage,
    minHealthySpotPercentage: inputs.integer('min-healthy-spot-percentage', { min: 0, max: 100, fallback: minHealthyPercentage }),
    nodeStartTimeoutMs: inputs.durationMs('node-start-timeout', { minMs: MINUTE_MS, maxMs: 350 * MINUTE_MS, fallbackMs: 30 * MINUTE_MS }),
    showCost: inputs.boolean('show-cost', false),
    onCancel: inputs.choice('on-cancel', ['leave', 'stop-resize'], 'leave'),
  }
}

const MOST_CANARY_NODES = 1_000

function readCanaryNodes(inputs: Inputs): PoolSettings['canaryNodes'] {
  const text = inputs.text('canary-nodes').toLowerCase()
  if (text === '' || text === 'auto') return 'auto'
  if (/^\d+$/.test(text) && Number(text) <= MOST_CANARY_NODES) return Number(text)
  inputs.refuse('canary-nodes', 'is neither `auto` nor a whole number in the range', `auto, 0 to ${MOST_CANARY_NODES}`)
  return 'auto'
}

const LONGEST_SMOKE_TEST_MS = 350 * MINUTE_MS

function readSmokeTest(inputs: Inputs): Pick<PoolSettings, 'smokeTest'> {
  const timeoutMs = inputs.durationMs('smoke-test-timeout', {
    minMs: MINUTE_MS,
    maxMs: LONGEST_SMOKE_TEST_MS,
    fallbackMs: 15 * MINUTE_MS,
  })
  const commandLine = inputs.text('smoke-test')
  if (commandLine === '') return {}
  const wait = inputs.text('wait').toLowerCase()
  if (wait === 'steady' || wait === 'none')
    inputs.refuse('smoke-test', `is part of the health gate, which \`wait: ${wait}\` leaves out`, '`wait: nodes`', '')
  return { smokeTest: { commandLine, timeoutMs } }
}

/** In a container pool, a task runs in a container image. */
function refuseTestWithoutImage(inputs: Inputs, id: string, { deploymentConfiguration }: PoolSpec['properties']): void {
  const { containerConfiguration } = deploymentConfiguration?.virtualMachineConfiguration ?? {}
  const { containerImageNames = [] } = (containerConfiguration ?? {}) as { readonly containerImageNames?: readonly string[] }
  if (inputs.text('smoke-test') !== '' && containerConfiguration && containerImageNames.length === 0)
    inputs.refuse('smoke-test', `has no image to run in: container pool ${id} has no \`containerImageNames\``, undefined, '')
}

function readRequest(inputs: Inputs, spec: PoolSpec, imageKind: ImageKind): PoolRequest {
  const id = inputs.text('pool-id') || spec.id || ''
  if (!/^[\w-]{1,64}$/.test(id))
    inputs.refuse(
      inputs.text('pool-id') || !inputs.text('pool-spec') ? 'pool-id' : 'pool-spec',
      id ? 'is not a valid pool id' : inputs.text('pool-spec') ? 'has a pool without an id' : 'is required',
      'letters, digits, `-`, `_`; at most 64',
      id,
    )
  refuseTestWithoutImage(inputs, id, spec.properties)
  const vmSize = inputs.text('vm-size') || spec.properties.vmSize
  if (!vmSize)
    inputs.refuse('vm-size', `is required${inputs.text('pool-spec') && `: \`pool-spec\` has no \`vmSize\`${id && ` for pool ${id}`}`}`)
  const { fixedScale, autoScale } = spec.properties.scaleSettings ?? {}
  const count = (input: string, fallback: number | undefined) => inputs.integer(input, { min: 0, max: 100_000, fallback: fallback ?? 0 })
  const target = {
    dedicated: count('target-dedicated-nodes', fixedScale?.targetDedicatedNodes),
    lowPriority: count('target-low-priority-nodes', fixedScale?.targetLowPriorityNodes),
  }
  const { targetDedicatedNodes, targetLowPriorityNodes } = fixedScale ?? {}
  const isSized =
    autoScale !== undefined ||
    (targetDedicatedNodes ?? targetLowPriorityNodes) !== undefined ||
    ['target-dedicated-nodes', 'target-low-priority-nodes'].some((input) => inputs.text(input) !== '')
  const isTimed = fixedScale?.resizeTimeout !== undefined || inputs.text('resize-timeout') !== ''
  const nodeAgentSkuId =
    inputs.text('node-agent-sku-id') || spec.properties.deploymentConfiguration?.virtualMachineConfiguration?.nodeAgentSkuId
  return {
    id,
    target,
    properties: { ...spec.properties, ...(vmSize && { vmSize }) },
    autoScale:
      autoScale !== undefined && ['target-dedicated-nodes', 'target-low-priority-nodes'].every((input) => inputs.text(input) === ''),
    resizeTimeout: readResizeTimeout(inputs, fixedScale?.resizeTimeout, guidanceMs(target.dedicated + target.lowPriority, imageKind)),
    sizeSource: isSized ? 'requested' : 'existing',
    ...(!isSized && !isTimed && { resizeTimeoutFor: imageKind }),
    ...(nodeAgentSkuId && { nodeAgentSkuId }),
    ...(spec.identity && { identity: spec.identity }),
    ...(spec.tags && { tags: spec.tags }),
  }
}
