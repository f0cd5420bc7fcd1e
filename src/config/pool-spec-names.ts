/** Names that are no property of a pool in ARM at api-version 2025-06-01, and what to write instead. */
import { READ_ONLY_POOL_PROPERTIES } from '../model/batch.ts'

const RETIRED: Readonly<Record<string, string>> = {
  certificates: 'is retired: use the Key Vault extension (`deploymentConfiguration.virtualMachineConfiguration.extensions`)',
  certificateReferences: 'is retired: use the Key Vault extension (`deploymentConfiguration.virtualMachineConfiguration.extensions`)',
  applicationLicenses: 'is retired: bring licences with the image',
  cloudServiceConfiguration: 'is retired: use `deploymentConfiguration.virtualMachineConfiguration`',
  targetNodeCommunicationMode: 'is retired: all nodes use simplified communication; leave it out',
  resourceTags: 'is renamed: `tags`',
}

/** By the name without regard to case: older api-versions, the data plane, other tools. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  maxtaskspernode: 'taskSlotsPerNode',
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
  virtualmachineimageid: 'id',
  enableinternodecommunication: 'interNodeCommunication: Enabled',
  applicationpackagereferences: 'applicationPackages',
  applicationid: 'id',
  subnetid: 'networkConfiguration.subnetId',
  userassignedidentities: 'identity.userAssignedIdentities',
  storageaccounttype: 'managedDisk.storageAccountType',
  blobsource: 'httpUrl',
  containerurl: 'storageContainerUrl',
}

/** Beside those of `properties`, what answers of either plane have around or within. */
const READ_ONLY: ReadonlySet<string> = new Set([
  ...READ_ONLY_POOL_PROPERTIES,
  'etag',
  'eTag',
  'exactVersion',
  'resizeErrors',
  'state',
  'stateTransitionTime',
  'systemData',
])

/** Of a resource in Bicep or ARM, around `properties`. */
const OF_A_RESOURCE: Readonly<Record<string, string>> = {
  name: 'belongs to a whole ARM resource; write `id` for the name of the pool',
  properties: 'belongs to a whole ARM resource; put its content one level up, or keep only `name`, `identity` and `tags` beside it',
  location: 'is not a property of a pool: a pool is in the region of its account',
  type: 'belongs to a whole ARM resource; leave it out',
  apiVersion: 'belongs to a whole ARM resource; leave it out',
}

/** What to say about `name`, which is none of `known`. */
export function adviceForName(name: string, known: readonly string[], isTop: boolean): string {
  if (RETIRED[name]) return RETIRED[name]
  if (READ_ONLY.has(name)) return 'is read-only; leave it out'
  const near = nearest(name, known)
  if (near?.toLowerCase() === name.toLowerCase()) return `is spelled \`${near}\``
  const elsewhere = ELSEWHERE[name.toLowerCase()]
  if (elsewhere && (isTop || known.includes(elsewhere.split('.')[0] ?? ''))) return `is written \`${elsewhere}\` in ARM`
  if (isTop && OF_A_RESOURCE[name]) return OF_A_RESOURCE[name]
  return near ? `is not a known property; did you mean \`${near}\`?` : 'is not a known property'
}

/** The one of `known` that differs by two letters at most. */
export function nearest(text: string, known: readonly string[]): string | undefined {
  const lower = text.toLowerCase()
  const ranked = known
    .map((name) => ({ name, distance: distance(lower, name.toLowerCase()) }))
    .sort((one, other) => one.distance - other.distance)
  const best = ranked[0]
  return best && best.distance <= Math.min(2, Math.floor(best.name.length / 3)) ? best.name : undefined
}

/** Levenshtein's. */
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
