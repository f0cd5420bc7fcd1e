/** Someone else works on the same things meanwhile: at every request another run begins, or a person changes what the run is about. */
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { errorsOf } from './fault.ts'
import { type Case, inWorld } from './matrix.ts'
import { again, nameOf, type Recorded, type Recording, settle } from './recording.ts'
import { differences, stateOf } from './world-state.ts'

interface Act {
  readonly name: string
  /** Whether it could be done now. */
  readonly applies: (azure: EmbeddedAzure) => boolean
  readonly perform: (azure: EmbeddedAzure) => void
  /** Whether what was done is still there at the end. */
  readonly isKept: (azure: EmbeddedAzure) => boolean
  /** What tells of it. */
  readonly told: RegExp
}

const THEIR_TARGET = 7
const THEIR_IMAGE =
  '/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/foreign-group/providers/Microsoft.Compute/galleries/theirs/images/other/versions/9.9.9'
const poolOf = ({ pools }: EmbeddedAzure) => pools.find('render')
const ofType = ({ world }: EmbeddedAzure, ending: RegExp) =>
  world.all().find(({ type, tags }) => ending.test(type) && tags?.['image-pool-tool'])
const drop = (ending: RegExp) => (azure: EmbeddedAzure) => {
  const resource = ofType(azure, ending)
  if (resource) azure.world.delete(resource.id)
}
const configurationOf = (azure: EmbeddedAzure) => poolOf(azure)?.properties.deploymentConfiguration?.virtualMachineConfiguration

export const ACTS: readonly Act[] = [
  {
    name: 'a person resizes the pool',
    applies: (azure) => poolOf(azure)?.properties.provisioningState === 'Succeeded',
    perform: (azure) => {
      const pool = poolOf(azure)
      pool?.stop?.()
      if (pool) azure.pools.resize(pool, { targetDedicatedNodes: THEIR_TARGET, targetLowPriorityNodes: 0, resizeTimeout: 'PT15M' })
    },
    isKept: (azure) => poolOf(azure)?.properties.scaleSettings.fixedScale.targetDedicatedNodes === THEIR_TARGET,
    told: /which this run did not request|someone else/i,
  },
  {
    name: 'a person deletes the pool',
    applies: (azure) => poolOf(azure)?.properties.provisioningState === 'Succeeded',
    perform: ({ pools }) => pools.delete('render'),
    isKept: (azure) => poolOf(azure) === undefined,
    told: /deleted|does not exist/i,
  },
  {
    name: 'a person puts the pool on another image',
    applies: (azure) => poolOf(azure)?.nodes.length === 0 && configurationOf(azure) !== undefined,
    perform: (azure) => {
      const pool = poolOf(azure)
      configurationOf(azure).imageReference = { id: THEIR_IMAGE }
      if (pool) azure.pools.touch(pool)
    },
    isKept: (azure) => configurationOf(azure)?.imageReference.id === THEIR_IMAGE,
    told: /someone else|another image|is on /i,
  },
  {
    name: 'a person deletes the version',
    applies: (azure) => ofType(azure, /\/versions$/)?.properties.provisioningState !== undefined,
    perform: drop(/\/versions$/),
    isKept: (azure) => ofType(azure, /\/versions$/) === undefined,
    told: /deleted|does not exist|not found|not available/i,
  },
  {
    name: 'a person deletes a snapshot',
    applies: (azure) => ofType(azure, /\/snapshots$/)?.properties.provisioningState === 'Succeeded',
    perform: drop(/\/snapshots$/),
    isKept: (azure) => ofType(azure, /\/snapshots$/) === undefined,
    told: /not found|deleted|gone/i,
  },
]

/** Every act at every request at which it could be done in an undisturbed run. */
export function actCases(recording: Recording, entry?: string): readonly Case[] {
  return recording.requests.flatMap((request) =>
    ACTS.filter(({ name }) => request.possible.includes(name)).map((act) => ({
      name: `${act.name} at ${nameOf(request)}`,
      run: () => meanwhile(recording, request, act, entry),
    })),
  )
}

