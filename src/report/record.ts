/** Builds the report from the events of a run: a pure reducer, and what the steps gave back put beside it. */
import { sameId } from '../model/arm-id.ts'
import type { RegionReplication } from '../model/compute.ts'
import { type NodeTotals, nodesOf, sumOf, totalOf } from '../model/nodes.ts'
import type { PhaseName, RunEvent, SignedIn } from '../run/events.ts'
import { poolNames } from './pool-names.ts'
import type { NodeSample, PhaseRecord, PoolReport, ResizeAttempt, ResourceRecord, RunReport, RunResult } from './run-report.ts'
import { thin } from './summary/samples.ts'

export type RunStart = Pick<RunReport, 'mode' | 'run' | 'startedAt' | 'portalUrl'>

/** What is known so far. */
export interface RunRecord {
  readonly start: RunStart
  readonly signedInAs?: SignedIn
  readonly phases: readonly PhaseRecord[]
  readonly openPhases: readonly { readonly phase: PhaseName; readonly startedAt: string }[]
  readonly resources: readonly ResourceRecord[]
  readonly replications: readonly { readonly imageId: string; readonly regions: readonly RegionReplication[] }[]
  /** By pool name, in a run over several accounts with the account. */
  readonly traces: ReadonlyMap<string, PoolTrace>
  readonly warnings: readonly string[]
}

interface PoolTrace {
  readonly attempts: readonly ResizeAttempt[]
  readonly samples: readonly NodeSample[]
}

/** What a step knows of its pool; attempts and samples come from the events. */
export type PoolSummary = Omit<PoolReport, 'attempts' | 'samples'>

/** How the run ended; the rest of the report comes from the events. */
export type RunEnding = Omit<RunReport, keyof RunStart | 'schemaVersion' | 'signedInAs' | 'phases' | 'resources' | 'pools'> & {
  readonly pools: readonly PoolSummary[]
}

/** Enough for a smooth chart of hours, and little enough for a report. */
const MOST_SAMPLES = 300

const EMPTY: PoolTrace = { attempts: [], samples: [] }

/** Of what is known of the run, the report has what its form names. */
export function startRecord({ run: { repository, sha, runUrl, actor, eventName }, ...rest }: RunStart): RunRecord {
  return {
    start: { ...rest, run: { repository, sha, runUrl, actor, eventName } },
    phases: [],
    openPhases: [],
    resources: [],
    replications: [],
    traces: new Map(),
    warnings: [],
  }
}

export function recordEvent(record: RunRecord, event: RunEvent): RunRecord {
  switch (event.kind) {
    case 'signed-in':
      return { ...record, signedInAs: event.who }
    case 'phase-started':
      return { ...record, openPhases: [...record.openPhases, { phase: event.phase, startedAt: event.at }] }
    case 'phase-ended':
      return endPhase(record, { phase: event.phase, finishedAt: event.at, outcome: event.outcome })
    case 'resource':
      return { ...record, resources: withResource(record.resources, event) }
    case 'replication': {
      const others = record.replications.filter(({ imageId }) => !sameId(imageId, event.imageId))
      return { ...record, replications: [...others, { imageId: event.imageId, regions: event.regions }] }
    }
    case 'resize-started':
      return withTrace(record, event.pool, ({ attempts, samples }) => ({
        attempts: [...attempts, { number: event.number, startedAt: event.at, request: event.request, from: event.from, errors: [] }],
        samples: withSample(samples, {
          ...healthOf(samples, event.from),
          at: event.at,
          current: event.from,
          target: targetOf(event.request),
        }),
      }))
    case 'node-count-changed':
      return withTrace(record, event.pool, ({ attempts, samples }) => ({
        attempts,
        samples: withSample(samples, { ...healthOf(samples, event.current), at: event.at, current: event.current, target: event.target }),
      }))
    case 'node-states-changed':
      return withTrace(record, event.pool, ({ attempts, samples }) => ({
        attempts,
        samples: withSample(samples, {
          at: event.at,
          current: { dedicated: sumOf(event.counts.dedicated), lowPriority: sumOf(event.counts.lowPriority) },
          target: event.target,
          healthy: event.healthy,
        }),
      }))
    case 'resize-ended':
      return withTrace(record, event.pool, ({ attempts, samples }) => ({
        attempts: attempts.map((attempt) =>
          attempt.number === event.number && !attempt.finishedAt
            ? { ...attempt, finishedAt: event.at, to: event.current, errors: event.errors }
            : attempt,
        ),
        samples: withSample(samples, { ...samples.at(-1), ...healthOf(samples, event.current), at: event.at, current: event.current }),
      }))
    case 'resize-foreign':
      return withWarning(record, `Pool ${event.pool} was already being resized to ${nodesOf(event.target)}, not by this run.`)
    case 'data-plane-unreachable':
      return withWarning(record, `Node states are not known, because the Batch data plane does not answer this run: ${event.reason}`)
    case 'notice':
      return event.level === 'warning' ? withWarning(record, event.text) : record
    case 'proof-ended':
      return event.result === 'no-room'
        ? withWarning(
            record,
            `${event.proves.join(', ')}: the quota leaves no room for proof pool ${event.pool}, so the pool is refreshed without a proof: ${event.reason}`,
          )
        : record
    case 'smoke-test-ended':
    case 'check-warning':
    case 'checked':
    case 'planned':
    case 'resize-backoff':
    case 'heartbeat':
    case 'phase-running':
      return record
  }
}

