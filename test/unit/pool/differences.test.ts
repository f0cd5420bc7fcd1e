/** What an existing pool needs, by its own properties. */
import { describe, expect, test } from 'vitest'
import type { PoolRequest } from '../../../src/config/config.ts'
import type { ArmId } from '../../../src/model/arm-id.ts'
import type { Pool, PoolProperties, VirtualMachineConfiguration } from '../../../src/model/batch.ts'
import { lastStateOf, MARKS, writeMark } from '../../../src/pool/marks.ts'
import { planPool } from '../../../src/pool/plan-pool.ts'

const ACCOUNT = '/subscriptions/1/resourceGroups/render/providers/Microsoft.Batch/batchAccounts/farm'
const IMAGE = '/subscriptions/1/resourceGroups/render/providers/Microsoft.Compute/galleries/g/images/golden/versions'

interface Given extends PoolProperties {
  readonly version?: string
  readonly created?: string
  readonly current?: number
  readonly state?: 'Succeeded' | 'Deleting'
}

function poolOf(name: string, { version = '1.0.0', created = '2026-01-01', current = 10, state = 'Succeeded', ...more }: Given = {}): Pool {
  return {
    id: `${ACCOUNT}/pools/${name}`,
    name,
    etag: 'W/"1"',
    properties: {
      vmSize: 'STANDARD_D4S_V5',
      deploymentConfiguration: {
        virtualMachineConfiguration: { imageReference: { id: `${IMAGE}/${version}` }, nodeAgentSkuId: 'batch.node.ubuntu 24.04' },
      },
      scaleSettings: { fixedScale: { targetDedicatedNodes: 10, targetLowPriorityNodes: 0, resizeTimeout: 'PT15M' } },
      interNodeCommunication: 'Disabled',
      taskSlotsPerNode: 1,
      creationTime: created,
      provisioningState: state,
      allocationState: 'Steady',
      allocationStateTransitionTime: created,
      currentDedicatedNodes: current,
      currentLowPriorityNodes: 0,
      ...more,
    },
  }
}

const REQUEST: PoolRequest = {
  id: 'render',
  properties: { vmSize: 'Standard_D4s_v5' },
  target: { dedicated: 10, lowPriority: 0 },
  autoScale: false,
  sizeSource: 'requested',
  resizeTimeout: 'PT30M',
}

const plan = (existing: Pool, more: Partial<Parameters<typeof planPool>[0]> = {}) =>
  planPool({
    id: existing.id as ArmId,
    request: REQUEST,
    existing,
    name: 'render',
    siblings: [existing],
    imageId: `${IMAGE}/1.0.0`,
    strategy: 'in-place',
    imageTraits: undefined,
    supportedImages: [],
    salt: 'a run',
    ...more,
  })

const spec = (properties: PoolProperties, more: Partial<PoolRequest> = {}) => ({
  request: { ...REQUEST, ...more, properties: { ...REQUEST.properties, ...properties } },
})
const AUTO = { autoScale: { formula: '$TargetDedicatedNodes = 6;', evaluationInterval: 'PT5M' } }
const configured = (more: VirtualMachineConfiguration) => ({ deploymentConfiguration: { virtualMachineConfiguration: more } })

