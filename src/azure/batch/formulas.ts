/** Evaluations of autoscale formulas, from the JSON of the data plane. */
import type { AutoScaleRun } from '../../model/batch-service.ts'

export interface WireAutoScaleRun {
  readonly timestamp?: string
  readonly results?: string
  readonly error?: { readonly code: string; readonly message: string }
}

/** `evaluationTime` is what ARM calls it. */
export const toAutoScaleRun = ({ timestamp = '', results, error }: WireAutoScaleRun): AutoScaleRun => ({
  evaluationTime: timestamp,
  ...(results && { results }),
  ...(error && { error }),
})
