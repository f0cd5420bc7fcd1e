/** Pools made and changed: what Batch takes, on whichever plane, what it refuses, and what it makes of it. Bodies are as on ARM. */
import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { type Arm, plainRegion } from '../arm/resources.ts'
import { type Call, Refusal } from '../route.ts'
import { IMAGES, sizeOf } from './catalogue.ts'
import { minutesOf, type Pool, type Properties } from './pool.ts'
import type { Pools } from './pools.ts'

const CHANGEABLE_AT_ANY_TIME = new Set(['startTask', 'metadata', 'applicationPackages', 'scaleSettings'])
const KNOWN = new Set(
  'displayName vmSize deploymentConfiguration scaleSettings interNodeCommunication networkConfiguration taskSlotsPerNode taskSchedulingPolicy userAccounts metadata startTask applicationPackages mountConfiguration upgradePolicy'.split(
    ' ',
  ),
)
/** Taken, and without effect. */
const READ_ONLY = new Set(
  'lastModified creationTime provisioningState provisioningStateTransitionTime allocationState allocationStateTransitionTime currentDedicatedNodes currentLowPriorityNodes autoScaleRun resizeOperationStatus'.split(
    ' ',
  ),
)

/**
 * What an existing pool has where a PUT leaves a property out: "any property that isn't specified in the request is removed or set with
 * the associated default". https://learn.microsoft.com/azure/batch/batch-pool-update-properties; the defaults are in the OpenAPI document
 * (`PoolProperties`). https://learn.microsoft.com/rest/api/batchmanagement/pool/create
 */
const DEFAULTS: Properties = {
  interNodeCommunication: 'Disabled',
  taskSlotsPerNode: 1,
  taskSchedulingPolicy: { nodeFillType: 'Spread' },
  scaleSettings: { fixedScale: { targetDedicatedNodes: 0, targetLowPriorityNodes: 0 } },
}

const invalid = (path: string, reason: string): Refusal =>
  new Refusal(400, 'InvalidPropertyValue', 'The value provided for one of the properties in the request body is invalid.', {
    target: 'BatchAccount',
    details: [
      { code: 'Reason', message: reason },
      { code: 'PropertyName', message: path.slice(path.lastIndexOf('.') + 1) },
      { code: 'PropertyPath', message: path },
    ],
  })

export const conditionNotMet = (): Refusal =>
  new Refusal(412, 'ConditionNotMet', 'The condition specified using HTTP conditional header(s) is not met.', { target: 'BatchAccount' })

/** A new pool, with what it begins. `body` is as on ARM. @throws Refusal */
export function addPool(arm: Arm, pools: Pools, name: string, body: Properties): Pool {
  if (!/^[\w-]{1,64}$/.test(name)) throw invalid('id', 'The pool id may hold letters, digits, hyphens and underscores, at most 64.')
  const sent = settable(body.properties ?? {})
  checkBody(arm, pools, sent)
  if (pools.all().length >= pools.quota)
    throw new Refusal(409, 'PoolQuotaReached', 'Pool quota for the account has been reached.', { target: 'BatchAccount' })
  const pool = pools.add(name, {
    ...structuredClone(DEFAULTS),
    ...Object.fromEntries(Object.entries(sent).map(([property, value]) => [property, normalized(property, value)])),
    provisioningState: 'Succeeded',
    provisioningStateTransitionTime: pools.now(),
    creationTime: pools.now(),
    lastModified: pools.now(),
    allocationState: 'Steady',
    currentDedicatedNodes: 0,
    currentLowPriorityNodes: 0,
  })
  pool.envelope = envelopeOf(body)
  scale(pools, pool, sent.scaleSettings)
  return pool
}

/** What stands beside `properties`; Azure fills in who an identity is. */
function envelopeOf({ identity, tags }: Properties): Properties {
  const identities = Object.keys(identity?.userAssignedIdentities ?? {}).map((id) => [
    id,
    { principalId: randomUUID(), clientId: randomUUID() },
  ])
  return {
    ...(identity && {
      identity: { ...identity, ...(identities.length > 0 && { userAssignedIdentities: Object.fromEntries(identities) }) },
    }),
    ...(tags && { tags }),
  }
}

/** `if-match` of a request against what there is. @throws Refusal `ConditionNotMet` */
export function refuseUnmatched({ 'if-match': match }: Call['headers'], etag: string): void {
  if (match && match !== '*' && match !== etag) throw conditionNotMet()
}

