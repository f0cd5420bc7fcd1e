/** The reference trace: this action and models of other tools on the same embedded Azure with the same operation times. */
import { DURATION_MS } from '../embedded-azure/batch/pool.ts'
import { loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import { type EmbeddedAzure, startAzure } from '../embedded-azure/server.ts'
import { PeerClient } from './peer-client.ts'
import { PEERS, type Peer, prepareGallery } from './peers.ts'
import { ratio } from './ratios.ts'
import { runMeasured } from './run-measured.ts'

/** Slow enough that this action's own work, which is real time, weighs hardly more than on a runner; its waits are jumped over. */
const SPEED = 2
/** Models do nothing but wait, which no clock jumps over. */
const PEER_SPEED = 20

export interface TraceResult {
  readonly client: string
  /** Seconds of Azure's time. */
  readonly wallS: number
  /** What Azure itself needs for the same operations in the order of this client's dependencies. */
  readonly boundS: number
  readonly overheadS: number
  readonly wallToBound: number
  readonly requests: number
  /** Resident memory of the process; of ours only. */
  readonly peakMiB?: number
}

const scenario = loadScenario('reference-trace')

/** Side by side, each on an Azure of its own: they do little but wait. */
export const runPeers = (): Promise<readonly TraceResult[]> => Promise.all(PEERS.map(runPeer))

const seconds = (azure: EmbeddedAzure): number => azure.clock.now().getTime() / 1_000
const rounded = (value: number): number => Math.round(value * 10) / 10

/** A client's wall time against what Azure itself needs; seconds. */
export function result(client: string, wallS: number, boundS: number, requests: number): TraceResult {
  return {
    client,
    wallS: rounded(wallS),
    boundS: rounded(boundS),
    overheadS: rounded(wallS - boundS),
    wallToBound: ratio(wallS, boundS),
    requests,
  }
}

export async function runOurs(): Promise<TraceResult> {
  const azure = await startAzure(scenario, SPEED)
  const startedS = seconds(azure)
  const { exitCode, log, peakMiB } = await runMeasured(azure, scenario.inputs)
  const wallS = seconds(azure) - startedS
  if (exitCode !== 0) throw new Error(`the run on the reference trace failed:\n${log}`)
  const bound = boundOf(azure)
  const requests = azure.exchanges.length
  await azure.close()
  return { ...result('this action, to healthy nodes', wallS, bound, requests), peakMiB }
}

/** The longest chain: the slowest snapshot, the version, then the pool until its last node has run its start task. */
function boundOf({ pools }: EmbeddedAzure): number {
  const { durations = {} } = scenario
  const [pool] = pools.all()
  if (!pool) throw new Error('there is no pool')
  const { startTime } = pool.properties.resizeOperationStatus
  const last = Math.max(...pool.nodes.map(({ bornAtMs }) => bornAtMs)) - Date.parse(startTime)
  const healthyS = (last + DURATION_MS.start + (pool.properties.startTask ? DURATION_MS.startTask : 0)) / 1_000
  return Math.max(...(durations.snapshot ?? [])) + (durations.version?.[0] ?? 0) + Math.max(durations.allocation?.[0] ?? 0, healthyS)
}

async function runPeer({ name, boundS, run }: Peer): Promise<TraceResult> {
  const azure = await startAzure(scenario, PEER_SPEED)
  const client = new PeerClient(azure)
  await prepareGallery(client)
  client.requests = 0
  const startedS = seconds(azure)
  await run(client)
  const wallS = seconds(azure) - startedS
  client.close()
  await azure.close()
  return result(name, wallS, boundS, client.requests)
}
