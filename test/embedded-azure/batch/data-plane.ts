/** The Batch service: supported images and resizes, with the routes of pools, nodes and jobs. */
import type { Arm } from '../arm/resources.ts'
import { type Call, Refusal, type Route } from '../route.ts'
import { IMAGES } from './catalogue.ts'
import { dataPlaneJobRoutes } from './data-plane-jobs.ts'
import { dataPlaneNodeRoutes, shownNode } from './data-plane-nodes.ts'
import { dataPlanePoolRoutes } from './data-plane-pools.ts'
import { missing, page, route } from './data-plane-routes.ts'
import { minutesOf, type Pool } from './pool.ts'
import type { Pools } from './pools.ts'

export function batchDataPlaneRoutes(arm: Arm, pools: Pools): readonly Route[] {
  const poolOf = ({ params }: Call): Pool => pools.get(params.pool ?? '')
  return [
    route('GET', '/supportedimages', 'read', (call) =>
      page(
        'listsupportedimages',
        call,
        IMAGES.map(({ agent, end, os = 'linux', isUnverified, capabilities, ...image }) => ({
          nodeAgentSKUId: agent,
          imageReference: { ...image, version: 'latest' },
          osType: os,
          ...(capabilities && { capabilities }),
          verificationType: isUnverified ? 'unverified' : 'verified',
          ...(end && { batchSupportEndOfLife: end }),
        })),
      ),
    ),
    ...dataPlanePoolRoutes(arm, pools, (pool, id) => {
      const node = pools.nodesOf(pool).find((one) => one.id === id)
      return node && shownNode(pools, pool, node)
    }),
    route('POST', '/pools/:pool/resize', 'pools/write', (call) => {
      const pool = poolOf(call)
      if (pool.properties.scaleSettings?.autoScale)
        throw new Refusal(409, 'AutoScalingFormulaInUse', 'The specified pool is configured to use autoscaling.')
      pools.refuseBusy(pool)
      const { targetDedicatedNodes, targetLowPriorityNodes, resizeTimeout = 'PT15M', nodeDeallocationOption } = call.body ?? {}
      if (targetDedicatedNodes === undefined && targetLowPriorityNodes === undefined) throw missing('targetDedicatedNodes')
      if (minutesOf(resizeTimeout) < 5) {
        throw new Refusal(400, 'InvalidPropertyValue', 'The value provided for one of the properties in the request body is invalid.', {
          details: [
            { code: 'PropertyName', message: 'resizeTimeout' },
            { code: 'PropertyValue', message: resizeTimeout },
            { code: 'Reason', message: 'The resize timeout must be at least 5 minutes.' },
          ],
        })
      }
      const { fixedScale } = pool.properties.scaleSettings ?? {}
      pools.resize(pool, {
        targetDedicatedNodes: targetDedicatedNodes ?? fixedScale?.targetDedicatedNodes ?? 0,
        targetLowPriorityNodes: targetLowPriorityNodes ?? fixedScale?.targetLowPriorityNodes ?? 0,
        resizeTimeout,
        nodeDeallocationOption,
      })
      return { status: 202 }
    }),
    route('POST', '/pools/:pool/stopresize', 'pools/write', (call) => {
      const pool = poolOf(call)
      if (pool.properties.allocationState !== 'Resizing')
        throw new Refusal(
          409,
          'OperationInvalidForCurrentState',
          'The specified operation is not valid for the current state of the resource.',
        )
      pool.stop?.()
      return { status: 202 }
    }),
    ...dataPlaneNodeRoutes(pools),
    ...dataPlaneJobRoutes(pools),
  ]
}