/** PUT of a pool that exists: what is left out goes. @throws Refusal */
export function replacePool(arm: Arm, pools: Pools, pool: Pool, body: Properties, mayChangeAll: boolean): Pool {
  const sent = settable(body.properties ?? {})
  checkBody(arm, pools, sent)
  const omitted = [...KNOWN].filter((name) => pool.properties[name] !== undefined && sent[name] === undefined)
  const properties = { ...Object.fromEntries(omitted.map((name) => [name, DEFAULTS[name]])), ...sent }
  const tags = pool.envelope.tags && !body.tags ? { tags: {} } : {}
  return changePool(arm, pools, pool, { ...tags, ...body, properties }, mayChangeAll)
}

/** Changes that need an empty pool are refused while it has nodes, and all but always where `mayChangeAll` is false. @throws Refusal */
export function changePool(arm: Arm, pools: Pools, pool: Pool, body: Properties, mayChangeAll: boolean): Pool {
  if (pool.properties.provisioningState === 'Deleting')
    throw new Refusal(409, 'PoolBeingDeleted', 'The specified pool has been marked for deletion and is being reclaimed.', {
      target: 'BatchAccount',
    })
  const { scaleSettings, ...sent } = settable(body.properties ?? {})
  const changed = Object.entries(sent).filter(([name, value]) => !isDeepStrictEqual(normalized(name, value), pool.properties[name]))
  const envelope = envelopeOf(body)
  const locked = envelope.identity ? 'identity' : changed.find(([name]) => !CHANGEABLE_AT_ANY_TIME.has(name))?.[0]
  if (locked && (pool.nodes.length > 0 || !mayChangeAll)) {
    throw new Refusal(409, 'PropertyCannotBeUpdated', 'A property that cannot be updated was specified as part of the request.', {
      target: 'BatchAccount',
      details: [
        { code: 'Reason', message: 'A property that cannot be updated was specified as part of the request.' },
        { code: 'PropertyName', message: locked },
        { code: 'PropertyPath', message: `properties.${locked}` },
      ],
    })
  }
  if (sent.deploymentConfiguration) checkBody(arm, pools, { ...pool.properties, ...sent })
  const rescales = scaleSettings && isRescaled(pool.properties, scaleSettings)
  if (rescales) pools.refuseBusy(pool)
  for (const [name, value] of changed) {
    const kept = normalized(name, value)
    if (kept === undefined) delete pool.properties[name]
    else pool.properties[name] = kept
  }
  Object.assign(pool.envelope, envelope)
  if (changed.length > 0 || Object.keys(envelope).length > 0) pools.touch(pool)
  if (rescales) scale(pools, pool, scaleSettings)
  return pool
}

/** `x-ms-secret` of the OpenAPI document: such members are never given back. https://learn.microsoft.com/rest/api/batchmanagement/pool/get */
const SECRET = new Set(['accountKey', 'password', 'protectedSettings', 'sasKey', 'sshPrivateKey'])

/** Without secrets. */
export function shownProperties(properties: Properties): Properties {
  return JSON.parse(JSON.stringify(properties, (name, value) => (SECRET.has(name) ? undefined : value)))
}

/**
 * A property as Batch keeps it: what was left out has its default; an empty start task is none, and an empty list neither (OpenAPI:
 * "In an PATCH (update) operation, this property can be set to an empty object to remove the start task from the pool", example
 * `PoolUpdate_RemoveStartTask`; of lists, https://learn.microsoft.com/rest/api/batchservice/pools/update-pool).
 */
function normalized(name: string, value: Properties): unknown {
  if (value === undefined || isEmpty(value)) return undefined
  if (name === 'vmSize') return String(value).toUpperCase()
  const copy = structuredClone(value)
  if (name === 'startTask' && copy) return { maxTaskRetryCount: 0, waitForSuccess: true, ...copy }
  const image = name === 'deploymentConfiguration' && copy?.virtualMachineConfiguration?.imageReference
  if (image?.publisher) image.version ??= 'latest'
  return copy
}

const isEmpty = (value: unknown): boolean => typeof value === 'object' && value !== null && Object.keys(value).length === 0

/** A resize begins only where the target differs: a PATCH that repeats it changes nothing. */
function isRescaled({ scaleSettings }: Properties, { fixedScale, autoScale }: Properties): boolean {
  if (autoScale) return !isDeepStrictEqual(autoScale, scaleSettings.autoScale)
  if (!fixedScale) return false
  return (['targetDedicatedNodes', 'targetLowPriorityNodes'] as const).some(
    (name) => (fixedScale[name] ?? 0) !== (scaleSettings.fixedScale?.[name] ?? -1),
  )
}

