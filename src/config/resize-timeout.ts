/** How long a resize may take. */
import { isoDuration, MINUTE_MS, parseDurationMs } from '../model/duration.ts'
import type { ImageKind } from './config.ts'
import type { Inputs } from './inputs.ts'

const SHORTEST_RESIZE_TIMEOUT_MS = 5 * MINUTE_MS

/** ISO 8601 duration: from the input, otherwise from the spec, otherwise the guidance. Batch answers 400 below five minutes. */
export function readResizeTimeout(inputs: Inputs, fromSpec: string | undefined, guidance: number): string {
  const fallbackMs = (fromSpec !== undefined && parseDurationMs(fromSpec)) || guidance
  return isoDuration(
    inputs.durationMs('resize-timeout', { minMs: SHORTEST_RESIZE_TIMEOUT_MS, maxMs: Number.POSITIVE_INFINITY, fallbackMs }),
  )
}

/**
 * 15 min per 1,000 nodes from a gallery image, 30 min above 300 nodes from a managed one; Batch's own default is 15 min.
 * https://learn.microsoft.com/azure/batch/batch-sig-images, https://learn.microsoft.com/azure/batch/batch-pool-node-error-checking
 */
export function guidanceMs(nodes: number, imageKind: ImageKind): number {
  if (imageKind === 'managed') return (nodes > 300 ? 30 : 15) * MINUTE_MS
  return Math.max(1, Math.ceil(nodes / 1_000)) * 15 * MINUTE_MS
}
