/** Pure: one pool as asked for against the pool that is there. */
import type { PoolRequest, PoolSettings } from '../config/config.ts'
import { guidanceMs } from '../config/resize-timeout.ts'
import { type ArmId, sameId } from '../model/arm-id.ts'
import type { Pool, PoolEnvelope, PoolProperties, VirtualMachineConfiguration } from '../model/batch.ts'
import type { SupportedImage } from '../model/batch-service.ts'
import { isoDuration } from '../model/duration.ts'
import type { ImageTraits } from '../model/image-traits.ts'
import { isSubset } from './drift.ts'
import { greenName, isBeingDeleted, poolAndSuccessors, poolFor } from './family.ts'
import { lastStateOf, MARKS, marksIn, withMark, writeSuccessorMark } from './marks.ts'
import { resolveNodeAgent } from './node-agent.ts'
import type { PoolPlan } from './pool-plan.ts'
import { targetFrom } from './size.ts'

export interface PoolQuestion {
  readonly id: ArmId
  readonly request: PoolRequest
  readonly existing: Pool | undefined
  readonly imageId: string
  readonly strategy: PoolSettings['strategy']
  readonly imageTraits: ImageTraits | undefined
  readonly supportedImages: readonly SupportedImage[]
  /** As asked for; a blue-green pool carries its version behind it. */
  readonly name: string
  /** All pools of the account. */
  readonly siblings: readonly Pool[]
}

/** Everything else needs a pool without nodes. https://learn.microsoft.com/azure/batch/batch-pool-update-properties */
const CHANGEABLE_AT_ANY_TIME = new Set(['startTask', 'metadata', 'applicationPackages', 'scaleSettings'])

export function planPool(question: PoolQuestion): PoolPlan {
  const { id, existing, imageId, strategy } = question
  if (!existing) return { id, request: question.request, action: 'create', properties: propertiesOf(question) }
  const request = withExistingSize(question.request, existing)
  const properties = propertiesOf({ ...question, request })
  const isOnImage = sameId(imageOf(existing), imageId)
  const keepsImage = strategy === 'resize-only'
  const resize = !request.autoScale && isOffTarget(request, existing)
  const patch = driftOf(request, properties, existing)
  const needingEmptyPool = [
    ...Object.keys(patch).filter((name) => !CHANGEABLE_AT_ANY_TIME.has(name)),
    ...(hasIdentities(request, existing) ? [] : ['identity']),
  ]

  if (!keepsImage && (!isOnImage || needingEmptyPool.length > 0)) {
    if (strategy === 'blue-green') return planGreen({ ...question, request }, existing, properties)
    const withheld = strategy === 'fail' && isOnImage ? { withheld: needingEmptyPool } : {}
    return { id, request, existing, action: strategy === 'replace' ? 'replace' : 'reimage', properties, ...withheld }
  }
  const base = { id, request, existing, ...(needingEmptyPool.length > 0 && { withheld: needingEmptyPool }) }
  const anyTime = Object.fromEntries(Object.entries(patch).filter(([name]) => CHANGEABLE_AT_ANY_TIME.has(name)))
  if (Object.keys(anyTime).length > 0 || !isSubset(request.tags ?? {}, existing.tags ?? {}))
    return { ...base, action: 'update', properties: anyTime, resize }
  return { ...base, action: resize ? 'resize' : 'none' }
}

/** Where no size was asked for, the pool keeps its own, also one that an interrupted run has drained. Nothing is known of a formula that was lost. */
function withExistingSize(asked: PoolRequest, existing: Pool): PoolRequest {
  const { autoScale, fixedScale } = lastStateOf(existing).scaleSettings
  if (asked.sizeSource === 'requested' || !(autoScale || fixedScale)) return asked
  const request: PoolRequest = { ...asked, sizeSource: 'requested' }
  if (autoScale) return { ...request, autoScale: true, properties: { ...request.properties, scaleSettings: { autoScale } } }
  const target = targetFrom(fixedScale)
  const { resizeTimeoutFor: kind } = request
  return { ...request, target, ...(kind && { resizeTimeout: isoDuration(guidanceMs(target.dedicated + target.lowPriority, kind)) }) }
}

