/** The requests of an undisturbed run, in a form that finds the same request in another run. */
import type { Intervention, Plane, SeenRequest } from '../embedded-azure/intervention.ts'
import { type EmbeddedAzure, startAzure } from '../embedded-azure/server.ts'
import type { Exchange } from '../embedded-azure/serving.ts'
import { type ActionRun, type RunOptions, runAction } from '../tools/run-action.ts'
import type { Flow } from './flows.ts'
import { isSettled, stateOf, type WorldState } from './world-state.ts'

/** Time jumps where every process only waits: what a busy machine loses must not become minutes of Azure. */
export const SPEED = 10

export interface Recorded {
  /** Method and path without what is random, e.g. `arm GET …/diskoperations/*`. */
  readonly shape: string
  /** What the last write before it was, e.g. `put snapshots`. */
  readonly after: string
  /** Which of the requests of this shape after that write, from 1. */
  readonly occurrence: number
  /** Which request of the run, from 1. */
  readonly number: number
  readonly plane: Plane
  readonly method: string
  readonly status: number
  readonly hasBody: boolean
  /** The group of the log that was open. */
  readonly phase: string
  /** The same was asked before. */
  readonly isRepeated: boolean
  /** What `probe` saw when it came. */
  readonly possible: readonly string[]
}

export interface Recording {
  readonly flow: Flow
  readonly requests: readonly Recorded[]
  readonly state: WorldState
  readonly speed: number
  readonly run: ActionRun
  readonly exchanges: readonly Exchange[]
}

const GUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi

export function shapeOf({ plane, method, url }: Pick<SeenRequest, 'plane' | 'method' | 'url'>): string {
  const { pathname, searchParams } = new URL(url, 'https://azure')
  const path = pathname
    .replace(/\/(operations|diskoperations|capsoperations|pooloperationresults)\/[^/]+$/i, '/$1/*')
    .replace(/^.*\/providers\//, '')
    .replace(GUID, '*')
    .replace(/20\d\d([.-])\d{3,4}\1\d+/g, '<version>')
    // Temporary resources are named after the attempt that makes them.
    .replace(/-4711-[0-9a-f]{6}(?=[-/]|$)/g, '-<attempt>')
  return `${plane} ${method} ${path}${searchParams.has('monitor') ? ' location' : ''}`.toLowerCase()
}

export const nameOf = ({ shape, after, occurrence }: Pick<Recorded, 'shape' | 'after' | 'occurrence'>): string =>
  `${shape} #${occurrence}${after ? ` after ${after}` : ''}`

/** Counts requests by what they are and what was written last before. */
class Counter {
  readonly #counts = new Map<string, number>()
  #after = ''

  place(request: Pick<SeenRequest, 'plane' | 'method' | 'url'>): Pick<Recorded, 'shape' | 'after' | 'occurrence'> {
    const shape = shapeOf(request)
    const after = this.#after
    const occurrence = (this.#counts.get(`${shape} ${after}`) ?? 0) + 1
    this.#counts.set(`${shape} ${after}`, occurrence)
    const isWrite = (request.plane === 'arm' || request.plane === 'batch') && request.method !== 'GET' && request.method !== 'HEAD'
    if (isWrite)
      this.#after = shape
        .replace(/^\w+ /, '')
        .replace(/\/[^/]*$/, (ending) => (/^\/[a-z]+$/.test(ending) && shape.includes(' post ') ? ending : ''))
    return { shape, after, occurrence }
  }
}

/** Polls of the same thing wait in the same state: of each place the first ones stand for all. */
const MOST_IN_A_PLACE = 3

export async function startWorld({ scenario }: Flow): Promise<EmbeddedAzure> {
  const azure = await startAzure(scenario, SPEED)
  azure.entra.assertionSeconds = 6_000
  return azure
}

/** An undisturbed run. Nothing else is recorded, nothing is picked by hand. */
export async function record(flow: Flow, probe: (azure: EmbeddedAzure) => readonly string[] = () => []): Promise<Recording> {
  const azure = await startWorld(flow)
  try {
    let phase = 'start'
    const phases: string[] = []
    const possible: (readonly string[])[] = []
    const seen: SeenRequest[] = []
    azure.intervene = (request) => {
      seen.push(request)
      phases.push(phase)
      possible.push(probe(azure))
      return undefined
    }
    const onLine = (text: string) => {
      phase = [...text.matchAll(/^::debug::phase (\S+) begins/gm)].at(-1)?.[1] ?? phase
    }
    const run = await runAction({ azure, inputs: flow.inputs, onLine })
    const counter = new Counter()
    const requests = seen.map((request, index): Recorded => {
      const exchange = azure.exchanges[index]
      return {
        ...counter.place(request),
        number: request.number,
        plane: request.plane,
        method: request.method,
        status: Number(exchange?.liveResponse.statusCode ?? 0),
        hasBody: exchange?.liveResponse.body !== undefined,
        phase: phases[index] ?? '',
        isRepeated: seen.slice(0, index).some((earlier) => shapeOf(earlier) === shapeOf(request)),
        possible: possible[index] ?? [],
      }
    })
    await settle(azure)
    return {
      flow,
      requests: requests.filter(({ occurrence }) => occurrence <= MOST_IN_A_PLACE),
      state: stateOf(azure),
      speed: SPEED,
      run,
      exchanges: azure.exchanges,
    }
  } finally {
    await azure.close()
  }
}

/** Lets what was begun end, e.g. the deletion that a run did not wait for, or nodes that start; half an hour of Azure at most. */
export async function settle(azure: EmbeddedAzure): Promise<void> {
  azure.clock.speed = SPEED
  for (let seconds = 0; !isSettled(azure) && seconds < 1_800; seconds += 5) {
    azure.clock.skip(5_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

export interface Disturbance {
  readonly wanted: readonly Recorded[]
  readonly how: (request: SeenRequest) => Intervention | undefined | Promise<Intervention | undefined>
  /** How often in a row. */
  readonly times: number
  /** Whether only the very request will do, or any of its shape. */
  readonly isExact: boolean
}

/** Disturbs some requests of a run, each with the next ones of its shape where more `times` are asked for; returns those that came. */
export function disturb(azure: EmbeddedAzure, { wanted, how, times, isExact }: Disturbance): ReadonlySet<Recorded> {
  const counter = new Counter()
  const left = new Map(wanted.map((one) => [one, times]))
  const reached = new Set<Recorded>()
  azure.intervene = (request) => {
    const place = counter.place(request)
    const next = wanted.find((one) =>
      left.get(one) === 0 ? false : reached.has(one) || !isExact ? place.shape === one.shape : nameOf(place) === nameOf(one),
    )
    if (!next) return undefined
    reached.add(next)
    left.set(next, (left.get(next) ?? 0) - 1)
    return how(request)
  }
  return reached
}

/** A run of the flow on a world, as the runner starts it. */
export const again = (azure: EmbeddedAzure, flow: Flow, options: Partial<RunOptions> = {}): Promise<ActionRun> =>
  runAction({ azure, inputs: flow.inputs, ...options })
