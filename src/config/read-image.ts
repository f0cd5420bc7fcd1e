/** The image inputs: where the image goes, its version, its regions. */
import { armId, nameOf } from '../model/arm-id.ts'
import { MINUTE_MS, parseDurationMs } from '../model/duration.ts'
import type { ImageSettings } from './config.ts'
import type { Group, Inputs } from './inputs.ts'
import { readEncryptionSets } from './read-encryption-sets.ts'
import { readTags } from './read-tags.ts'

export function readImage(inputs: Inputs, group: Group): ImageSettings {
  const kind = inputs.choice('image-kind', ['gallery', 'managed'], 'gallery')
  const name = inputs.text('image-name')
  if (name === '') inputs.refuse('image-name', 'is required')
  else if (!/^[A-Za-z0-9](?:[\w.-]{0,78}[A-Za-z0-9])?$/.test(name))
    inputs.refuse('image-name', 'is not a valid image name', 'letters, digits, `.`, `-`, `_`; at most 80')
  const gallery = inputs.resource('gallery', 'Microsoft.Compute/galleries', group)
  if (gallery && !/^[A-Za-z0-9](?:[\w.]{0,78}[A-Za-z0-9])?$/.test(nameOf(gallery)))
    inputs.refuse('gallery', 'is not a valid gallery name', 'letters, digits, `.`, `_` (no `-`); at most 80')
  if (kind === 'gallery' && !inputs.text('gallery')) inputs.refuse('gallery', 'is required with `image-kind: gallery`')
  if (!group.resourceGroup) inputs.need('resource-group', 'snapshots and images')
  if (!group.subscriptionId) inputs.need('subscription-id', 'snapshots and images')
  const version = inputs.text('image-version').toLowerCase() || 'auto'
  if (version !== 'auto' && !isVersion(version))
    inputs.refuse('image-version', 'is not a valid version', `auto or Major.Minor.Patch; each part at most ${MOST_OF_A_PART}`)
  const replication = inputs.choice('replication', ['Full', 'Shallow'], 'Full')
  if (replication === 'Shallow' && inputs.text('target-regions'))
    inputs.refuse('target-regions', 'cannot be used with `replication: shallow`, which makes one replica in the region of the source')
  if (replication === 'Shallow' && /^0*(?:[2-9]|1\d)/.test(inputs.text('replicas')))
    inputs.refuse('replicas', 'cannot be used with `replication: shallow`, which makes one replica', '1, auto')
  const endOfLife = readEndOfLife(inputs)
  if (kind === 'managed' && replication === 'Shallow') inputs.refuse('replication', 'is for gallery versions', '`image-kind: gallery`')
  if (kind === 'managed')
    for (const input of ['end-of-life', 'disk-encryption-sets', 'latest'])
      if (inputs.text(input) !== '' && inputs.text(input) !== 'always')
        inputs.refuse(input, 'is for gallery versions', '`image-kind: gallery`')
  return {
    kind,
    name,
    version,
    resourceGroup: armId({ ...group, type: '', names: [] }),
    rebuild: readRebuild(inputs),
    replication,
    targetRegions: inputs.lines('target-regions').flatMap((line) => readRegion(inputs, line)),
    encryptionSets: kind === 'gallery' ? readEncryptionSets(inputs, group) : [],
    latest: readLatest(inputs),
    replicas:
      inputs.text('replicas') === 'auto' ? 'auto' : inputs.integer('replicas', { min: 1, max: MOST_REPLICAS, fallback: 0 }) || 'auto',
    keepSnapshots: inputs.boolean('keep-snapshots', false),
    retainVersions: inputs.integer('retain-versions', { min: 0, max: 1_000, fallback: 0 }),
    tags: readTags(inputs),
    ...(kind === 'gallery' && gallery && { gallery }),
    ...(endOfLife && { endOfLife }),
  }
}

const DAY_MS = 24 * 60 * MINUTE_MS

/** `7d`, or any other duration. */
function ageMs(text: string): number | undefined {
  const [, days] = /^(\d{1,5})d$/i.exec(text) ?? []
  const ms = days ? Number(days) * DAY_MS : parseDurationMs(text)
  return ms ? ms : undefined
}

function readRebuild(inputs: Inputs): ImageSettings['rebuild'] {
  const text = inputs.text('rebuild').toLowerCase() || 'auto'
  if (text === 'auto' || text === 'always') return text
  const olderThanMs = ageMs(inputs.text('rebuild'))
  if (olderThanMs === undefined) inputs.refuse('rebuild', 'is not valid', 'auto, always, or an age such as 7d or 36h')
  return olderThanMs === undefined ? 'auto' : { olderThanMs }
}

/** `when-healthy` needs a pool, and a run that looks at its nodes. */
function readLatest(inputs: Inputs): ImageSettings['latest'] {
  const latest = inputs.choice('latest', ['always', 'when-healthy'], 'always')
  if (latest === 'always') return latest
  const mode = inputs.text('mode').toLowerCase()
  if (inputs.text('batch-account') === '' && mode !== 'prune')
    inputs.refuse('latest', 'needs a pool that becomes healthy on the image', 'always, or `batch-account` with a pool')
  const wait = inputs.text('wait').toLowerCase()
  if (wait === 'none' || wait === 'steady')
    inputs.refuse('latest', `needs a run that looks at the nodes, which \`wait: ${wait}\` does not`, '`wait: nodes`')
  return latest
}

function readEndOfLife(inputs: Inputs): ImageSettings['endOfLife'] {
  const text = inputs.text('end-of-life')
  if (text === '') return undefined
  const afterMs = ageMs(text)
  if (afterMs !== undefined) return { afterMs }
  const date = /^\d{4}-\d{2}-\d{2}(?:T[\d:.]+Z)?$/.test(text) ? new Date(text) : undefined
  // 30 February would become 2 March.
  if (date && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text.slice(0, 10))) return { date: date.toISOString() }
  inputs.refuse('end-of-life', 'is neither an age nor a date', 'an age such as 90d, or a date such as 2027-03-31')
  return undefined
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
      'has a line that is not a region',
      `region[=replicas[/storage-type]]; 1 to ${MOST_REPLICAS} replicas; ${STORAGE_TYPES.join(', ')}`,
      line,
    )
    return []
  }
  return [{ name, ...(replicas && { replicas: Number(replicas) }), ...(storageAccountType && { storageAccountType }) }]
}
