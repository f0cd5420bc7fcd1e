/** Pools as the Batch service takes and shows them: the same as ARM's, under other names and in another case. */
import type { Arm } from '../arm/resources.ts'
import { type Call, Refusal } from '../route.ts'
import { missing, page, route } from './data-plane-routes.ts'
import type { Pool, Properties } from './pool.ts'
import { addPool, changePool, refuseUnmatched, shownProperties } from './pool-writes.ts'
import type { Pools } from './pools.ts'

export function dataPlanePoolRoutes(arm: Arm, pools: Pools, showNode: (pool: Pool, id: string) => object | undefined) {
  const poolOf = ({ params }: Call): Pool => pools.get(params.pool ?? '')
  const change = (call: Call, body: Properties): Pool => {
    const pool = poolOf(call)
    refuseUnmatched(call.headers, bareEtag(pool.etag))
    return inOwnNames(body, () => changePool(arm, pools, pool, toArm(body), call.apiVersion !== '2024-02-01.19.0'))
  }
  const headersOf = ({ etag, properties }: Pool) => ({
    etag: bareEtag(etag),
    'last-modified': new Date(properties.lastModified).toUTCString(),
  })
  return [
    route('GET', '/pools', 'pools/read', (call) =>
      page(
        'pools',
        call,
        pools.visible().map((pool) => shownPool(pool, call.origin)),
      ),
    ),
    route('GET', '/pools/:pool', 'pools/read', (call) => {
      const pool = poolOf(call)
      const body = { 'odata.metadata': `${call.origin}/$metadata#pools/@Element`, ...shownPool(pool, call.origin) }
      return { status: 200, headers: headersOf(pool), body }
    }),
    route('HEAD', '/pools/:pool', 'pools/read', (call) => ({ status: 200, headers: headersOf(poolOf(call)) })),
    route('POST', '/pools', 'pools/write', (call) => {
      const { id } = call.body ?? {}
      if (!id) throw missing('id')
      if (pools.find(id)) throw new Refusal(409, 'PoolExists', 'The specified pool already exists.')
      const pool = inOwnNames(call.body, () => addPool(arm, pools, id, toArm(call.body)))
      return { status: 201, headers: { ...headersOf(pool), location: `${call.origin}/pools/${pool.name}` } }
    }),
    route('PATCH', '/pools/:pool', 'pools/write', (call) => ({ status: 200, headers: headersOf(change(call, call.body ?? {})) })),
    // Replaces: what is left out is taken away.
    route('POST', '/pools/:pool/updateproperties', 'pools/write', (call) => {
      const { startTask, metadata = [], applicationPackageReferences = [] } = call.body ?? {}
      return { status: 204, headers: headersOf(change(call, { startTask, metadata, applicationPackageReferences })) }
    }),
    route('DELETE', '/pools/:pool', 'pools/delete', (call) => {
      const pool = poolOf(call)
      refuseUnmatched(call.headers, bareEtag(pool.etag))
      if (pools.beginDelete(pool) === undefined)
        throw new Refusal(409, 'PoolBeingDeleted', 'The specified pool has been marked for deletion and is being reclaimed.')
      return { status: 202 }
    }),
    route('POST', '/pools/:pool/enableautoscale', 'pools/write', (call) => {
      const { autoScaleFormula } = call.body ?? {}
      if (!autoScaleFormula) throw missing('autoScaleFormula')
      return { status: 200, headers: headersOf(change(call, { ...call.body, enableAutoScale: true })) }
    }),
    // Of a pool that has autoscale on; nothing is applied. https://learn.microsoft.com/rest/api/batchservice/pools/evaluate-pool-auto-scale
    route('POST', '/pools/:pool/evaluateautoscale', 'pools/write', (call) => {
      const pool = poolOf(call)
      const { autoScaleFormula } = call.body ?? {}
      if (!autoScaleFormula) throw missing('autoScaleFormula')
      if (!pool.properties.scaleSettings?.autoScale)
        throw new Refusal(
          409,
          'OperationInvalidForCurrentState',
          'The specified operation is not valid for the current state of the resource.',
        )
      const { results, error } = pools.formulas.evaluate(pool, autoScaleFormula)
      return {
        status: 200,
        headers: headersOf(pool),
        body: {
          'odata.metadata': `${call.origin}/$metadata#Microsoft.Azure.Batch.Protocol.Entities.AutoScaleRun`,
          timestamp: pools.now(),
          results,
          ...(error && { error: inDataPlaneNames(error) }),
        },
      }
    }),
    route('POST', '/pools/:pool/disableautoscale', 'pools/write', (call) => {
      const pool = poolOf(call)
      pools.disableAutoScale(pool)
      return { status: 200, headers: headersOf(pool) }
    }),
    route('GET', '/pools/:pool/nodes/:node', 'pools/read', (call) => {
      const node = showNode(poolOf(call), call.params.node ?? '')
      if (!node) throw new Refusal(404, 'NodeNotFound', 'The specified node does not exist.')
      return { status: 200, body: { 'odata.metadata': `${call.origin}/$metadata#nodes/@Element`, ...node } }
    }),
  ]
}

