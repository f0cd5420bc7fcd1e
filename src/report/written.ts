import type { RunReport } from './run-report.ts'

/** Whether this run changed anything in Azure. What was adopted or kept was there already. */
export function hasWritten({ resources, pools }: RunReport): boolean {
  return resources.some(({ change }) => change !== 'adopted' && change !== 'kept') || pools.some(({ attempts }) => attempts.length > 0)
}
