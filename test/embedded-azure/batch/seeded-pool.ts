/** The properties of a pool that exists before the first run of a scenario. */
import type { Scenario } from '../scenarios/scenario.ts'
import type { Properties } from './pool.ts'

type SeededPool = Pick<NonNullable<Scenario['pools']>[number], 'properties' | 'nodes' | 'staleErrors'>

/** @param anHourAgo ISO 8601: when the pool was made and got its nodes */
export function seededProperties({ properties, nodes, staleErrors }: SeededPool, anHourAgo: string): Properties {
  return {
    interNodeCommunication: 'Disabled',
    taskSlotsPerNode: 1,
    taskSchedulingPolicy: { nodeFillType: 'Spread' },
    scaleSettings: { fixedScale: { targetDedicatedNodes: nodes, targetLowPriorityNodes: 0, resizeTimeout: 'PT15M' } },
    ...structuredClone(properties),
    vmSize: String(properties.vmSize).toUpperCase(),
    provisioningState: 'Succeeded',
    provisioningStateTransitionTime: anHourAgo,
    creationTime: anHourAgo,
    lastModified: anHourAgo,
    allocationState: 'Steady',
    allocationStateTransitionTime: anHourAgo,
    currentDedicatedNodes: nodes,
    currentLowPriorityNodes: 0,
    resizeOperationStatus: {
      targetDedicatedNodes: nodes,
      targetLowPriorityNodes: 0,
      nodeDeallocationOption: 'Requeue',
      resizeTimeout: 'PT15M',
      startTime: anHourAgo,
      ...(staleErrors && { errors: staleErrors }),
    },
  }
}