/** Green means undisturbed in the end and, if something of theirs was overwritten, said so. Red says what happened, and keeps it. */
async function meanwhile(recording: Recording, request: Recorded, act: Act, entry?: string): Promise<readonly string[]> {
  const { flow, state } = recording
  return inWorld(recording, request, async (azure, disturb) => {
    let isDone = false
    disturb(() => {
      isDone = act.applies(azure)
      if (isDone) act.perform(azure)
      return undefined
    })
    const run = await again(azure, flow, entry ? { entry } : {})
    azure.intervene = undefined
    await settle(azure)
    if (!isDone) return run.exitCode === 0 ? differences(state, stateOf(azure)) : [`ended with ${run.exitCode}: ${errorsOf(run.log)}`]
    const problems: string[] = []
    const error = errorsOf(run.log)
    const isSeenFirst = request.phase === 'observe' || request.phase === 'start'
    if (run.exitCode === 0) {
      // All that was asked for had been seen to be there by then.
      if (request.phase !== 'prune') problems.push(...differences(state, stateOf(azure)).map((line) => `green, but ${line}`))
      if (!isSeenFirst && !act.isKept(azure) && /resizes|another image/.test(act.name) && !act.told.test(run.log))
        problems.push('overwritten without a word')
    } else {
      if (!/^::error title=(?!Unexpected)/.test(error)) problems.push(`red without a clear cause: ${error}`)
      if (!act.told.test(error)) problems.push(`the error does not tell what happened: ${error}`)
    }
    // Back to what the run wants; whoever resized or re-imaged the pool has agreed to it by now.
    const next = await again(azure, flow, entry ? { entry } : {})
    if (next.exitCode !== 0) problems.push(`the next run ended with ${next.exitCode}: ${errorsOf(next.log)}`)
    await settle(azure)
    return [...problems, ...differences(state, stateOf(azure)).map((line) => `after the next run: ${line}`)]
  })
}

/** A second run begins when the first one is at this request; with the same inputs, or to another version. */
export function twoRunCases(recording: Recording): readonly Case[] {
  return recording.requests.flatMap((request) => [
    { name: `a second run begins at ${nameOf(request)}`, run: () => twoRuns(recording, request, {}) },
    {
      name: `a run to another version begins at ${nameOf(request)}`,
      run: () => twoRuns(recording, request, { 'image-version': '9.0.0', rebuild: 'always' }),
    },
  ])
}

/** Of the same workflow run and attempt, as in a matrix. */
const OTHER_JOB = { env: { GITHUB_RUN_ATTEMPT: '1', GITHUB_JOB: 'other' } }

async function twoRuns(recording: Recording, request: Recorded, other: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const { flow, state } = recording
  return inWorld(recording, request, async (azure, disturb) => {
    let second: ReturnType<typeof again> | undefined
    disturb(() => {
      second = again(azure, { ...flow, inputs: { ...flow.inputs, ...other } }, OTHER_JOB)
      return undefined
    })
    const runs = [await again(azure, flow), ...(second ? [await second] : [])]
    await settle(azure)
    const problems = runs
      .filter(({ exitCode, log }) => exitCode !== 0 && !/^::error title=(?!Unexpected)/m.test(log))
      .map(({ log }) => `red without a clear cause: ${errorsOf(log)}`)
    const green = runs.filter(({ exitCode }) => exitCode === 0)
    if (green.length === 0) problems.push(`both are red: ${runs.map(({ log }) => errorsOf(log)).join(' / ')}`)
    const pool = azure.pools.find('render')
    if (flow.inputs['batch-account']) {
      const image = configurationOf(azure)?.imageReference.id
      if (!green.some(({ outputs }) => outputs['image-id'] === image))
        problems.push(`the pool is on ${image}, which no green run put there`)
      const idle = (pool?.nodes ?? []).filter((node) => azure.pools.states.of(pool as NonNullable<typeof pool>, node) === 'idle')
      if (idle.length !== 10) problems.push(`${idle.length} nodes are idle`)
    }
    return Object.keys(other).length === 0 ? [...problems, ...differences(state, stateOf(azure))] : problems
  })
}
