/** A run is cancelled in every phase, by every signal: it ends in the runner's time, says so, and leaves nothing half-made untold. */
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import type { RunOptions } from '../tools/run-action.ts'
import { errorsOf } from './fault.ts'
import { type Case, inWorld } from './matrix.ts'
import { again, nameOf, type Recorded, type Recording, settle } from './recording.ts'
import { afterAll, halfMade } from './world-state.ts'

/** https://docs.github.com/actions/reference/workflows-and-actions/workflow-cancellation */
const RUNNER_WAITS_MS = 7_500
const SIGNALS = ['interrupt', 'terminate', 'kill'] as const satisfies readonly (keyof RunOptions)[]
const ON_CANCEL = ['leave', 'stop-resize'] as const
type Signal = (typeof SIGNALS)[number]
const NAMES = { interrupt: 'SIGINT', terminate: 'SIGTERM', kill: 'SIGKILL' } as const

const RESIZE = 'a resize is under way'
/** What a recording has to note for these cases. */
export const probeResizes = (azure: EmbeddedAzure): readonly string[] => (resizingIn(azure).length > 0 ? [RESIZE] : [])

/** First, middle and last request of every phase × signal; × `on-cancel` where a resize is under way. */
export function cancelCases(recording: Recording, entry?: string): readonly Case[] {
  const phases = Map.groupBy(recording.requests, ({ phase }) => phase)
  const moments = [...phases].flatMap(([, requests]) =>
    new Set([requests[0], requests[Math.floor(requests.length / 2)], requests.at(-1)]).values().toArray(),
  )
  return moments.flatMap((request) =>
    request
      ? SIGNALS.flatMap((signal) =>
          (request.possible.includes(RESIZE) ? ON_CANCEL : ['leave' as const]).map((onCancel) => ({
            name: `${NAMES[signal]} in ${request.phase} at ${nameOf(request)}, on-cancel: ${onCancel}`,
            run: () => cancel(recording, request, signal, onCancel, entry),
          })),
        )
      : [],
  )
}

async function cancel(
  recording: Recording,
  request: Recorded,
  signal: Signal,
  onCancel: (typeof ON_CANCEL)[number],
  entry: string | undefined,
): Promise<readonly string[]> {
  const flow = { ...recording.flow, inputs: { ...recording.flow.inputs, 'on-cancel': onCancel } }
  return inWorld(recording, request, async (azure, disturb) => {
    const controller = new AbortController()
    const bundle = entry ? { entry } : {}
    let signalledAtMs = 0
    let wasResizing = false
    disturb(() => {
      // The runner's seconds are real ones, for both sides.
      azure.clock.speed = 1
      signalledAtMs = Date.now()
      wasResizing = resizingIn(azure).length > 0
      controller.abort()
      return undefined
    })
    const main = await again(azure, flow, { [signal]: controller.signal, ...bundle })
    const tookMs = Date.now() - signalledAtMs
    const problems: string[] = []
    if (signalledAtMs === 0) return problems
    if (tookMs > RUNNER_WAITS_MS) problems.push(`main ended ${tookMs} ms after the signal`)
    // Once nothing is left to be written, a signal may come too late to change anything.
    const left = recording.requests.slice(recording.requests.indexOf(request))
    const isOver = left.every(({ method }) => method === 'GET') && main.outputs.result === 'succeeded'
    if (signal !== 'kill' && !isOver) {
      if (main.outputs.result !== 'cancelled') problems.push(`output result is ${main.outputs.result}: ${errorsOf(main.log)}`)
      if (!/\*\*Cancelled\*\*/.test(main.summary)) problems.push(`the summary does not say so: ${main.summary.slice(0, 200)}`)
      if (main.exitCode === 0) problems.push('a cancelled run is green')
      if (onCancel === 'stop-resize' && wasResizing && isGrowing(azure, recording)) problems.push('the resize continues')
    }
    azure.clock.speed = recording.speed
    const post = await again(azure, flow, { state: main.state, ...bundle })
    if (post.exitCode !== 0) problems.push(`the post step ended with ${post.exitCode}: ${errorsOf(post.log)}`)
    await settle(azure)
    const told = main.summary + main.log + post.log
    problems.push(
      ...halfMade(azure)
        .filter((id) => !told.includes(id))
        .map((id) => `${id} is left half-made and not told`),
    )
    if (azure.world.all().some(({ properties }) => properties.statuses?.includes('PowerState/deallocated')) && isRunningBefore(recording))
      problems.push('the VM is left stopped')
    azure.intervene = undefined
    const next = await again(azure, flow, bundle)
    if (next.exitCode !== 0) problems.push(`the next run ended with ${next.exitCode}: ${errorsOf(next.log)}`)
    await settle(azure)
    return [...problems, ...afterAll(recording, azure)]
  })
}

const isRunningBefore = ({ flow }: Recording): boolean => flow.scenario.vm.statuses.includes('PowerState/running')

const resizingIn = ({ accountPools }: EmbeddedAzure) =>
  accountPools.flatMap(({ pools }) => pools.all()).filter(({ properties }) => properties.allocationState === 'Resizing')

/** Whether a resize of the run continues. A drained pool that gets its former size back is none, nor a proof pool, which `post` deletes. */
const isGrowing = (azure: EmbeddedAzure, { flow }: Recording): boolean =>
  resizingIn(azure).some(({ name, properties }) => {
    const former = flow.scenario.pools?.find(({ id }) => id === name)
    return !name.endsWith('-proof') && properties.scaleSettings.fixedScale?.targetDedicatedNodes !== former?.nodes
  })
