/** Pure: one pool as asked for against the pool that is there. */
import { type ArmId, nameOf, sameId } from './arm-id.ts'
import type { PoolRequest, PoolSettings } from './config.ts'
import type { DerivedImage } from './derived-image.ts'
import { resolveNodeAgent } from './node-agent.ts'
import type { PoolPlan } from './plan.ts'
import type { Pool, PoolEnvelope, PoolProperties, SupportedImage, VirtualMachineConfiguration } from './ports.ts'

export interface PoolQuestion {
  readonly id: ArmId
  readonly request: PoolRequest
  readonly existing: Pool | undefined
  readonly imageId: string
  readonly strategy: PoolSettings['strategy']
  readonly derived: DerivedImage | undefined
  readonly supportedImages: readonly SupportedImage[]
  /** As asked for; a blue-green pool carries its version behind it. */
  readonly name: string
  /** All pools of the account. */
  readonly siblings: readonly Pool[]
}

/** Everything else needs a pool without nodes. https://learn.microsoft.com/azure/batch/batch-pool-update-properties */
const CHANGEABLE_AT_ANY_TIME = new Set(['startTask', 'metadata', 'applicationPackages', 'scaleSettings'])
/** Never given back by Batch, so never compared. */
const WRITE_ONLY = new Set(['password', 'accountKey', 'sasKey', 'sasUrl', 'httpUrl', 'storageContainerUrl'])

export function planPool(question: PoolQuestion): PoolPlan {
  const { id, request, existing, imageId, strategy } = question
  const properties = propertiesOf(question)
  if (!existing) return { id, request, action: 'create', properties }
  const isOnImage = sameId(imageOf(existing), imageId)
  const keepsImage = strategy === 'resize-only'
  const resize = !request.autoScale && isOffTarget(request, existing)
  const { scaleSettings: _scale, deploymentConfiguration: _deployment, ...rest } = properties
  const changed = Object.fromEntries(Object.entries(rest).filter(([name, value]) => !isSubset(value, existing.properties[name])))
  const autoScale = request.autoScale && !isSubset(request.properties.scaleSettings, existing.properties.scaleSettings)
  const patch: PoolProperties = { ...changed, ...(autoScale && { scaleSettings: request.properties.scaleSettings }) }
  const needsEmptyPool = Object.keys(patch).some((name) => !CHANGEABLE_AT_ANY_TIME.has(name)) || !hasIdentities(request, existing)

  if (!keepsImage && (!isOnImage || needsEmptyPool)) {
    if (strategy === 'blue-green') return planGreen(question, existing, properties)
    return { id, request, existing, action: strategy === 'replace' ? 'replace' : 'reimage', properties }
  }
  const anyTime = Object.fromEntries(Object.entries(patch).filter(([name]) => CHANGEABLE_AT_ANY_TIME.has(name)))
  if (Object.keys(anyTime).length > 0 || !isSubset(request.tags ?? {}, existing.tags ?? {}))
    return { id, request, existing, action: 'update', properties: anyTime, resize }
  return { id, request, existing, action: resize ? 'resize' : 'none' }
}

/**
 * A pool beside the old one, named after the image's version. Blue-green pools of earlier runs are found by the same name, so `existing`
 * is the newest pool of that name; one that a dead run began is taken up.
 */
function planGreen(question: PoolQuestion, old: Pool, properties: PoolProperties): PoolPlan {
  const { id, request, imageId, siblings } = question
  const name = greenName(question.name, imageId)
  const greenId = `${id.slice(0, id.lastIndexOf('/'))}/${name}` as ArmId
  if (sameId(greenId, old.id)) return { id, request, existing: old, action: 'reimage', properties }
  const green = siblings.find((pool) => sameId(pool.id, greenId))
  return { id: greenId, request: { ...request, id: name }, existing: old, action: 'blue-green', old, properties, ...(green && { green }) }
}

const LONGEST_POOL_ID = 64

/** A pool id has no dots: `render-2026-1123-0`. */
function greenName(name: string, imageId: string): string {
  const ending = `-${nameOf(imageId).replace(/[^\w-]/g, '-')}`
  return `${name.slice(0, LONGEST_POOL_ID - ending.length)}${ending}`
}

