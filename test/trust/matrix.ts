/** Runs the cases of a matrix side by side, tells how many held, and leaves the count for the table. */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import fc from 'fast-check'
import { expect } from 'vitest'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { type Disturbance, disturb, nameOf, type Recorded, type Recording, startWorld } from './recording.ts'

export const FOLDER = path.join(import.meta.dirname, '../../out/trust')
/** Cases side by side: what two cores take. */
const AT_ONCE = Number(process.env.TRUST_AT_ONCE ?? 2)

export interface Case {
  readonly name: string
  /** What does not hold, one line each. */
  readonly run: () => Promise<readonly string[]>
  /** How many cases this one stands for; default: 1. */
  readonly covers?: number
}

export interface Outcome {
  readonly matrix: string
  readonly flow: string
  readonly all: number
  readonly run: number
  readonly held: number
  readonly seconds: number
  readonly broken: readonly string[]
}

/** `npx vitest --mode slice`: a part that changes from day to day, so that it fits into a gate. */
export const IS_SLICE = process.env.MODE === 'slice'
export const SEED = Number(process.env.TRUST_SEED ?? Math.floor(Date.now() / 86_400_000))

/** Runs only the cases whose name has this in it: one that broke, again. */
const ONLY = process.env.TRUST_CASE

/** The seeded part of `cases` that a slice runs; otherwise all. */
export function sliceOf<T extends { readonly name: string }>(cases: readonly T[], most: number): readonly T[] {
  if (ONLY) return cases.filter(({ name }) => name.includes(ONLY))
  if (!IS_SLICE || cases.length <= most) return cases
  const shuffled = fc.shuffledSubarray([...cases], { minLength: most, maxLength: most })
  return fc.sample(shuffled, { seed: SEED, numRuns: 1 })[0] ?? []
}

/** All cases hold. In a slice: at most `most` of them are run. */
export async function hold(matrix: string, flow: string, cases: readonly Case[], most: number): Promise<void> {
  expect(cases.length, 'a matrix without cases').toBeGreaterThan(0)
  const { broken, ...outcome } = await tried(matrix, flow, cases, most)
  await leave({ ...outcome, broken })
  console.log(
    `${matrix}, ${flow}: ${outcome.run} of ${outcome.all} cases run, ${outcome.held} held, ${outcome.seconds} s${IS_SLICE ? ` (seed ${SEED})` : ''}`,
  )
  expect.soft(broken).toEqual([])
}

/** For the table. */
export async function leave(outcome: Outcome): Promise<void> {
  await mkdir(FOLDER, { recursive: true })
  await writeFile(path.join(FOLDER, `${outcome.matrix} ${outcome.flow}.json`.replace(/[^\w.]+/g, '-')), JSON.stringify(outcome))
}

/** How many cases these stand for. */
export const countOf = (cases: readonly Case[]): number => cases.reduce((sum, { covers = 1 }) => sum + covers, 0)

/** The same, without judging: for those who expect cases to break. */
export async function tried(matrix: string, flow: string, cases: readonly Case[], most = Number.POSITIVE_INFINITY): Promise<Outcome> {
  const startedAtMs = Date.now()
  const chosen = sliceOf(cases, most)
  const waiting = [...chosen]
  const broken: string[] = []
  let held = 0
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const problems = await next.run().catch((error: unknown) => [error instanceof Error ? (error.stack ?? error.message) : String(error)])
      if (problems.length === 0) held += next.covers ?? 1
      else {
        broken.push(`${next.name}: ${problems.join('\n    ')}`)
        console.log(`BROKEN ${matrix}, ${flow}, ${broken.at(-1)}`)
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return { matrix, flow, all: countOf(cases), run: countOf(chosen), held, seconds: Math.round((Date.now() - startedAtMs) / 1_000), broken }
}

/** Disturbs what is wanted, once or `times` in a row. */
export type Disturb = (how: Disturbance['how'], times?: number) => void

/**
 * A world of its own, in which one request is disturbed; tried again where it did not come, because polls are not counted on: what runs
 * side by side comes in another order. In the last two runs any request of its kind will do.
 */
export async function inWorld(
  { flow }: Pick<Recording, 'flow'>,
  wanted: Recorded | undefined,
  body: (azure: EmbeddedAzure, disturbIt: Disturb) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  for (let attempt = 1; ; attempt += 1) {
    const azure = await startWorld(flow)
    let isReached = () => true
    try {
      const problems = await body(azure, (how, times = 1) => {
        if (!wanted) return
        const reached = disturb(azure, { wanted: [wanted], how, times, isExact: attempt < 3 })
        isReached = () => reached.size > 0
      })
      if (isReached()) return problems
      if (wanted && attempt === 4) return [`${nameOf(wanted)} did not come in ${attempt} runs`]
    } finally {
      await azure.close()
    }
  }
}