export function scale(pools: Pools, pool: Pool, settings: Properties = {}): void {
  const { fixedScale, autoScale } = settings
  if (autoScale) {
    pool.properties.scaleSettings = { autoScale: { evaluationInterval: 'PT15M', ...autoScale } }
    pools.touch(pool)
    pools.formulas.begin(pool)
    return
  }
  delete pool.properties.scaleSettings
  delete pool.properties.autoScaleRun
  pools.formulas.end(pool)
  const { targetDedicatedNodes = 0, targetLowPriorityNodes = 0, resizeTimeout = 'PT15M', nodeDeallocationOption } = fixedScale ?? {}
  pools.resize(pool, {
    targetDedicatedNodes,
    targetLowPriorityNodes,
    resizeTimeout,
    ...(nodeDeallocationOption && { nodeDeallocationOption }),
  })
}

const GALLERY_FORMS =
  'The specified resource id must be of the format /subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Compute/galleries/{galleryName}/images/{galleryImageName}/versions/{galleryImageVersionName} or /subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Compute/galleries/{galleryName}/images/{galleryImageName}'
const DEPLOYMENT = 'properties.deploymentConfiguration.virtualMachineConfiguration'

/** What the caller may send at all, to make a pool or to change one. @returns it, without what is Batch's own to say. */
function settable(sent: Properties): Properties {
  const unknown = Object.keys(sent).find((name) => !KNOWN.has(name) && !READ_ONLY.has(name))
  if (unknown) throw invalid(`properties.${unknown}`, 'The property is not known at this api-version.')
  const path = 'properties.scaleSettings.fixedScale'
  const { resizeTimeout, ...targets } = sent.scaleSettings?.fixedScale ?? {}
  for (const name of ['targetDedicatedNodes', 'targetLowPriorityNodes']) {
    const target = targets[name] ?? 0
    if (!Number.isInteger(target) || target < 0) throw invalid(`${path}.${name}`, 'The number of nodes must be a whole number, 0 or more.')
  }
  if (resizeTimeout && minutesOf(resizeTimeout) < 5)
    throw invalid(`${path}.resizeTimeout`, 'The resize timeout must be at least 5 minutes.')
  // No document says that null removes anything: it counts as not sent.
  return Object.fromEntries(Object.entries(sent).filter(([name, value]) => !READ_ONLY.has(name) && value !== null))
}

function checkBody({ world }: Arm, { acceptsManagedImages, region }: Pools, { vmSize, deploymentConfiguration }: Properties): void {
  const configuration = deploymentConfiguration?.virtualMachineConfiguration
  if (!vmSize) throw invalid('properties.vmSize', 'A VM size is required.')
  if (!sizeOf(vmSize)) throw invalid('properties.vmSize', `The specified vmSize ${vmSize} is not supported.`)
  if (!configuration?.nodeAgentSkuId) throw invalid(`${DEPLOYMENT}.nodeAgentSkuId`, 'A node agent SKU is required.')
  const { id, version, publisher } = configuration.imageReference ?? {}
  const agent: string = configuration.nodeAgentSkuId
  if (!IMAGES.some((image) => image.agent === agent.toLowerCase()))
    throw new Refusal(404, 'NodeAgentSKUNotFound', 'The specified Node Agent SKU does not exist.', { target: 'BatchAccount' })
  if (!id) {
    if (!publisher) throw invalid(`${DEPLOYMENT}.imageReference`, 'An image is required.')
    const { offer, sku } = configuration.imageReference
    if (!IMAGES.some((image) => image.agent === agent.toLowerCase() && sameImage(image, configuration.imageReference))) {
      throw invalid(
        `${DEPLOYMENT}.imageReference`,
        `The specified imageReference with publisher ${publisher} offer ${offer} sku ${sku} is not supported.`,
      )
    }
    return
  }
  if (version) throw invalid(`${DEPLOYMENT}.imageReference`, 'Specified property version can only have a value when publisher is set.')
  if (acceptsManagedImages && /\/providers\/Microsoft\.Compute\/images\/[^/]+$/i.test(id)) return
  if (!/\/galleries\/[^/]+\/images\/[^/]+(\/versions\/[^/]+)?$/i.test(id)) throw invalid(`${DEPLOYMENT}.imageReference.id`, GALLERY_FORMS)
  const regions: readonly { name: string }[] = world.get(id)?.properties.publishingProfile?.targetRegions ?? []
  if (/\/versions\//i.test(id) && !regions.some(({ name }) => plainRegion(name) === region)) {
    throw invalid(
      `${DEPLOYMENT}.imageReference.id`,
      `The gallery image ${id} is not available in ${region} region. Please contact image owner to replicate to this region, or change your requested region.`,
    )
  }
}

const sameImage = (one: Properties, other: Properties): boolean =>
  ['publisher', 'offer', 'sku'].every((name) => String(one[name]).toLowerCase() === String(other[name]).toLowerCase())