/** The report of a run that has ended. A phase that is still open ends with the run. */
export function toReport(record: RunRecord, ending: RunEnding): RunReport {
  const { result, finishedAt, image, pools, warnings } = ending
  const outcome = result === 'cancelled' ? 'cancelled' : hasFailed(result) ? 'failed' : 'succeeded'
  const { phases } = record.openPhases.reduceRight((ended, { phase }) => endPhase(ended, { phase, finishedAt, outcome }), record)
  const nameIn = poolNames(pools)
  const replication = image && record.replications.find(({ imageId }) => sameId(imageId, image.id))?.regions
  return {
    schemaVersion: 1,
    ...record.start,
    ...(record.signedInAs && { signedInAs: record.signedInAs }),
    ...ending,
    phases: phases.toSorted((one, other) => one.startedAt.localeCompare(other.startedAt)),
    resources: record.resources,
    warnings: [...new Set([...record.warnings, ...warnings])],
    pools: pools.map((pool) => ({ ...pool, ...(record.traces.get(nameIn(pool)) ?? EMPTY) })),
    ...(image && replication && { image: { ...image, replication } }),
  }
}

const hasFailed = (result: RunResult): boolean => result === 'failed' || result === 'rolled-back'

/** Where a phase runs for several pools at once, the one begun last is the one that ends. */
function endPhase(record: RunRecord, { phase, finishedAt, outcome }: Omit<PhaseRecord, 'startedAt'>): RunRecord {
  const index = record.openPhases.findLastIndex((open) => open.phase === phase)
  const open = record.openPhases[index]
  if (!open) return record
  return {
    ...record,
    phases: [...record.phases, { phase, startedAt: open.startedAt, finishedAt, outcome }],
    openPhases: record.openPhases.toSpliced(index, 1),
  }
}

function withResource(resources: readonly ResourceRecord[], event: RunEvent & { readonly kind: 'resource' }): readonly ResourceRecord[] {
  const { kind: _, ...resource } = event
  const index = resources.findIndex(({ id }) => sameId(id, resource.id))
  return index < 0 ? [...resources, resource] : resources.with(index, resource)
}

function withTrace(record: RunRecord, pool: string, change: (trace: PoolTrace) => PoolTrace): RunRecord {
  return { ...record, traces: new Map(record.traces).set(pool, change(record.traces.get(pool) ?? EMPTY)) }
}

function withWarning(record: RunRecord, warning: string): RunRecord {
  return record.warnings.includes(warning) ? record : { ...record, warnings: [...record.warnings, warning] }
}

function withSample(samples: readonly NodeSample[], sample: NodeSample): readonly NodeSample[] {
  const all = [...samples, sample]
  return all.length > 2 * MOST_SAMPLES ? thin(all, MOST_SAMPLES) : all
}

const targetOf = (request: ResizeAttempt['request']): NodeTotals => ({
  dedicated: request.targetDedicatedNodes,
  lowPriority: request.targetLowPriorityNodes,
})

/** Health as last seen; nodes that have gone since are not healthy any more. */
function healthOf(samples: readonly NodeSample[], current: NodeTotals): Pick<NodeSample, 'healthy'> {
  const healthy = samples.at(-1)?.healthy
  return healthy === undefined ? {} : { healthy: Math.min(healthy, totalOf(current)) }
}
