/** One request goes wrong: once, or whenever it is sent. */
import { FAULTS, type Fault, LASTING } from './faults.ts'
import { type Case, inWorld } from './matrix.ts'
import { again, nameOf, type Recorded, type Recording, settle, shapeOf } from './recording.ts'
import { afterAll, differences, halfMade, stateOf } from './world-state.ts'

/** Requests that go wrong in one run. They lie far apart: what one fault does is over when the next one comes. */
const IN_ONE_RUN = 8

/** Every request × every fault, once; several in a run. */
export function faultCases(recording: Recording, entry?: string): readonly Case[] {
  return FAULTS.flatMap((fault) => {
    const requests = recording.requests.filter(fault.applies)
    const runs = Math.ceil(requests.length / IN_ONE_RUN)
    return Array.from({ length: runs }, (_, first): Case => {
      const disturbed = requests.filter((_request, index) => index % runs === first)
      return {
        name: `${fault.name} on ${disturbed.map(nameOf).join(', on ')}`,
        covers: disturbed.length,
        run: () => togetherOrAlone(recording, disturbed, fault, entry),
      }
    })
  })
}

/** Where a run with several breaks, each of them has to hold in a run of its own. */
async function togetherOrAlone(
  recording: Recording,
  requests: readonly Recorded[],
  fault: Fault,
  entry: string | undefined,
): Promise<readonly string[]> {
  const together = await once(recording, requests, fault, entry)
  if (together.length === 0) return together
  console.log(`${fault.name} on ${requests.map(nameOf).join(', on ')}: now one by one, for together: ${together.join('; ')}`)
  const alone: string[] = []
  for (const request of requests) {
    const problems = await once(recording, [request], fault, entry)
    alone.push(...problems.map((line) => `on ${nameOf(request)}: ${line}`))
  }
  return alone
}

async function once(
  recording: Recording,
  requests: readonly Recorded[],
  { intervention, times, env, preload }: Fault,
  entry?: string,
): Promise<readonly string[]> {
  const { flow, state } = recording
  return inWorld(recording, requests, async (azure, disturb) => {
    if (intervention) disturb((seen) => intervention(seen, azure), times)
    // A request whose name is not resolved is counted by the process, and never comes.
    const numbers = requests.map(({ number }, index) => number + index)
    const unresolved = preload && { preload, env: { EMBEDDED_AZURE_UNRESOLVED: `${env?.EMBEDDED_AZURE_UNRESOLVED}@${numbers}` } }
    const run = await again(azure, flow, { ...(env && { env }), ...unresolved, ...(entry && { entry }) })
    const problems = run.exitCode === 0 ? [] : [`ended with ${run.exitCode}: ${errorsOf(run.log)}`]
    await settle(azure)
    return [...problems, ...differences(state, stateOf(azure))]
  })
}

/** Every kind of request × every fault that does not go away. */
export function lastingCases(recording: Recording, entry?: string): readonly Case[] {
  const kinds = [...new Map(recording.requests.map((request) => [request.shape, request])).values()]
  return kinds.flatMap((request) =>
    LASTING.filter(({ applies }) => applies(request)).map((fault) => ({
      name: `${fault.name} whenever ${request.shape} is sent`,
      run: () => forEver(recording, request, fault, entry),
    })),
  )
}

/** Red, with the cause; or green because it could do without. What is half-made is told; the next run completes it. */
async function forEver(
  recording: Recording,
  { shape, plane }: Recorded,
  { intervention, env }: Fault,
  entry?: string,
): Promise<readonly string[]> {
  const { flow } = recording
  return inWorld(recording, [], async (azure) => {
    const options = { ...(entry && { entry }), ...(env && { env }) }
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
    return [...problems, ...afterAll(recording, azure).filter((line) => !(KEEPS_JOB.test(shape) && LEFT_JOB.test(line)))]
  })
}

/** A gap that is known: the job of a smoke test whose every deletion was refused is found again only by the next test in a pool of that name. */
const KEEPS_JOB = /^batch delete \/jobs\/image-pool-smoke-test-/
const LEFT_JOB = /^job image-pool-smoke-test-\S+ is there, and should not be$/

export const errorsOf = (log: string): string =>
  log
    .split('\n')
    .filter((line) => line.startsWith('::error'))
    .join(' ') || log.slice(-500)
