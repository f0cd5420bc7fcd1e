/** Tasks, from and to the JSON of the data plane. */
import type { NewTask, Task } from '../../model/batch-service.ts'
import { toError, type WireError } from './nodes.ts'

export interface WireTask extends Pick<Task, 'id' | 'state'> {
  readonly nodeInfo?: { readonly nodeId?: string }
  readonly executionInfo?: {
    readonly startTime?: string
    readonly endTime?: string
    readonly exitCode?: number
    readonly result?: string
    readonly failureInfo?: WireError
  }
}

export function toTask({ id, state, nodeInfo, executionInfo = {} }: WireTask): Task {
  const { startTime, endTime, exitCode, failureInfo } = executionInfo
  return {
    id,
    state: state.toLowerCase() as Task['state'],
    ...(nodeInfo?.nodeId && { nodeId: nodeInfo.nodeId }),
    ...(startTime && { startTime }),
    ...(endTime && { endTime }),
    ...(exitCode !== undefined && { exitCode }),
    ...(failureInfo && { failureInfo: toError(failureInfo) }),
  }
}

/** The body of a request that adds a task. */
export function taskBody({ affinityId, containerImage, maxWallClockTime, ...task }: NewTask): object {
  return {
    ...task,
    affinityInfo: { affinityId },
    constraints: { maxWallClockTime, maxTaskRetryCount: 0 },
    ...(containerImage && { containerSettings: { imageName: containerImage } }),
  }
}
