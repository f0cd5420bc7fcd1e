/** Fewer samples with the same shape: first, last, highest and lowest stay. */
import { totalOf } from '../../model/nodes.ts'
import type { NodeSample } from '../run-report.ts'

/** At most `most` samples (4 or more), by their order. */
export function thin(samples: readonly NodeSample[], most: number): readonly NodeSample[] {
  if (samples.length <= most) return samples
  const even = Array.from({ length: most - 2 }, (_, index) => Math.round((index * (samples.length - 1)) / (most - 3)))
  const kept = new Set([...even, ...extremesOf(samples)])
  return samples.filter((_, index) => kept.has(index))
}

/** A sample put on an even axis. */
export type TimedSample = NodeSample & {
  /** Since the first sample. */
  readonly elapsedMs: number
}

/**
 * So many samples (2 or more) at equal distances in time: what was known then, or, once, the highest and the lowest of all. The first
 * and the last slot keep the first and the last sample.
 */
export function overTime(samples: readonly NodeSample[], slots: number): readonly TimedSample[] {
  const [first, last] = [samples[0], samples.at(-1)]
  if (!first || !last) return []
  const elapsed = samples.map(({ at }) => Date.parse(at) - Date.parse(first.at))
  const spanMs = elapsed.at(-1) ?? 0
  if (spanMs <= 0) return [{ ...last, elapsedMs: 0 }]
  const slotMs = spanMs / (slots - 1)
  const chosen = Array.from({ length: slots }, (_, slot) =>
    Math.max(
      0,
      elapsed.findLastIndex((ms) => ms <= slot * slotMs + 1),
    ),
  )
  for (const index of extremesOf(samples)) {
    const slot = Math.round((elapsed[index] ?? 0) / slotMs)
    if (slot > 0 && slot < slots - 1) chosen[slot] = index
  }
  return chosen.map((index, slot) => ({ ...(samples[index] ?? last), elapsedMs: slot * slotMs }))
}

/** Where the lowest and the highest number of nodes are. */
function extremesOf(samples: readonly NodeSample[]): readonly number[] {
  const totals = samples.map(({ current }) => totalOf(current))
  return [totals.indexOf(Math.min(...totals)), totals.indexOf(Math.max(...totals))]
}
