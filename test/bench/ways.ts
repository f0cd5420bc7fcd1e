/** Every way that a run may go, on the reference trace: how long it takes beside what Azure itself needs for it, and how many requests. */
import { SETTLE_MS } from '../../src/image/generalize.ts'
import { DURATION_MS } from '../embedded-azure/batch/pool.ts'
import { DELETE_MS } from '../embedded-azure/batch/pools.ts'
import { loadScenario, type Scenario } from '../embedded-azure/scenarios/scenario.ts'
import { type EmbeddedAzure, startAzure } from '../embedded-azure/server.ts'
import { isDiscovery, oldVersions } from '../fixtures/loads.ts'
import { ratio } from './ratios.ts'
import { runMeasured } from './run-measured.ts'

/** Azure's time passes a little faster than ours, and jumps while the run only waits: its own work weighs twice what it does on a runner. */
const SPEED = 2

export interface WayResult {
  readonly way: string
  /** Seconds of Azure's time. */
  readonly wallS: number
  /** The longest chain of Azure's own operations; 0 where the run only reads. */
  readonly boundS: number
  readonly wallToBound?: number
  readonly requests: number
  readonly peakMiB: number
}

interface Way {
  readonly way: string
  readonly boundS: number
  readonly inputs?: Readonly<Record<string, string>>
  /** Inputs of a run before it, which makes what this one finds. */
  readonly before?: Readonly<Record<string, string>>
  readonly prepare?: (azure: EmbeddedAzure) => Readonly<Record<string, string>>
  readonly changes?: Partial<Scenario>
}

const scenario = loadScenario('reference-trace')
const {
  snapshot = [],
  version: [versionS = 0] = [],
  image: [imageS = 0] = [],
  allocation: [allocationS = 0] = [],
} = scenario.durations ?? {}
const snapshotS = Math.max(...snapshot)
const drainS = DURATION_MS.drain / 1_000
const deleteS = DELETE_MS.empty / 1_000
/** Nodes appear one after the other; the last has to start, and to run its start task. */
const growS = (nodes: number) =>
  Math.max(allocationS, allocationS * (0.4 + (0.5 * (nodes - 1)) / nodes) + (DURATION_MS.start + DURATION_MS.startTask) / 1_000)
/** Network interface, VM, script, deallocation: the times of the embedded Azure; between the last two, Run Command goes from the copy. */
const COPY_S = { network: 8, create: 60, runCommand: 20, settle: SETTLE_MS / 1_000, deallocate: 40.5 }
const copyS = Object.values(COPY_S).reduce((sum, seconds) => sum + seconds, 0)
const DELETE_VERSION_S = 91

const buildS = snapshotS + versionS
const ALWAYS = { rebuild: 'always' }

const WAYS: readonly Way[] = [
  { way: 'new pool', boundS: buildS + growS(10) },
  {
    way: 'in place, behind a proof node',
    boundS: buildS + growS(1) + drainS + growS(10),
    before: {},
    inputs: { ...ALWAYS, strategy: 'in-place' },
  },
  {
    way: 'blue-green, behind a canary node',
    boundS: buildS + growS(1) + growS(9) + drainS + deleteS,
    before: {},
    inputs: { ...ALWAYS, strategy: 'blue-green', 'canary-nodes': '1' },
  },
  { way: 'copy of a VM', boundS: snapshotS + copyS + buildS + growS(10), inputs: { capture: 'copy' } },
  {
    way: 'managed image',
    boundS: snapshotS + imageS + growS(10),
    inputs: { 'image-kind': 'managed', gallery: '' },
    changes: { account: { ...scenario.account, acceptsManagedImages: true } },
  },
  { way: 'nothing has changed', boundS: 0, before: {} },
  { way: 'plan', boundS: 0, inputs: { mode: 'plan' } },
  { way: 'pruning of 100 versions', boundS: DELETE_VERSION_S, prepare: (azure) => oldVersions(azure, 100) },
]

/** One after the other, so that none takes the machine from another. */
export async function measureWays(report: (line: string) => void): Promise<readonly WayResult[]> {
  const results: WayResult[] = []
  for (const way of WAYS) {
    report(way.way)
    results.push(await measure(way))
  }
  return results
}

async function measure({ way, boundS, inputs = {}, before, prepare, changes }: Way): Promise<WayResult> {
  const azure = await startAzure({ ...scenario, ...changes }, SPEED)
  try {
    if (before) await succeed(azure, { ...scenario.inputs, ...before })
    const all = prepare?.(azure) ?? { ...scenario.inputs, ...inputs }
    const startedMs = azure.clock.now().getTime()
    const sent = azure.exchanges.length
    const { peakMiB } = await succeed(azure, all)
    const wallS = (azure.clock.now().getTime() - startedMs) / 1_000
    return {
      way,
      wallS: Math.round(wallS * 10) / 10,
      boundS,
      ...(boundS > 0 && { wallToBound: ratio(wallS, boundS) }),
      requests: azure.exchanges.slice(sent).filter(({ liveRequest }) => !isDiscovery(liveRequest.url)).length,
      peakMiB,
    }
  } finally {
    await azure.close()
  }
}

async function succeed(azure: EmbeddedAzure, inputs: Readonly<Record<string, string>>) {
  const ran = await runMeasured(azure, inputs)
  if (ran.exitCode !== 0) throw new Error(`the run failed:\n${ran.log.slice(-5_000)}`)
  return ran
}
