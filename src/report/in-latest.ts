/** Pure: `latest: when-healthy`: whether the pools of a run have shown that a version works. */
import { sameId } from '../model/arm-id.ts'
import { poolNames } from './pool-names.ts'
import type { PoolSummary } from './record.ts'

/** A sentence about pools that stay on another image, as with `strategy: resize-only`; `undefined` where there is none. */
export function otherImageSentence(pools: readonly PoolSummary[], imageId: string): string | undefined {
  const others = pools.filter(({ error, imageAfter }) => !error && !sameId(imageAfter, imageId))
  if (others.length === 0) return undefined
  const names = others.map(poolNames(pools)).join(', ')
  return `The version is not included in latest (\`latest: when-healthy\`), because ${others.length === 1 ? 'this pool keeps' : 'these pools keep'} another image: ${names}. \`strategy: in-place\`, \`blue-green\` or \`replace\` moves pools to the new one.`
}

/** A sentence for a version that no node has become healthy on, in a pool or as a proof; `undefined` where one has. */
export function unprovenSentence(pools: readonly PoolSummary[]): string | undefined {
  if (pools.some(({ healthy, proof }) => healthy > 0 || proof?.result === 'healthy')) return undefined
  return 'The version is not included in latest (`latest: when-healthy`), because no node has become healthy on it: the pools have no healthy nodes, and there was no proof. A run that finds healthy nodes on it includes it.'
}
