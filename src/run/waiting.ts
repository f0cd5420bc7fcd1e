/** Pure: what a run was waiting for when its time was over, from what it reported last. */
import { nameOf } from '../model/arm-id.ts'
import type { PhaseName, RunEvent } from './events.ts'

export interface Waiting {
  readonly phase?: PhaseName
  /** Waits that gave a sign of life: their last words, and the time of these in milliseconds since 1970. */
  readonly waits: ReadonlyMap<string, { readonly words: string; readonly atMs: number }>
  /** Resources that are being created, changed or deleted, by id. */
  readonly resources: ReadonlyMap<string, string>
}

export const NOT_WAITING: Waiting = { waits: new Map(), resources: new Map() }

/** Waits give a sign of life every 5 seconds; a busy machine may be late. */
const LATEST_SIGN_MS = 30_000
const MOST_NAMED = 5

export function waitingAfter(waiting: Waiting, event: RunEvent): Waiting {
  switch (event.kind) {
    case 'phase-started':
      return { ...NOT_WAITING, phase: event.phase }
    case 'heartbeat':
      return {
        ...waiting,
        waits: new Map(waiting.waits).set(waitOf(event.waitingFor), { words: event.waitingFor, atMs: Date.parse(event.at) }),
      }
    case 'resource':
      return { ...waiting, resources: afterChange(waiting.resources, event) }
    default:
      return waiting
  }
}

/** The words up to the first comma; the progress is behind it. */
const waitOf = (words: string): string => words.split(',')[0] ?? words

function afterChange(
  resources: Waiting['resources'],
  { change, type, id }: Extract<RunEvent, { readonly kind: 'resource' }>,
): Waiting['resources'] {
  const changed = new Map(resources)
  changed.delete(id)
  const verb = { creating: 'created', updating: 'changed', deleting: 'deleted' }[change as string]
  return verb ? changed.set(id, `${type} ${nameOf(id)} to be ${verb}`) : changed
}

const WORDS: Readonly<Record<PhaseName, string>> = {
  observe: "Azure's answers about what exists",
  check: "Azure's answers to the checks",
  plan: 'the plan',
  capture: 'the disks to be captured',
  publish: 'the image',
  prove: 'the proof pool',
  pool: 'the pools',
  follow: 'the pool to reach its size',
  verify: 'the nodes of the pool',
  prune: 'old images to be deleted',
  report: 'the report',
}

/** E.g. `nodes of pool render to start`, `image version 1.2.3`: the waits that gave a sign of life shortly before `nowMs`. */
export function waitingFor({ phase, waits, resources }: Waiting, nowMs: number): string {
  const current = [...waits.values()].filter(({ atMs }) => nowMs - atMs <= LATEST_SIGN_MS).map(({ words }) => words)
  const all = current.length > 0 ? current : [...resources.values()]
  if (all.length === 0) return phase ? WORDS[phase] : 'Azure to answer'
  const more = all.length - MOST_NAMED
  return [...all.slice(0, MOST_NAMED), ...(more > 0 ? [`${more} more`] : [])].join('; ')
}
