/** Jobs and job schedules, from the JSON of the data plane. */
import type { Job, JobSchedule } from '../../model/batch-service.ts'

export interface WireJob extends Pick<Job, 'id' | 'state'> {
  readonly eTag: string
  readonly poolInfo?: PoolInfo
  readonly metadata?: Job['metadata']
}

export interface PoolInfo {
  readonly poolId?: string
}

export interface WireJobSchedule extends Omit<JobSchedule, 'etag'> {
  readonly eTag: string
  readonly state: string
  readonly jobSpecification: Readonly<Record<string, unknown>> & { readonly poolInfo?: PoolInfo }
}

const FINISHED = ['completed', 'terminating', 'deleting']

/** Whether a job or schedule in this state runs on the pool, now or later. */
export function isUnfinishedOn(poolName: string, state: string, info: PoolInfo | undefined): boolean {
  return info?.poolId?.toLowerCase() === poolName.toLowerCase() && !FINISHED.includes(state.toLowerCase())
}

export const toJob = ({ id, eTag, state, metadata = [] }: WireJob): Job => ({
  id,
  etag: eTag,
  state: state.toLowerCase() as Job['state'],
  metadata,
})
