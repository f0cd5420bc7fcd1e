/** Names that are not properties of a pool in ARM at api-version 2025-06-01, and what to write instead. */
import { READ_ONLY_POOL_PROPERTIES } from '../model/batch.ts'

/** One spelling for a name in any letter case, with or without underscores and hyphens: `node_agent_sku_id`, `NodeAgentSkuId`. */
export function plainName(name: string): string {
  return name.replaceAll(/[_-]/g, '').toLowerCase()
}

/** The one of `known` that differs from `name` at most in letter case, underscores and hyphens. */
export function spelledLike(name: string, known: readonly string[]): string | undefined {
  return known.includes(name) ? name : known.find((one) => plainName(one) === plainName(name))
}

const RETIRED: Readonly<Record<string, string>> = {
  certificates: 'is retired: use the Key Vault extension (`deploymentConfiguration.virtualMachineConfiguration.extensions`)',
  certificatereferences: 'is retired: use the Key Vault extension (`deploymentConfiguration.virtualMachineConfiguration.extensions`)',
  applicationlicenses: 'is retired: bring licences with the image',
  cloudserviceconfiguration: 'is retired: use `deploymentConfiguration.virtualMachineConfiguration`',
}

/** All nodes use simplified communication now. https://learn.microsoft.com/azure/batch/simplified-compute-node-communication */
const NODE_COMMUNICATION = 'targetnodecommunicationmode'

