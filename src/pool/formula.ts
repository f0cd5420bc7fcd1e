/** Pure: what the evaluation of an autoscale formula says of a pool. */
import { PoolError } from '../errors/run-errors.ts'
import type { Pool } from '../model/batch.ts'

/** A formula that fails sizes nothing. https://learn.microsoft.com/azure/batch/batch-automatic-scaling#get-information-about-autoscale-runs */
export function unevaluatedError({ name, properties }: Pool): PoolError | undefined {
  const { error } = properties.autoScaleRun ?? {}
  if (!error) return undefined
  return new PoolError({
    title: 'Autoscale formula not evaluated',
    message: `pool ${name}: its autoscale formula could not be evaluated: ${error.code}: ${error.message}`,
    hint: 'Correct the formula; one that needs samples must say what to do without them, e.g. by `GetSamplePercent`.',
    link: 'https://learn.microsoft.com/azure/batch/batch-automatic-scaling',
    code: error.code,
  })
}
