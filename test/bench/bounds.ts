/** What the measured figures may be at most. Counts are held by `npm test` too; seconds, ratios and memory only here, on a quiet machine. */
import type { Results } from '../tools/measured.ts'
import { ratio } from './ratios.ts'

export interface Figure {
  readonly what: string
  readonly measured: number
  readonly bound: number
}

/** The run's own work passes twice as fast as Azure's time in the bench (`SPEED`): 1.5 s of ours. */
const UNCHANGED_S = 3

const REQUESTS: Readonly<Record<string, number>> = {
  'new pool': 75,
  'nothing has changed': 15,
  plan: 20,
  'pruning of 100 versions': 260,
}

/**
 * Beside Azure alone, once it has begun: before its first write a run reads what a plan reads. Deletions of versions, which take a
 * minute and a half, are asked about every 4 s: oftener would cost more requests than their bound allows.
 */
const WALL = 1.01
const WALL_OF_PRUNING = 1.06

/** On the reference trace, and with more pools and nodes. */
const WAY_MIB = 95
const SCALE_MIB: Readonly<Record<string, number>> = { '50 pools of 500 nodes': 125, '1 pool of 5000 nodes': 100 }
const POOLS_REQUESTS: Readonly<Record<string, number>> = { '50 pools of 10 nodes': 50 * 20, '50 pools of 500 nodes': 50 * 20 }

/** Every figure that has a bound. */
export function boundedFigures({ bundleBytes, startUp, ways, scale, fleet }: Results): readonly Figure[] {
  const readingS = ways.find(({ way }) => way === 'plan')?.wallS ?? 0
  return [
    ...ways.flatMap(({ way, wallS, boundS, requests, peakMiB }) => [
      boundS === 0
        ? figure(`${way}: seconds`, wallS, way === 'nothing has changed' ? UNCHANGED_S : undefined)
        : figure(`${way}: time beside Azure alone`, ratio(wallS - readingS, boundS), way.startsWith('pruning') ? WALL_OF_PRUNING : WALL),
      figure(`${way}: requests`, requests, REQUESTS[way]),
      figure(`${way}: MiB`, peakMiB, way === 'new pool' ? WAY_MIB : undefined),
    ]),
    ...scale.flatMap(({ what, requests, peakMiB }) => [
      figure(`${what}: requests`, requests, POOLS_REQUESTS[what]),
      figure(`${what}: MiB`, peakMiB, SCALE_MIB[what]),
    ]),
    figure(`${fleet.what}: time beside the slowest account alone`, fleet.toSlowest, 1.01),
    ...Object.entries(startUp.firstRequest).map(([way, { connectedToBareNode }]) =>
      figure(`first request, signing in by ${way}: time beside Node.js alone`, connectedToBareNode, 1.4),
    ),
    figure('bundle: bytes', bundleBytes.all, 2_100_000),
    figure('bundle where nothing is asked of Azure: bytes', bundleBytes.withoutAzure, 850_000),
  ].flat()
}

const figure = (what: string, measured: number, bound: number | undefined): readonly Figure[] =>
  bound === undefined ? [] : [{ what, measured, bound }]

/** What is over its bound. */
export const overBound = (figures: readonly Figure[]): readonly Figure[] => figures.filter(({ measured, bound }) => measured > bound)