/** Properties that the pool does not have as asked, the image and a fixed size aside. */
function driftOf(request: PoolRequest, properties: PoolProperties, existing: Pool): PoolProperties {
  const { scaleSettings: _scale, deploymentConfiguration, ...rest } = properties
  const changed = Object.fromEntries(
    Object.entries(rest).filter(([name, value]) => !isSubset(value, existing.properties[name], name)),
  ) as PoolProperties
  const { imageReference: _image, ...asked } = request.properties.deploymentConfiguration?.virtualMachineConfiguration ?? {}
  const configuration = { ...asked, ...(request.nodeAgentSkuId && { nodeAgentSkuId: request.nodeAgentSkuId }) }
  const isConfigured = isSubset(configuration, existing.properties.deploymentConfiguration?.virtualMachineConfiguration ?? {})
  const isScaled = !request.autoScale || isSubset(request.properties.scaleSettings, existing.properties.scaleSettings)
  return {
    ...changed,
    ...(changed.metadata && { metadata: [...changed.metadata, ...marksIn(existing.properties.metadata)] }),
    ...(!isConfigured && deploymentConfiguration && { deploymentConfiguration }),
    ...(!isScaled && request.properties.scaleSettings && { scaleSettings: request.properties.scaleSettings }),
  }
}

/**
 * A pool beside the old one, named after the image's version; one that an earlier run began is taken up, or replaced where the request
 * has changed since, and leftovers of interrupted runs for other versions go with the old one.
 */
function planGreen(question: PoolQuestion, old: Pool, asked: PoolProperties): PoolPlan {
  const { id, request, imageId, siblings } = question
  const name = greenName(question.name, imageId)
  const greenId = `${id.slice(0, id.lastIndexOf('/'))}/${name}` as ArmId
  const properties = {
    ...asked,
    metadata: withMark(asked.metadata, MARKS.successorOf, writeSuccessorMark({ serves: question.name, own: name })),
  }
  if (sameId(greenId, old.id)) return { id, request, existing: old, action: 'reimage', properties }
  const green = siblings.find((pool) => sameId(pool.id, greenId) && !isBeingDeleted(pool))
  const isOutdated =
    green &&
    !(sameId(imageOf(green), imageId) && Object.keys(driftOf(request, properties, green)).length === 0 && hasIdentities(request, green))
  const abandonedSuccessors = poolAndSuccessors(question.name, siblings).filter((pool) => pool !== old && pool !== green)
  return {
    id: greenId,
    request: { ...request, id: name },
    existing: old,
    action: 'blue-green',
    old,
    abandonedSuccessors,
    properties,
    ...(green && { green }),
    ...(isOutdated && { isOutdated }),
  }
}

/** What is asked for, as the rules are to see it: by the name of the pool that serves, and at its size where none is asked for. */
export function requestsOn(settings: PoolSettings, pools: readonly Pool[]): readonly PoolRequest[] {
  return settings.requests.map((request) => {
    const existing = poolFor(request.id, settings, pools)
    return existing ? { ...withExistingSize(request, existing), id: existing.name } : request
  })
}

/** Image id of a pool, or `publisher:offer:sku:version`. */
export function imageOf({ properties }: Pool): string {
  const { id, publisher, offer, sku, version } = properties.deploymentConfiguration?.virtualMachineConfiguration?.imageReference ?? {}
  return id ?? [publisher, offer, sku, version].join(':')
}

/** The body of a PUT: the spec as written, with image, node agent, security type and size filled in. */
function propertiesOf({ request, existing, imageId, imageTraits, supportedImages }: PoolQuestion): PoolProperties {
  const { properties, target, resizeTimeout, autoScale } = request
  const asked = properties.deploymentConfiguration?.virtualMachineConfiguration
  const before = existing?.properties.deploymentConfiguration?.virtualMachineConfiguration
  const agent = request.nodeAgentSkuId ?? agentOf(imageTraits, supportedImages) ?? before?.nodeAgentSkuId
  const security = asked?.securityProfile ?? trustedLaunch(imageTraits)
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

function agentOf(imageTraits: ImageTraits | undefined, supportedImages: readonly SupportedImage[]): string | undefined {
  return imageTraits?.imageReference && resolveNodeAgent(imageTraits.imageReference, supportedImages)?.nodeAgentSkuId
}

/** Without it, allocation fails for an image whose definition says `TrustedLaunch`. */
function trustedLaunch(imageTraits: ImageTraits | undefined): VirtualMachineConfiguration['securityProfile'] {
  if (imageTraits?.features.SecurityType !== 'TrustedLaunch') return undefined
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
    (fixedScale.targetDedicatedNodes ?? 0) !== target.dedicated ||
    (fixedScale.targetLowPriorityNodes ?? 0) !== target.lowPriority ||
    properties.currentDedicatedNodes !== target.dedicated ||
    // Batch seeks missing Spot nodes by itself, but takes none away.
    properties.currentLowPriorityNodes > target.lowPriority
  )
}