/** As ARM's body: `properties` and what stands beside them. */
function toArm(body: Properties): Properties {
  const {
    id: _id,
    virtualMachineConfiguration,
    targetDedicatedNodes,
    targetLowPriorityNodes,
    resizeTimeout,
    enableAutoScale,
    autoScaleFormula,
    autoScaleEvaluationInterval,
    enableInterNodeCommunication,
    applicationPackageReferences,
    resourceTags,
    ...same
  } = body
  const {
    nodeAgentSKUId,
    imageReference: { virtualMachineImageId, ...image } = {} as Properties,
    ...rest
  } = virtualMachineConfiguration ?? {}
  const fixedScale = { targetDedicatedNodes, targetLowPriorityNodes, resizeTimeout }
  const isSized = Object.values(fixedScale).some((value) => value !== undefined)
  const autoScale = { formula: autoScaleFormula, ...(autoScaleEvaluationInterval && { evaluationInterval: autoScaleEvaluationInterval }) }
  const properties = {
    ...same,
    ...(virtualMachineConfiguration && {
      deploymentConfiguration: {
        virtualMachineConfiguration: {
          imageReference: { ...image, ...(virtualMachineImageId && { id: virtualMachineImageId }) },
          nodeAgentSkuId: nodeAgentSKUId,
          ...rest,
        },
      },
    }),
    ...(enableAutoScale ? { scaleSettings: { autoScale } } : isSized && { scaleSettings: { fixedScale } }),
    ...(enableInterNodeCommunication !== undefined && { interNodeCommunication: enableInterNodeCommunication ? 'Enabled' : 'Disabled' }),
    ...(applicationPackageReferences && { applicationPackages: applicationPackageReferences }),
  }
  return { properties, ...(resourceTags && { tags: resourceTags }) }
}

/** A refusal in the names of this plane, and with the value that it is for. */
function inOwnNames<T>(body: Properties, act: () => T): T {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const detail = (code: string) => error.details.find((one) => one.code === code)?.message
    const [reason, path] = [detail('Reason'), detail('PropertyPath')?.replace(/^properties\./, '')]
    if (!path || !reason) throw error
    const name = NAMES[path] ?? path.slice(path.lastIndexOf('.') + 1)
    const value = name === 'virtualMachineImageId' ? body.virtualMachineConfiguration?.imageReference?.virtualMachineImageId : body[name]
    throw new Refusal(error.status, error.code, error.message, {
      details: [
        { code: 'PropertyName', message: name },
        ...(typeof value === 'string' ? [{ code: 'PropertyValue', message: value }] : []),
        { code: 'Reason', message: reason },
      ],
    })
  }
}

function inDataPlaneNames({ code, message, details }: Properties): object {
  return { code, message, values: details.map((detail: Properties) => ({ name: detail.code, value: detail.message })) }
}

const NAMES: Readonly<Record<string, string>> = {
  'deploymentConfiguration.virtualMachineConfiguration.imageReference.id': 'virtualMachineImageId',
  'deploymentConfiguration.virtualMachineConfiguration.nodeAgentSkuId': 'nodeAgentSKUId',
}

/** ARM has it in quotes and marked as weak. */
const bareEtag = (etag: string): string => /0x\w+/.exec(etag)?.[0] ?? etag

function shownPool({ name, etag, properties }: Pool, origin: string): object {
  const { scaleSettings = {}, resizeOperationStatus, deploymentConfiguration, provisioningState, ...rest } = shownProperties(properties)
  const { fixedScale, autoScale } = scaleSettings
  const errors: readonly Properties[] = resizeOperationStatus?.errors ?? []
  return {
    id: name,
    url: `${origin}/pools/${name}`,
    eTag: bareEtag(etag),
    lastModified: rest.lastModified,
    creationTime: rest.creationTime,
    state: provisioningState === 'Deleting' ? 'deleting' : 'active',
    stateTransitionTime: rest.provisioningStateTransitionTime,
    allocationState: rest.allocationState.toLowerCase(),
    allocationStateTransitionTime: rest.allocationStateTransitionTime,
    vmSize: rest.vmSize.toLowerCase(),
    ...(deploymentConfiguration && { virtualMachineConfiguration: configurationOf(deploymentConfiguration.virtualMachineConfiguration) }),
    ...(resizeOperationStatus && { resizeTimeout: resizeOperationStatus.resizeTimeout }),
    ...(errors.length > 0 && {
      resizeErrors: errors.map(({ code, message, details = [] }) => ({
        code,
        message,
        ...(details.length > 0 && { values: details.map((detail: Properties) => ({ name: detail.code, value: detail.message })) }),
      })),
    }),
    currentDedicatedNodes: rest.currentDedicatedNodes,
    currentLowPriorityNodes: rest.currentLowPriorityNodes,
    targetDedicatedNodes: fixedScale?.targetDedicatedNodes ?? resizeOperationStatus?.targetDedicatedNodes ?? 0,
    targetLowPriorityNodes: fixedScale?.targetLowPriorityNodes ?? resizeOperationStatus?.targetLowPriorityNodes ?? 0,
    enableAutoScale: autoScale !== undefined,
    ...(autoScale && { autoScaleFormula: autoScale.formula, autoScaleEvaluationInterval: autoScale.evaluationInterval }),
    enableInterNodeCommunication: rest.interNodeCommunication === 'Enabled',
    ...(rest.startTask && { startTask: rest.startTask }),
    ...(rest.metadata && { metadata: rest.metadata }),
    taskSlotsPerNode: rest.taskSlotsPerNode,
    taskSchedulingPolicy: rest.taskSchedulingPolicy,
  }
}

function configurationOf({ imageReference, nodeAgentSkuId, ...rest }: Properties): object {
  const { id, ...image } = imageReference
  return { imageReference: id ? { virtualMachineImageId: id, ...image } : image, nodeAgentSKUId: nodeAgentSkuId, ...rest }
}
