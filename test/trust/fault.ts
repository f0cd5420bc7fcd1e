/** One request goes wrong: once, or whenever it is sent. */
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { FAULTS, type Fault, LASTING } from './faults.ts'
import { type Case, type Disturb, inWorld } from './matrix.ts'
import { again, disturb, nameOf, type Recorded, type Recording, settle, shapeOf, startWorld } from './recording.ts'
import { afterAll, differences, halfMade, stateOf } from './world-state.ts'

/** Requests that go wrong in one run, about. */
const IN_ONE_RUN = 8

/** Every request × every fault, once; several in a run. */
export function faultCases(recording: Recording, entry?: string): readonly Case[] {
  return FAULTS.flatMap((fault) =>
    gathered(recording.requests.filter(fault.applies)).map((requests) => ({
      name: `${fault.name} on ${requests.map(nameOf).join(', on ')}`,
      covers: requests.length,
      run: () => togetherOrAlone(recording, requests, fault, entry),
    })),
  )
}

/**
 * They lie far apart, so that what one fault does is over when the next one comes; and no two of a run have one shape, so that what is sent
 * again for the one is not taken for the other.
 */
function gathered(requests: readonly Recorded[]): readonly (readonly Recorded[])[] {
  const mostOfAShape = Math.max(
    0,
    ...Map.groupBy(requests, ({ shape }) => shape)
      .values()
      .map(({ length }) => length),
  )
  const runs = Array.from({ length: Math.max(mostOfAShape, Math.ceil(requests.length / IN_ONE_RUN)) }, (): Recorded[] => [])
  for (const [index, request] of requests.entries()) {
    const fromHere = [...runs.slice(index % runs.length), ...runs.slice(0, index % runs.length)]
    fromHere.find((run) => run.every(({ shape }) => shape !== request.shape))?.push(request)
  }
  return runs
}

/** Where a run with several breaks, each of them has to hold in a run of its own; so has one that did not come. */
async function togetherOrAlone(
  recording: Recording,
  requests: readonly Recorded[],
  fault: Fault,
  entry: string | undefined,
): Promise<readonly string[]> {
  const azure = await startWorld(recording.flow)
  let reached: ReadonlySet<Recorded> = new Set(requests)
  const disturbThem: Disturb = (how, times = 1) => {
    reached = disturb(azure, { wanted: requests, how, times, isExact: true })
  }
  const run = { azure, recording, requests, fault, entry, disturbThem }
  const together = await runWithFault(run).finally(() => azure.close())
  if (together.length > 0) console.log(`${fault.name} on ${requests.map(nameOf).join(', on ')}: one by one now, for ${together.join('; ')}`)
  const alone: string[] = []
  for (const request of requests) {
    if (together.length === 0 && reached.has(request)) continue
    const problems = await inWorld(recording, request, (world, disturbIt) =>
      runWithFault({ ...run, azure: world, requests: [request], disturbThem: disturbIt }),
    )
    alone.push(...problems.map((line) => `on ${nameOf(request)}: ${line}`))
  }
  return alone
}

interface FaultyRun {
  readonly azure: EmbeddedAzure
  readonly recording: Recording
  readonly requests: readonly Recorded[]
  readonly fault: Fault
  readonly entry: string | undefined
  readonly disturbThem: Disturb
}

/** Ends as if nothing had happened. */
async function runWithFault({ azure, recording, requests, fault, entry, disturbThem }: FaultyRun): Promise<readonly string[]> {
  const { intervention, times, env, preload } = fault
  if (intervention) disturbThem((seen) => intervention(seen, azure), times)
  // A request whose name is not resolved is counted by the process, and never comes.
  const numbers = requests.map(({ number }, index) => number + index)
  const unresolved = preload && { preload, env: { EMBEDDED_AZURE_UNRESOLVED: `${env?.EMBEDDED_AZURE_UNRESOLVED}@${numbers}` } }
  const run = await again(azure, recording.flow, { ...(env && { env }), ...unresolved, ...(entry && { entry }) })
  const problems = run.exitCode === 0 ? [] : [`ended with ${run.exitCode}: ${errorsOf(run.log)}`]
  await settle(azure)
  return [...problems, ...differences(recording.state, stateOf(azure))]
}

/**
 * Every kind of request × every fault that does not go away. Requests about pools differ from flow to flow, for a pool may be new, in use,
 * or one of two. Any other kind is the same in all flows and is tried once: its shape is then in `tried`.
 */
export function lastingCases(recording: Recording, tried: Set<string>): readonly Case[] {
  const kinds = [...new Map(recording.requests.map((request) => [request.shape, request])).values()]
  const untried = kinds.filter(({ shape, plane }) => plane === 'batch' || shape.includes('microsoft.batch') || !tried.has(shape))
  for (const { shape } of untried) tried.add(shape)
  return untried.flatMap((request) =>
    LASTING.filter(({ applies }) => applies(request)).map((fault) => ({
      name: `${fault.name} whenever ${request.shape} is sent`,
      run: () => forEver(recording, request, fault),
    })),
  )
}

/** Red, with the cause; or green because it could do without. What is half-made is told; the next run completes it. */
async function forEver(recording: Recording, { shape, plane }: Recorded, { intervention, env }: Fault): Promise<readonly string[]> {
  const { flow } = recording
  return inWorld(recording, undefined, async (azure) => {
    const options = env ? { env } : {}
    azure.intervene = (request) => (shapeOf(request) === shape ? intervention?.(request, azure) : undefined)
    const main = await again(azure, flow, options)
    const problems: string[] = []
    const error = errorsOf(main.log)
    if (main.exitCode !== 0) {
      const isClear = /^::error title=(?!Unexpected)[^:]+::.{20,}/.test(error)
      if (!isClear) problems.push(`red without a clear cause: ${error}`)
      const cause =
        plane === 'arm' || plane === 'batch' ? /InternalServerError|TooManyRequests|503|ECONNRESET|socket|NoAnswer|no answer/i : /sign-in/i
      if (!cause.test(error)) problems.push(`the error does not name the cause: ${error}`)
      if (main.summary === '') problems.push('no summary')
      // Rolled back is red, too: the pool is on its former image.
      if (!['failed', 'rolled-back'].includes(main.outputs.result ?? '')) problems.push(`output result is ${main.outputs.result}`)
    }
    const post = await again(azure, flow, { ...options, state: main.state })
    await settle(azure)
    const told = main.summary + main.log + post.log
    problems.push(
      ...halfMade(azure)
        .filter((id) => !told.includes(id))
        .map((id) => `${id} is left half-made and not told`),
    )
    azure.intervene = undefined
    const next = await again(azure, flow, options)
    if (next.exitCode !== 0) problems.push(`the next run ended with ${next.exitCode}: ${errorsOf(next.log)}`)
    await settle(azure)
    return [...problems, ...afterAll(recording, azure)]
  })
}

export const errorsOf = (log: string): string =>
  log
    .split('\n')
    .filter((line) => line.startsWith('::error'))
    .join(' ') || log.slice(-500)
