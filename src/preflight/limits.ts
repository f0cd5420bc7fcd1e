/** Rules about how large pools may be. */
import { imageKindOf } from '../config/config.ts'
import { guidanceMs } from '../config/resize-timeout.ts'
import { poolNamed } from '../model/batch.ts'
import { parseDurationMs, showDuration } from '../model/duration.ts'
import { coresOf } from '../pool/core-quotas.ts'
import type { Rule } from './facts.ts'

const QUOTA = 'https://learn.microsoft.com/azure/batch/batch-quota-limit'
/** https://learn.microsoft.com/azure/batch/batch-quota-limit#pool-size-limits */
const MOST_COMMUNICATING = { BatchService: 100, UserSubscription: 80 }

const POOL_REFERENCE = 'https://learn.microsoft.com/rest/api/batchmanagement/pool/create'
const SLOTS_PER_CORE = 4

export const LIMIT_RULES: readonly Rule[] = [
  {
    id: 'inter-node-pool-size',
    severity: 'error',
    title: 'A pool with inter-node communication is small enough',
    objection: 'Too many nodes for inter-node communication',
    link: QUOTA,
    check: ({ config: { pool }, observed: { account } }) => {
      const most = MOST_COMMUNICATING[account?.poolAllocationMode ?? 'BatchService']
      return (pool?.requests ?? [])
        .filter(({ properties, target }) => properties.interNodeCommunication === 'Enabled' && target.dedicated + target.lowPriority > most)
        .map(({ id, target }) => ({
          seen: `pool ${id} has inter-node communication and ${target.dedicated + target.lowPriority} nodes; ${most} is the most`,
          fix: 'Use fewer nodes, or leave `interNodeCommunication` out.',
        }))
    },
  },
  {
    id: 'task-slots',
    severity: 'error',
    title: 'A node has at most 4 task slots per core',
    objection: 'Too many task slots for the VM size',
    link: POOL_REFERENCE,
    check: ({ config: { pool }, observed: { vmSizes } }) =>
      (pool?.requests ?? []).flatMap(({ id, properties: { taskSlotsPerNode = 1, vmSize } }) => {
        const cores = coresOf(vmSizes, vmSize)
        return cores > 0 && Number(taskSlotsPerNode) > cores * SLOTS_PER_CORE
          ? [
              {
                seen: `pool ${id} has ${taskSlotsPerNode} task slots per node; ${vmSize} has ${cores} cores, so that ${cores * SLOTS_PER_CORE} is the most`,
                fix: 'Lower `taskSlotsPerNode`, or use a larger VM size.',
              },
            ]
          : []
      }),
  },
  {
    id: 'pool-size',
    severity: 'error',
    title: 'A new pool is given a size',
    objection: 'Pool size is missing',
    link: POOL_REFERENCE,
    check: ({ config: { mode, pool }, observed: { pools } }) =>
      (mode === 'prune' ? [] : (pool?.requests ?? []))
        .filter(({ id, sizeSource }) => sizeSource === 'existing' && !poolNamed(id, pools))
        .map(({ id }) => ({
          seen: `pool ${id} does not exist yet, and no size is given for it`,
          fix: 'Set `target-dedicated-nodes` or `target-low-priority-nodes` (0 makes a pool without nodes), or `scaleSettings` in `pool-spec`.',
        })),
  },
  {
    id: 'resize-timeout',
    severity: 'warning',
    title: 'The resize timeout is long enough for the size',
    objection: 'Resize timeout is short',
    link: 'https://learn.microsoft.com/azure/batch/batch-sig-images',
    check: ({ config: { pool, image, source } }) =>
      (pool?.requests ?? []).flatMap(({ id, target, autoScale, resizeTimeout }) => {
        const nodes = target.dedicated + target.lowPriority
        const recommendedMs = guidanceMs(nodes, imageKindOf(source, image))
        if (autoScale || (parseDurationMs(resizeTimeout) ?? 0) >= recommendedMs || nodes === 0) return []
        return [
          {
            seen: `pool ${id}: ${resizeTimeout} for ${nodes} nodes; ${showDuration(recommendedMs)} is recommended`,
            fix: 'Raise `resize-timeout`; a resize that times out is requested again, up to `max-resizes`.',
          },
        ]
      }),
  },
]
