/** The inputs of the action as one typed value. `parseConfig` reports every problem at once. */

import { InputError } from '../errors/explanation.ts'
import { type ArmId, armId, nameOf, parseArmId } from '../model/arm-id.ts'
import { isoDuration, parseDurationMs } from '../model/duration.ts'
import type { NodeDeallocationOption, OsType, PoolEnvelope, PoolProperties, Tags } from '../run/runner.ts'
import { Inputs } from './inputs.ts'
import { type PoolSpec, readPoolSpecs } from './pool-spec.ts'
import { readTags } from './read-tags.ts'

export type CloudName = 'AzureCloud' | 'AzureUSGovernment' | 'AzureChinaCloud'
export type Mode = 'apply' | 'plan' | 'validate' | 'prune'
export type ImageKind = 'gallery' | 'managed'
export type Capture = 'live' | 'deallocate' | 'generalized' | 'copy'

export interface Identity {
  readonly auth: 'auto' | 'oidc' | 'cli' | 'managed-identity' | 'environment'
  readonly clientId?: string
  readonly tenantId?: string
  readonly subscriptionId: string
  readonly environment: CloudName
  /** Without a trailing slash. */
  readonly resourceManagerUrl?: string
}

export interface DiskSource {
  readonly disk: 'os' | number
  /** ARM id of a snapshot, or URL of a VHD blob without a signature. */
  readonly source: string
}

export type Source =
  | { readonly kind: 'vm'; readonly id: ArmId; readonly capture: Capture; readonly prepareScript?: string }
  | { readonly kind: 'snapshots'; readonly disks: readonly DiskSource[] }
  | {
      readonly kind: 'vhd'
      readonly disks: readonly DiskSource[]
      readonly osType: OsType
      readonly hyperVGeneration: 'V1' | 'V2'
      readonly storageAccount?: string
    }
  | { readonly kind: 'managed-image'; readonly id: ArmId }
  | { readonly kind: 'image-id'; readonly id: ArmId }
  /** `mode: prune` builds nothing. */
  | { readonly kind: 'none' }

export interface ImageSettings {
  readonly kind: ImageKind
  /** Gallery image definition, or base name of the managed image. */
  readonly name: string
  /** Resource group where snapshots and images go. */
  readonly resourceGroup: ArmId
  /** Present for `gallery`. */
  readonly gallery?: ArmId
  /** `auto`, or `Major.Minor.Patch`. */
  readonly version: string
  readonly rebuild: 'auto' | 'always'
  readonly targetRegions: readonly { readonly name: string; readonly replicas?: number; readonly storageAccountType?: string }[]
  readonly replicas: number | 'auto'
  readonly keepSnapshots: boolean
  readonly retainVersions: number
  readonly tags: Tags
}

/** One pool as asked for; the image is filled in later. */
export interface PoolRequest extends PoolEnvelope {
  readonly id: string
  readonly properties: PoolProperties
  readonly target: { readonly dedicated: number; readonly lowPriority: number }
  /** The pool's formula decides the size. */
  readonly autoScale: boolean
  /** No size is given anywhere: a pool that is there keeps its own. In a plan: nobody knows one. */
  readonly keepsSize?: true
  /** ISO 8601; as asked for, or by the documented guidance for the target. */
  readonly resizeTimeout: string
  /** Neither size nor resize timeout is given: the guidance is to be that for an image of this kind and the size the pool has. */
  readonly resizeTimeoutFor?: ImageKind
  /** Absent: looked up from the source's base image. */
  readonly nodeAgentSkuId?: string
}

export interface PoolSettings {
  readonly account: ArmId
  readonly requests: readonly PoolRequest[]
  readonly strategy: 'in-place' | 'blue-green' | 'replace' | 'resize-only' | 'fail'
  readonly canaryNodes: number
  readonly onFailure: 'rollback' | 'keep'
  readonly nodeDeallocationOption: NodeDeallocationOption
  readonly maxResizes: number
  readonly wait: 'nodes' | 'steady' | 'none'
  readonly minHealthyPercentage: number
  readonly nodeStartTimeoutMs: number
  readonly onCancel: 'leave' | 'stop-resize'
}

export interface Config {
  readonly mode: Mode
  readonly identity: Identity
  readonly source: Source
  /** Absent with `image-id`. */
  readonly image?: ImageSettings
  /** Absent without `batch-account`: image half only. */
  readonly pool?: PoolSettings
  /** The whole run. */
  readonly timeoutMs: number
}

