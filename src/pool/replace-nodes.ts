import { AzureError } from '../errors/azure-error.ts'
import type { Pool } from '../model/batch.ts'
import type { ResizeRequest } from '../model/batch-service.ts'
import { type NodeTotals, totalOf } from '../model/nodes.ts'
import { emit, type StepContext } from '../run/context.ts'
import { refuseForeignTarget } from './foreign-size.ts'
import type { PoolResizer } from './resizer.ts'
import { targetOf } from './size.ts'

/** https://learn.microsoft.com/rest/api/batchservice/pool/remove-nodes */
const MOST_NODES_REMOVED_AT_ONCE = 100

/** Nodes of one pool that are to go. */
interface NodeRemoval {
  readonly resizer: PoolResizer
  readonly poolName: string
  readonly nodeIds: readonly string[]
  readonly request: Pick<ResizeRequest, 'resizeTimeout' | 'nodeDeallocationOption'>
}

/** Nodes that go, and the size that the pool is to have without them. */
export interface NodeReplacement extends NodeRemoval {
  readonly target: NodeTotals
}

/** Removes unusable nodes, and requests others in their place. */
export async function replaceNodes({ target, ...removal }: NodeReplacement, context: StepContext): Promise<Pool> {
  const { resizer, poolName, nodeIds } = removal
  for (let index = 0; index < nodeIds.length; index += MOST_NODES_REMOVED_AT_ONCE) {
    const chunk = nodeIds.slice(index, index + MOST_NODES_REMOVED_AT_ONCE)
    const before = targetOf(await resizer.waitUntilIdle())
    const names = `${chunk.slice(0, 5).join(', ')}${chunk.length > 5 ? ' …' : ''}`
    const text = `Pool ${poolName}: unusable nodes are removed, and new ones requested (${chunk.length}: ${names}).`
    emit(context, { kind: 'notice', level: 'warning', text })
    if (!(await removeNodes({ ...removal, nodeIds: chunk }))) continue
    const pool = await resizer.waitUntilSteady(target, `unusable nodes (${chunk.length}) to leave pool ${poolName}`)
    // The service takes the removed nodes off the target.
    const missing = totalOf(before) - totalOf(targetOf(pool))
    if (missing < 0 || missing > chunk.length) refuseForeignTarget(pool, before)
  }
  return resizer.grow(target)
}

/** Nodes that have left the pool meanwhile need no removal. @returns whether any was left to remove. */
async function removeNodes(removal: NodeRemoval): Promise<boolean> {
  const { resizer, poolName, nodeIds, request } = removal
  try {
    await resizer.plane.removeNodes(poolName, nodeIds, request)
    return true
  } catch (error) {
    if (!(error instanceof AzureError && error.status === 404)) throw error
    const present = new Set((await resizer.plane.listNodeStates(poolName)).map(({ id }) => id))
    const left = nodeIds.filter((id) => present.has(id))
    return left.length > 0 && left.length < nodeIds.length && removeNodes({ ...removal, nodeIds: left })
  }
}
