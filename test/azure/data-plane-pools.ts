/** Pools as the Batch service shows them: the same as ARM's, under other names and in another case. */
import type { Pool, Pools, Properties } from './pools.ts'
import { type Answer, type Call, Refusal, type Route } from './route.ts'

type Page = (name: string, call: Call, value: readonly unknown[]) => Answer
type MakeRoute = (method: Route['method'], path: string, action: string, handle: (call: Call) => Answer) => Route

export function dataPlanePoolRoutes(pools: Pools, route: MakeRoute, page: Page, showNode: (pool: Pool, id: string) => object | undefined) {
  const headersOf = ({ etag, properties }: Pool) => ({
    etag: bareEtag(etag),
    'last-modified': new Date(properties.lastModified).toUTCString(),
  })
  return [
    route('GET', '/pools', 'pools/read', (call) =>
      page(
        'pools',
        call,
        pools.all().map((pool) => shownPool(pool, call.origin)),
      ),
    ),
    route('GET', '/pools/:pool', 'pools/read', (call) => {
      const pool = pools.get(call.params.pool ?? '')
      const body = { 'odata.metadata': `${call.origin}/$metadata#pools/@Element`, ...shownPool(pool, call.origin) }
      return { status: 200, headers: headersOf(pool), body }
    }),
    route('HEAD', '/pools/:pool', 'pools/read', (call) => ({ status: 200, headers: headersOf(pools.get(call.params.pool ?? '')) })),
    route('GET', '/pools/:pool/nodes/:node', 'pools/read', (call) => {
      const node = showNode(pools.get(call.params.pool ?? ''), call.params.node ?? '')
      if (!node) throw new Refusal(404, 'NodeNotFound', 'The specified node does not exist.')
      return { status: 200, body: { 'odata.metadata': `${call.origin}/$metadata#nodes/@Element`, ...node } }
    }),
  ]
}

/** ARM has it in quotes and marked as weak. */
const bareEtag = (etag: string): string => /0x\w+/.exec(etag)?.[0] ?? etag

function shownPool({ name, etag, properties }: Pool, origin: string): object {
  const { scaleSettings = {}, resizeOperationStatus, deploymentConfiguration, provisioningState, ...rest } = properties
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