/** Reads raw texts: an input by name (trimmed, `''` where not given), a variable of the environment, a file of the workspace. */
export interface InputReader {
  input(name: string): string
  environment(name: string): string | undefined
  /** `undefined` where there is no such file. */
  file(path: string): string | undefined
}

const MINUTE_MS = 60_000
const SOURCES = ['vm', 'snapshots', 'vhd', 'managed-image', 'image-id'] as const

interface Group {
  readonly subscriptionId: string
  readonly resourceGroup: string
}

/** @throws InputError with every problem found. */
export function parseConfig(reader: InputReader): Config {
  const inputs = new Inputs(reader)
  const group = readGroup(inputs, reader)
  const mode = inputs.choice('mode', ['apply', 'plan', 'validate', 'prune'], 'apply')
  const source = readSource(inputs, group, mode)
  const image = source?.kind === 'image-id' ? undefined : readImage(inputs, group)
  if (source?.kind === 'managed-image' && image?.kind === 'managed')
    inputs.refuse('managed-image', 'is an image already: there is nothing to build with `image-kind: managed`', '`image-id`')
  const pool = readPool(inputs, reader, group, imageKindOf(source, image), mode)
  if (image && !pool && (mode === 'prune' || image.retainVersions > 0))
    inputs.refuse('batch-account', 'is needed to see which images its pools still use, before any is deleted')
  // Only looked at here: what they ask for is done for refused inputs, too.
  inputs.boolean('summary', true)
  const [isCommenting, hasToken] = [inputs.boolean('comment', false), inputs.text('github-token') !== '']
  if (isCommenting && !hasToken) inputs.refuse('github-token', 'is needed with `comment: true`')
  const timeoutMs = inputs.durationMs('timeout', { minMs: MINUTE_MS, maxMs: 350 * MINUTE_MS, fallbackMs: 120 * MINUTE_MS })
  const asked = parseDurationMs(inputs.text('resize-timeout'))
  if (pool && pool.wait !== 'none' && asked !== undefined && asked > timeoutMs)
    inputs.refuse(
      'resize-timeout',
      'is longer than the `timeout` of the whole run',
      `at most ${timeoutMs / MINUTE_MS} min, or a longer timeout`,
    )
  if (pool?.wait === 'none' && pool.strategy === 'blue-green')
    inputs.refuse('wait', 'would give the jobs to a new pool without nodes, with `strategy: blue-green`', 'nodes, steady')
  const config = {
    mode,
    identity: readIdentity(inputs, reader, group),
    timeoutMs,
    ...(image && { image }),
    ...(pool && { pool }),
  }
  if (inputs.problems.length > 0 || !source) throw new InputError(inputs.problems)
  return { ...config, source }
}

/** Of the image that the nodes will have: one that is given, or the one that is built. */
export function imageKindOf(source: Source | undefined, image: ImageSettings | undefined): ImageKind {
  const isManaged = source?.kind === 'image-id' && parseArmId(source.id)?.type.toLowerCase() === 'microsoft.compute/images'
  return isManaged ? 'managed' : (image?.kind ?? 'gallery')
}

function readGroup(inputs: Inputs, reader: InputReader): Group {
  const ids = ['vm', 'batch-account', 'gallery', 'image-id', 'managed-image'].map((name) => parseArmId(inputs.text(name)))
  const fromId = ids.find((id) => id !== undefined)
  const subscriptionId = inputs.text('subscription-id') || fromId?.subscriptionId || reader.environment('AZURE_SUBSCRIPTION_ID') || ''
  const resourceGroup = inputs.text('resource-group')
  if (resourceGroup && !/^[\p{L}\p{N}_.()-]{0,89}[\p{L}\p{N}_()-]$/u.test(resourceGroup))
    inputs.refuse('resource-group', 'is no name of a resource group', 'letters, digits, `.`, `-`, `_`, `(`, `)`; at most 90')
  if (subscriptionId && !/^[\w-]+$/.test(subscriptionId)) inputs.refuse('subscription-id', 'is no id of a subscription')
  return { subscriptionId, resourceGroup }
}