/** Whether the property is retired, and its value requests nothing that Azure would not do anyway. */
export function isWithoutEffect(name: string, value: unknown): boolean {
  const plain = plainName(name)
  if (plain === NODE_COMMUNICATION) return typeof value === 'string' && /^(?:simplified|default)$/i.test(value)
  return plain in RETIRED && typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

/** Members that have other names in older api-versions, on the data plane or in PowerShell, with the same values. */
const RENAMED: Readonly<Record<string, string>> = {
  applicationid: 'id',
  applicationpackagereferences: 'applicationPackages',
  blobsource: 'httpUrl',
  computenodefilltype: 'nodeFillType',
  containerurl: 'storageContainerUrl',
  maxtaskspercomputenode: 'taskSlotsPerNode',
  maxtaskspernode: 'taskSlotsPerNode',
  poolid: 'id',
  poolname: 'id',
  resourcetags: 'tags',
  storageaccounttype: 'managedDisk.storageAccountType',
  virtualmachineimageid: 'id',
  virtualmachinesize: 'vmSize',
}

/** The current name of a member that is called `name` elsewhere, where it is one of `known`: a name, or a path of two. */
export function todaysName(name: string, known: readonly string[]): string | undefined {
  const today = RENAMED[plainName(name)]
  return today && known.includes(today.split('.')[0] ?? '') ? today : undefined
}

/** The place in ARM of members that are elsewhere in other shapes, by their plain names. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  targetdedicatednodes: 'scaleSettings.fixedScale.targetDedicatedNodes',
  targetdedicated: 'scaleSettings.fixedScale.targetDedicatedNodes',
  targetlowprioritynodes: 'scaleSettings.fixedScale.targetLowPriorityNodes',
  targetlowpriority: 'scaleSettings.fixedScale.targetLowPriorityNodes',
  resizetimeout: 'scaleSettings.fixedScale.resizeTimeout',
  nodedeallocationoption: 'scaleSettings.fixedScale.nodeDeallocationOption',
  enableautoscale: 'scaleSettings.autoScale',
  autoscaleformula: 'scaleSettings.autoScale.formula',
  autoscaleevaluationinterval: 'scaleSettings.autoScale.evaluationInterval',
  virtualmachineconfiguration: 'deploymentConfiguration.virtualMachineConfiguration',
  imagereference: 'deploymentConfiguration.virtualMachineConfiguration.imageReference',
  nodeagentskuid: 'deploymentConfiguration.virtualMachineConfiguration.nodeAgentSkuId',
  containerconfiguration: 'deploymentConfiguration.virtualMachineConfiguration.containerConfiguration',
  datadisks: 'deploymentConfiguration.virtualMachineConfiguration.dataDisks',
  extensions: 'deploymentConfiguration.virtualMachineConfiguration.extensions',
  enableinternodecommunication: 'interNodeCommunication',
  subnetid: 'networkConfiguration.subnetId',
  publicipaddressconfiguration: 'networkConfiguration.publicIPAddressConfiguration',
  userassignedidentities: 'identity.userAssignedIdentities',
}

/** The place in ARM of a member that is called `name` elsewhere, from the object with the properties `known`. */
export function placeOf(name: string, known: readonly string[], isTop: boolean): string | undefined {
  const place = ELSEWHERE[plainName(name)]
  return place && (isTop || known.includes(place.split('.')[0] ?? '')) ? place : undefined
}

/**
 * Members that only Azure sets: on the management plane, and on the data plane
 * (https://learn.microsoft.com/rest/api/batchservice/pool/get).
 */
const READ_ONLY_AT_TOP: ReadonlySet<string> = new Set(
  [
    ...READ_ONLY_POOL_PROPERTIES,
    'currentDedicatedComputeNodes',
    'currentLowPriorityComputeNodes',
    'etag',
    'poolStatistics',
    'resizeErrors',
    'state',
    'stateTransitionTime',
    'statistics',
    'stats',
    'systemData',
    'url',
    'odata.metadata',
    '@odata.context',
  ].map(plainName),
)

/** The same within a pool: of an image reference, and of an identity. */
const READ_ONLY_WITHIN: ReadonlySet<string> = new Set(['exactversion', 'principalid', 'clientid'])

/** Whether answers contain the member although requests must not. */
export function isReadOnly(name: string, isTop: boolean): boolean {
  return (isTop ? READ_ONLY_AT_TOP : READ_ONLY_WITHIN).has(plainName(name))
}

/** Members around `properties` of a resource in Bicep or ARM. */
const OF_A_RESOURCE: Readonly<Record<string, string>> = {
  name: 'belongs to a whole ARM resource; write `id` for the name of the pool',
  properties: 'belongs to a whole ARM resource; put its content one level up, or keep only `name`, `identity` and `tags` beside it',
  location: 'is not a property of a pool: a pool is in the region of its account',
  type: 'belongs to a whole ARM resource; leave it out',
  apiversion: 'belongs to a whole ARM resource; leave it out',
  pools: 'is not a property of a pool; give the list itself',
}

interface UnknownName {
  /** The names that would be right there. */
  readonly known: readonly string[]
  /** Whether it is a property of the pool itself. */
  readonly isTop: boolean
  readonly value: unknown
}

/** What to say about `name`, which is not one of `known`. */
export function adviceForName(name: string, { known, isTop, value }: UnknownName): string {
  const plain = plainName(name)
  if (RETIRED[plain]) return RETIRED[plain]
  if (plain === NODE_COMMUNICATION) return 'is retired: all nodes use simplified communication; leave it out'
  if (isReadOnly(name, isTop)) return 'is read-only; leave it out'
  const hidden = /[\p{Cc}\p{Cf}\p{Z}]/u.exec(name)?.[0]
  if (hidden) return `contains an invisible character (U+${hidden.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')})`
  const similar = spelledLike(name, known)
  if (similar) return `is spelled \`${similar}\``
  const place = placeOf(name, known, isTop)
  if (place) return `is written \`${withValue(place, value)}\` in ARM`
  if (isTop && OF_A_RESOURCE[plain]) return OF_A_RESOURCE[plain]
  const near = nearest(name, known)
  return near ? `is not a known property; did you mean \`${near}\`?` : 'is not a known property'
}

/** A Boolean of the data plane is a word in ARM. */
function withValue(place: string, value: unknown): string {
  if (place === 'interNodeCommunication') return `${place}: ${value === false ? 'Disabled' : 'Enabled'}`
  if (place === 'scaleSettings.autoScale' && value === false) return 'scaleSettings.fixedScale'
  return place
}

/** The one of `known` that is at most two edits away, in any letter case. */
export function nearest(text: string, known: readonly string[]): string | undefined {
  const lower = text.toLowerCase()
  const ranked = known
    .map((name) => ({ name, distance: distance(lower, name.toLowerCase()) }))
    .sort((one, other) => one.distance - other.distance)
  const best = ranked[0]
  return best && best.distance <= Math.min(2, Math.floor(best.name.length / 3)) ? best.name : undefined
}

/** The Levenshtein distance. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= other.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1)
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[other.length] ?? 0
}
