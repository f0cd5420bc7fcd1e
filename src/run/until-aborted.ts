/**
 * Waits for `work`, but not longer than until the signal: a request that hangs must not delay the end of a cancelled run. @throws the
 * signal's reason
 */
export async function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = new Promise<never>((_, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  await Promise.race([work, aborted])
}
