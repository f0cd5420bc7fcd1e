/** For what a run can do without: the answer is given up after `ms`, retries included. */
export async function within<T>(ms: number, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(ms)
  try {
    return await ask(signal)
  } catch (error) {
    throw signal.aborted ? new Error(`no answer within ${ms / 1_000} s`) : error
  }
}
