/** `work` on every item, at most `most` at a time; results in the order of the items. The first failure is thrown after all have ended. */
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
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}

/** The same for a few items: all at once. */
export const allSideBySide = <T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> =>
  sideBySide(items, items.length, work)