function readIdentity(inputs: Inputs, reader: InputReader, { subscriptionId }: Group): Identity {
  const auth = inputs.choice('auth', ['auto', 'oidc', 'cli', 'managed-identity', 'environment'], 'auto')
  const clientId = inputs.text('client-id') || reader.environment('AZURE_CLIENT_ID')
  const tenantId = inputs.text('tenant-id') || reader.environment('AZURE_TENANT_ID')
  if (auth === 'oidc' && !clientId) inputs.refuse('client-id', 'is needed with `auth: oidc`')
  if (auth === 'oidc' && !tenantId) inputs.refuse('tenant-id', 'is needed with `auth: oidc`')
  const url = inputs.text('resource-manager-url').replace(/\/+$/, '')
  if (url && !/^https:\/\/[^/?#]+$/.test(url)) inputs.refuse('resource-manager-url', 'is not an https address', 'https://host')
  return {
    auth,
    subscriptionId,
    environment: inputs.choice('environment', ['AzureCloud', 'AzureUSGovernment', 'AzureChinaCloud'], 'AzureCloud'),
    ...(clientId && { clientId }),
    ...(tenantId && { tenantId }),
    ...(url && { resourceManagerUrl: url }),
  }
}

function readSource(inputs: Inputs, group: Group, mode: Mode): Source | undefined {
  const given = SOURCES.filter((name) => inputs.text(name) !== '')
  if (mode === 'prune' && given.length === 0) return { kind: 'none' }
  if (given.length !== 1) {
    inputs.refuse(
      'vm',
      given.length === 0 ? 'no source is given' : `only one source may be given, not ${given.join(' and ')}`,
      SOURCES.join(', '),
      '',
    )
    return undefined
  }
  const capture = inputs.choice('capture', ['live', 'deallocate', 'generalized', 'copy'], 'live')
  if (inputs.text('prepare-script') && given[0] !== 'vm')
    inputs.refuse('prepare-script', `runs in a VM, not in a source given as \`${given[0]}\``, '', '')
  else if (inputs.text('prepare-script') && capture === 'generalized')
    inputs.refuse('prepare-script', 'cannot run in a VM that is generalized already', '`capture: live`, `deallocate` or `copy`', '')
  switch (given[0]) {
    case 'vm': {
      const id = inputs.resource('vm', 'Microsoft.Compute/virtualMachines', group)
      const prepareScript = inputs.optional('prepare-script')
      return id && { kind: 'vm', id, capture, ...(prepareScript && { prepareScript }) }
    }
    case 'managed-image': {
      const id = inputs.resource('managed-image', 'Microsoft.Compute/images', group)
      return id && { kind: 'managed-image', id }
    }
    case 'image-id': {
      const text = inputs.text('image-id')
      const parts = parseArmId(text)
      const isImage = /^Microsoft\.Compute\/(?:images|galleries\/images\/versions)$/i.test(parts?.type ?? '')
      if (!parts || !isImage)
        inputs.refuse(
          'image-id',
          'is no resource id of an image version or managed image',
          '…/galleries/…/images/…/versions/… or …/images/…',
        )
      return parts && isImage ? { kind: 'image-id', id: armId(parts) } : undefined
    }
    case 'snapshots':
      return {
        kind: 'snapshots',
        disks: readDisks(inputs, 'snapshots').flatMap(({ disk, source }) => {
          const id = inputs.resourceOf('snapshots', source, 'Microsoft.Compute/snapshots', group)
          return id ? [{ disk, source: id }] : []
        }),
      }
    case 'vhd':
      return {
        kind: 'vhd',
        disks: readVhds(inputs),
        osType: inputs.choice('os-type', ['Linux', 'Windows'], 'Linux'),
        hyperVGeneration: inputs.choice('hyper-v-generation', ['V1', 'V2'], 'V1'),
        ...(inputs.text('vhd-storage-account') && { storageAccount: inputs.text('vhd-storage-account') }),
      }
    default:
      return undefined
  }
}

function readDisks(inputs: Inputs, input: 'snapshots' | 'vhd'): readonly DiskSource[] {
  const disks = inputs.pairs(input).flatMap(([disk, source]): DiskSource[] => {
    if (disk === 'os') return [{ disk, source }]
    if (/^\d{1,2}$/.test(disk) && Number(disk) < 64) return [{ disk: Number(disk), source }]
    inputs.refuse(input, 'names a disk that is neither `os` nor a LUN', 'os, 0 to 63', disk)
    return []
  })
  if (disks.filter(({ disk }) => disk === 'os').length !== 1) inputs.refuse(input, 'needs exactly one line `os=…`', undefined, '')
  if (new Set(disks.map(({ disk }) => disk)).size !== disks.length) inputs.refuse(input, 'names a LUN twice', undefined, '')
  return disks
}

/** The identity of this action reads the blob: a signature is not needed, and would end in tags and reports. */
function readVhds(inputs: Inputs): readonly DiskSource[] {
  const disks = readDisks(inputs, 'vhd')
  const allowed = 'https://<account>.blob.core.windows.net/<container>/<name>.vhd'
  for (const { source } of disks) {
    if (!URL.canParse(source) || !/^https:\/\/[^/?#]+\/[^?#]+\.vhd(?:\?.*)?$/i.test(source))
      inputs.refuse('vhd', 'is no address of a VHD blob', allowed, source.split('?')[0])
    else if (source.includes('?')) inputs.refuse('vhd', 'carries a signature: leave it out', allowed, source.split('?')[0])
  }
  return disks
}

function readImage(inputs: Inputs, group: Group): ImageSettings {
  const kind = inputs.choice('image-kind', ['gallery', 'managed'], 'gallery')
  const name = inputs.text('image-name')
  if (name === '') inputs.refuse('image-name', 'is required')
  else if (!/^[A-Za-z0-9](?:[\w.-]{0,78}[A-Za-z0-9])?$/.test(name))
    inputs.refuse('image-name', 'is no name of an image', 'letters, digits, `.`, `-`, `_`; at most 80')
  const gallery = inputs.resource('gallery', 'Microsoft.Compute/galleries', group)
  if (gallery && !/^[A-Za-z0-9](?:[\w.]{0,78}[A-Za-z0-9])?$/.test(nameOf(gallery)))
    inputs.refuse('gallery', 'is no name of a gallery', 'letters, digits, `.`, `_` (no `-`); at most 80')
  if (kind === 'gallery' && !inputs.text('gallery')) inputs.refuse('gallery', 'is required with `image-kind: gallery`')
  if (!group.resourceGroup) inputs.refuse('resource-group', 'is required: snapshots and images go there')
  if (!group.subscriptionId) inputs.refuse('subscription-id', 'is required: snapshots and images go there')
  const version = inputs.text('image-version').toLowerCase() || 'auto'
  if (version !== 'auto' && !isVersion(version))
    inputs.refuse('image-version', 'is no version', `auto or Major.Minor.Patch; each part at most ${MOST_OF_A_PART}`)
  return {
    kind,
    name,
    version,
    resourceGroup: armId({ ...group, type: '', names: [] }),
    rebuild: inputs.choice('rebuild', ['auto', 'always'], 'auto'),
    targetRegions: inputs.lines('target-regions').flatMap((line) => readRegion(inputs, line)),
    replicas:
      inputs.text('replicas') === 'auto' ? 'auto' : inputs.integer('replicas', { min: 1, max: MOST_REPLICAS, fallback: 0 }) || 'auto',
    keepSnapshots: inputs.boolean('keep-snapshots', false),
    retainVersions: inputs.integer('retain-versions', { min: 0, max: 1_000, fallback: 0 }),
    tags: readTags(inputs),
    ...(kind === 'gallery' && gallery && { gallery }),
  }
}

/** A part of a version is a signed 32-bit integer. https://learn.microsoft.com/azure/virtual-machines/shared-image-galleries#image-versions */
const MOST_OF_A_PART = 2_147_483_647
const isVersion = (text: string): boolean =>
  /^\d{1,10}(?:\.\d{1,10}){2}$/.test(text) && text.split('.').every((part) => Number(part) <= MOST_OF_A_PART)

const MOST_REPLICAS = 100
const STORAGE_TYPES = ['Standard_LRS', 'Standard_ZRS', 'Premium_LRS', 'PremiumV2_LRS']

function readRegion(inputs: Inputs, line: string): ImageSettings['targetRegions'] {
  const [, name, replicas, type] = /^([A-Za-z0-9 ]+?)\s*(?:=\s*(\d{1,3})\s*(?:\/\s*(\w+))?)?$/.exec(line) ?? []
  const storageAccountType = STORAGE_TYPES.find((known) => known.toLowerCase() === type?.toLowerCase())
  const isCount = replicas === undefined || (Number(replicas) >= 1 && Number(replicas) <= MOST_REPLICAS)
  if (name === undefined || !isCount || (type && !storageAccountType)) {
    inputs.refuse(
      'target-regions',
      'has a line that is no region',
      `region[=replicas[/storage-type]]; 1 to ${MOST_REPLICAS} replicas; ${STORAGE_TYPES.join(', ')}`,
      line,
    )
    return []
  }
  return [{ name, ...(replicas && { replicas: Number(replicas) }), ...(storageAccountType && { storageAccountType }) }]
}

function readPool(inputs: Inputs, reader: InputReader, group: Group, imageKind: ImageKind, mode: Mode): PoolSettings | undefined {
  const account = inputs.resource('batch-account', 'Microsoft.Batch/batchAccounts', group)
  if (!account) return undefined
  const specs = readPoolSpecs(inputs, reader)
  if (specs.length > 1 && inputs.text('pool-id') !== '')
    inputs.refuse('pool-id', 'is one id, but `pool-spec` has several pools; give each pool its `id` there')
  const isAsked = specs.length > 0 || inputs.text('pool-id') !== '' || mode !== 'prune'
  const option = inputs.text('node-deallocation-option')
  if (option.toLowerCase() === 'retaineddata')
    inputs.refuse('node-deallocation-option', 'is retired by Azure Batch', 'taskcompletion, requeue, terminate')
  return {
    account,
    requests: isAsked ? (inputs.text('pool-spec') ? specs : [{ properties: {} }]).map((spec) => readRequest(inputs, spec, imageKind)) : [],
    strategy: inputs.choice('strategy', ['in-place', 'blue-green', 'replace', 'resize-only', 'fail'], 'in-place'),
    canaryNodes: inputs.integer('canary-nodes', { min: 0, max: 1_000, fallback: 0 }),
    onFailure: inputs.choice('on-failure', ['rollback', 'keep'], 'keep'),
    nodeDeallocationOption:
      option.toLowerCase() === 'retaineddata'
        ? 'TaskCompletion'
        : inputs.choice('node-deallocation-option', ['TaskCompletion', 'Requeue', 'Terminate'], 'TaskCompletion'),
    maxResizes: inputs.integer('max-resizes', { min: 1, max: 50, fallback: 5 }),
    wait: inputs.choice('wait', ['nodes', 'steady', 'none'], 'nodes'),
    minHealthyPercentage: inputs.integer('min-healthy-percentage', { min: 0, max: 100, fallback: 100 }),
    nodeStartTimeoutMs: inputs.durationMs('node-start-timeout', { minMs: MINUTE_MS, maxMs: 350 * MINUTE_MS, fallbackMs: 30 * MINUTE_MS }),
    onCancel: inputs.choice('on-cancel', ['leave', 'stop-resize'], 'leave'),
  }
}

function readRequest(inputs: Inputs, spec: PoolSpec, imageKind: ImageKind): PoolRequest {
  const id = inputs.text('pool-id') || spec.id || ''
  if (!/^[\w-]{1,64}$/.test(id))
    inputs.refuse(
      inputs.text('pool-id') ? 'pool-id' : 'pool-spec',
      id ? 'has an id that is none of a pool' : 'names no pool id',
      'letters, digits, `-`, `_`; at most 64',
      id,
    )
  const vmSize = inputs.text('vm-size') || spec.properties.vmSize
  if (!vmSize) inputs.refuse('vm-size', `is needed: neither it nor \`vmSize\` of the pool spec is given${id && ` (pool ${id})`}`)
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
    ...(!isSized && { keepsSize: true as const }),
    ...(!isSized && !isTimed && { resizeTimeoutFor: imageKind }),
    ...(nodeAgentSkuId && { nodeAgentSkuId }),
    ...(spec.identity && { identity: spec.identity }),
    ...(spec.tags && { tags: spec.tags }),
  }
}

const SHORTEST_RESIZE_TIMEOUT_MS = 5 * MINUTE_MS

/** Of the input, else of the spec, else by guidance. Batch answers 400 below five minutes. */
function readResizeTimeout(inputs: Inputs, fromSpec: string | undefined, guidance: number): string {
  const fallbackMs = (fromSpec !== undefined && parseDurationMs(fromSpec)) || guidance
  return isoDuration(
    inputs.durationMs('resize-timeout', { minMs: SHORTEST_RESIZE_TIMEOUT_MS, maxMs: Number.POSITIVE_INFINITY, fallbackMs }),
  )
}

/**
 * 15 min per 1,000 nodes from a gallery image, 30 min above 300 nodes from a managed one; Batch's own default is 15 min.
 * https://learn.microsoft.com/azure/batch/batch-sig-images, https://learn.microsoft.com/azure/batch/batch-pool-node-error-checking
 */
export function guidanceMs(nodes: number, imageKind: ImageKind): number {
  if (imageKind === 'managed') return (nodes > 300 ? 30 : 15) * MINUTE_MS
  return Math.max(1, Math.ceil(nodes / 1_000)) * 15 * MINUTE_MS
}
