import { explain, MultipleFailuresError } from '../errors/explanation.ts'

/**
 * Does `work` on every item, at most `most` at a time; the results are in the order of the items. It waits for all of them, even if one
 * fails. @throws MultipleFailuresError where failures differ, otherwise the failure itself
 */
export async function sideBySide<T, R>(
  items: readonly T[],
  most: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<readonly R[]> {
  const waiting = items.entries()
  const results: PromiseSettledResult<R>[] = []
  const lane = async () => {
    for (const [index, item] of waiting) {
      results[index] = await work(item, index).then(
        (value) => ({ status: 'fulfilled' as const, value }),
        (reason: unknown) => ({ status: 'rejected' as const, reason }),
      )
    }
  }
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, lane))
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
  if (failures.length > 0) throw asOne(failures)
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
}

/** The first failure, unless others have another explanation. */
function asOne(failures: readonly unknown[]): unknown {
  const explanations = failures.map(explain)
  const [first, ...others] = new Map(explanations.map((one) => [`${one.title}: ${one.message}`, one])).values()
  return first && others.length > 0 ? new MultipleFailuresError(first, others) : failures[0]
}

/** The same for a few items: all at once. */
export const allSideBySide = <T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> =>
  sideBySide(items, items.length, work)