/** The pool that serves under this name now: itself, or the newest of its blue-green successors that is not still being built. */
export function servingPool(name: string, pools: readonly Pool[]): Pool | undefined {
  const created = ({ properties }: Pool) => String(properties.creationTime ?? '')
  return pools.filter((pool) => isSuccessor(name, pool.name)).sort((one, other) => created(one).localeCompare(created(other)))[0]
}

/** Whether a pool is the one of this name, or stands for it after blue-green. */
export function isSuccessor(name: string, pool: string): boolean {
  return new RegExp(`^${name.replace(/[^\w-]/g, '')}(?:-\\d+-\\d+-\\d+)?$`, 'i').test(pool)
}

/** Image id of a pool, or `publisher:offer:sku:version`. */
export function imageOf({ properties }: Pool): string {
  const { id, publisher, offer, sku, version } = properties.deploymentConfiguration?.virtualMachineConfiguration?.imageReference ?? {}
  return id ?? [publisher, offer, sku, version].join(':')
}

/** The body of a PUT: the spec as written, with image, node agent, security type and size filled in. */
function propertiesOf({ request, existing, imageId, derived, supportedImages }: PoolQuestion): PoolProperties {
  const { properties, target, resizeTimeout, autoScale } = request
  const asked = properties.deploymentConfiguration?.virtualMachineConfiguration
  const before = existing?.properties.deploymentConfiguration?.virtualMachineConfiguration
  const agent = request.nodeAgentSkuId ?? agentOf(derived, supportedImages) ?? before?.nodeAgentSkuId
  const security = asked?.securityProfile ?? trustedLaunch(derived)
  const configuration: VirtualMachineConfiguration = {
    ...asked,
    imageReference: { id: imageId },
    ...(agent && { nodeAgentSkuId: agent }),
    ...(security && { securityProfile: security }),
  }
  const fixedScale = { targetDedicatedNodes: target.dedicated, targetLowPriorityNodes: target.lowPriority, resizeTimeout }
  return {
    ...properties,
    deploymentConfiguration: { ...properties.deploymentConfiguration, virtualMachineConfiguration: configuration },
    ...(!autoScale && { scaleSettings: { fixedScale } }),
  }
}

function agentOf(derived: DerivedImage | undefined, supportedImages: readonly SupportedImage[]): string | undefined {
  return derived?.imageReference && resolveNodeAgent(derived.imageReference, supportedImages)?.nodeAgentSkuId
}

/** Without it, allocation fails for an image whose definition says `TrustedLaunch`. */
function trustedLaunch(derived: DerivedImage | undefined): VirtualMachineConfiguration['securityProfile'] {
  if (derived?.features.SecurityType !== 'TrustedLaunch') return undefined
  return { securityType: 'trustedLaunch', uefiSettings: { secureBootEnabled: true, vTpmEnabled: true } }
}

/** Azure changes the case of ids. */
function hasIdentities({ identity: asked }: PoolEnvelope, { identity }: PoolEnvelope): boolean {
  const idsOf = (of: PoolEnvelope['identity']) => Object.keys(of?.userAssignedIdentities ?? {}).map((id) => id.toLowerCase())
  const there = new Set(idsOf(identity))
  return idsOf(asked).every((id) => there.has(id))
}

function isOffTarget({ target }: PoolRequest, { properties }: Pool): boolean {
  const { fixedScale } = properties.scaleSettings ?? {}
  return (
    !fixedScale ||
    fixedScale.targetDedicatedNodes !== target.dedicated ||
    (fixedScale.targetLowPriorityNodes ?? 0) !== target.lowPriority ||
    properties.currentDedicatedNodes !== target.dedicated
  )
}

/** Whether `actual` already says all that `asked` says. Batch changes the case of sizes and adds defaults. */
export function isSubset(asked: unknown, actual: unknown): boolean {
  if (typeof asked === 'string' && typeof actual === 'string') return asked.toLowerCase() === actual.toLowerCase()
  if (Array.isArray(asked)) {
    return Array.isArray(actual) && asked.length === actual.length && asked.every((item, index) => isSubset(item, actual[index]))
  }
  if (typeof asked === 'object' && asked !== null) {
    if (typeof actual !== 'object' || actual === null) return false
    const fields = actual as Record<string, unknown>
    return Object.entries(asked).every(([name, value]) => WRITE_ONLY.has(name) || value === undefined || isSubset(value, fields[name]))
  }
  return asked === actual
}
