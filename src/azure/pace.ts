/**
 * How often a kind of operation is asked about. Real durations: snapshots 0.1 to 27 s, images 0.2 to 30 s, versions minutes, VMs 9 to
 * 1,405 s. What a run waits too long is half a pace on average, for each operation in its chain.
 */
export interface Pace {
  readonly firstMs: number
  readonly longestMs: number
}

export const PACES = {
  disk: { firstMs: 4_000, longestMs: 10_000 },
  image: { firstMs: 2_000, longestMs: 10_000 },
  gallery: { firstMs: 500, longestMs: 5_000 },
  version: { firstMs: 4_000, longestMs: 30_000 },
  vm: { firstMs: 2_000, longestMs: 15_000 },
  pool: { firstMs: 5_000, longestMs: 15_000 },
} as const satisfies Record<string, Pace>

/** The wait before the next question: a twentieth of the time already waited, within the pace; never less than Azure asks for. */
export function nextDelayMs(pace: Pace, waitedMs: number, retryAfterS: number | undefined): number {
  const adaptive = Math.min(pace.longestMs, Math.max(pace.firstMs, waitedMs / 20))
  return retryAfterS === undefined ? adaptive : Math.max(adaptive, retryAfterS * 1_000)
}