describe('drift', () => {
  test.each<[string, Pool, Partial<Parameters<typeof planPool>[0]>, string]>([
    ['as asked', poolOf('render'), {}, 'none'],
    ['behind, though the size fits', poolOf('render', { version: '0.9.0' }), {}, 'reimage'],
    ['behind, but only its size is asked for', poolOf('render', { version: '0.9.0' }), { strategy: 'resize-only' }, 'none'],
    ['fewer nodes than its target', poolOf('render', { current: 7 }), {}, 'resize'],
    ['another target', poolOf('render'), spec({}, { target: { dedicated: 12, lowPriority: 0 } }), 'resize'],
    [
      'Spot nodes that are still sought',
      poolOf('render', { scaleSettings: { fixedScale: { targetDedicatedNodes: 10, targetLowPriorityNodes: 5 } } }),
      spec({}, { target: { dedicated: 10, lowPriority: 5 } }),
      'none',
    ],
    ['another size', poolOf('render'), spec({ vmSize: 'Standard_D8s_v5' }), 'reimage'],
    ['another start task', poolOf('render'), spec({ startTask: { commandLine: 'x' } }), 'update'],
    [
      'a mark of this action, and no metadata asked for',
      poolOf('render', { metadata: [{ name: MARKS.successorOf, value: 'render' }] }),
      {},
      'none',
    ],
    [
      'a mark of this action beside the metadata asked for',
      poolOf('render', {
        metadata: [
          { name: MARKS.successorOf, value: 'render' },
          { name: 'a', value: 'b' },
        ],
      }),
      spec({ metadata: [{ name: 'a', value: 'b' }] }),
      'none',
    ],
    ['data disks that the pool does not have', poolOf('render'), spec(configured({ dataDisks: [{ lun: 0, diskSizeGB: 64 }] })), 'reimage'],
    [
      'a configuration that it has',
      poolOf(
        'render',
        configured({
          imageReference: { id: `${IMAGE}/1.0.0` },
          nodeAgentSkuId: 'batch.node.ubuntu 24.04',
          nodePlacementConfiguration: { policy: 'Regional' },
        }),
      ),
      spec(configured({ nodePlacementConfiguration: { policy: 'regional' } })),
      'none',
    ],
    ['another node agent', poolOf('render'), spec({}, { nodeAgentSkuId: 'batch.node.ubuntu 22.04' }), 'reimage'],
    ['its formula', poolOf('render', { scaleSettings: AUTO, current: 3 }), spec({ scaleSettings: AUTO }, { autoScale: true }), 'none'],
    [
      'another formula',
      poolOf('render', { scaleSettings: { autoScale: { formula: '$TargetDedicatedNodes = 5;' } } }),
      spec({ scaleSettings: AUTO }, { autoScale: true }),
      'update',
    ],
    [
      'no size asked for',
      poolOf('render', { scaleSettings: { fixedScale: { targetDedicatedNodes: 10 } } }),
      spec({}, { target: { dedicated: 0, lowPriority: 0 }, sizeSource: 'existing' }),
      'none',
    ],
    [
      'no size asked for, sized by formula',
      poolOf('render', { scaleSettings: AUTO, current: 3 }),
      spec({}, { target: { dedicated: 0, lowPriority: 0 }, sizeSource: 'existing' }),
      'none',
    ],
  ])('%s', (_, existing, more, action) => {
    expect(plan(existing, more).action).toBe(action)
  })

  test('a pool that an interrupted run has drained goes back to its own size where none is requested', () => {
    const mark = { name: MARKS.before, value: writeMark(lastStateOf(poolOf('render'))) }
    const drained = poolOf('render', { current: 0, metadata: [mark], scaleSettings: { fixedScale: { targetDedicatedNodes: 0 } } })
    const planned = plan(drained, spec({}, { target: { dedicated: 0, lowPriority: 0 }, sizeSource: 'existing' }))
    expect(planned).toMatchObject({ action: 'resize', request: { target: { dedicated: 10 } } })
  })

  test.each<[string, Partial<PoolRequest>, string]>([
    ['by guidance, is that of the size it keeps', { resizeTimeoutFor: 'gallery' }, 'PT45M'],
    ['by guidance, depends on the kind of image', { resizeTimeoutFor: 'managed' }, 'PT30M'],
    ['as asked for, stays', {}, 'PT20M'],
  ])('the resize timeout of a pool whose size was not asked for, %s', (_, more, resizeTimeout) => {
    const large = poolOf('render', { version: '0.9.0', scaleSettings: { fixedScale: { targetDedicatedNodes: 2_500 } } })
    const request = { target: { dedicated: 0, lowPriority: 0 }, sizeSource: 'existing' as const, resizeTimeout: 'PT20M', ...more }
    const planned = plan(large, spec({}, request))
    expect(planned).toMatchObject({ request: { resizeTimeout }, properties: { scaleSettings: { fixedScale: { resizeTimeout } } } })
  })
})
