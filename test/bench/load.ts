/** Runs beside others: what becomes of one that ARM throttles, and of one in whose middle a region is down. */
import { loadScenario, type Scenario } from '../embedded-azure/scenarios/scenario.ts'
import { type EmbeddedAzure, startAzure } from '../embedded-azure/server.ts'
import { poolsOf } from '../fixtures/loads.ts'
import { runMeasured } from './run-measured.ts'
import type { ScaleResult } from './scale.ts'

const SPEED = 2

export interface LoadResult extends ScaleResult {
  /** Requests that Azure refused: they were for nothing. */
  readonly wasted: number
}

const happy = loadScenario('happy')
const scenario: Scenario = { ...happy, account: { ...happy.account, dedicatedCoreQuota: 1_000_000, poolQuota: 500 } }

/** Requests that ARM takes at once, and how many more each second, of a subscription and principal. */
interface Buckets {
  readonly reads: readonly [capacity: number, perS: number]
  readonly writes: readonly [capacity: number, perS: number]
}

/** https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling */
const REAL: Buckets = { reads: [250, 25], writes: [200, 10] }
/** What is left where many others work in the same subscription. */
const TENTH: Buckets = { reads: [25, 2.5], writes: [20, 1] }
const RETRY_AFTER_S = 5

/** Makes trouble for an Azure; gives how many requests were refused for it. */
type Trouble = (azure: EmbeddedAzure) => () => number

/** What comes too fast is refused and told when to come again. */
const throttled =
  ({ reads, writes }: Buckets): Trouble =>
  (azure) => {
    const now = () => azure.clock.now().getTime()
    const bucket = ([capacity, perS]: readonly [number, number]) => ({ capacity, perS, tokens: capacity, seenAtMs: now() })
    const [read, write] = [bucket(reads), bucket(writes)]
    let refused = 0
    azure.intervene = ({ plane, method }) => {
      if (plane !== 'arm') return undefined
      const used = method === 'GET' ? read : write
      const nowMs = now()
      used.tokens = Math.min(used.capacity, used.tokens + ((nowMs - used.seenAtMs) / 1_000) * used.perS)
      used.seenAtMs = nowMs
      if (used.tokens >= 1) {
        used.tokens -= 1
        return undefined
      }
      refused += 1
      return {
        kind: 'answer',
        status: 429,
        headers: { 'retry-after': String(RETRY_AFTER_S) },
        body: { error: { code: 'SubscriptionRequestsThrottled', message: `Please try again after '${RETRY_AFTER_S}' seconds.` } },
      }
    }
    return () => refused
  }

/** Nothing of ARM or Batch answers but with 503 for so long, from the middle of the run on. */
const OUTAGE = { fromS: 300, minutes: 20 } as const

const outage: Trouble = (azure) => {
  const fromMs = azure.clock.now().getTime() + OUTAGE.fromS * 1_000
  let refused = 0
  azure.intervene = ({ plane }) => {
    const sinceMs = azure.clock.now().getTime() - fromMs
    if ((plane !== 'arm' && plane !== 'batch') || sinceMs < 0 || sinceMs > OUTAGE.minutes * 60_000) return undefined
    refused += 1
    return { kind: 'answer', status: 503, body: { error: { code: 'ServiceUnavailable', message: 'The service is unavailable.' } } }
  }
  return () => refused
}

interface Load {
  readonly what: string
  readonly pools: number
  readonly trouble: Trouble
  /** Another run of as many pools, of another image, begins at the same moment. */
  readonly hasTwin?: true
}

const LOADS: readonly Load[] = [
  { what: "50 pools, ARM's limits", pools: 50, trouble: throttled(REAL) },
  { what: "100 pools, ARM's limits shared with another run of 100", pools: 100, trouble: throttled(REAL), hasTwin: true },
  { what: "10 pools, a tenth of ARM's limits is left", pools: 10, trouble: throttled(TENTH) },
  { what: `10 pools, the region is down for ${OUTAGE.minutes} minutes`, pools: 10, trouble: outage },
]

export async function measureLoad(report: (line: string) => void): Promise<readonly LoadResult[]> {
  const results: LoadResult[] = []
  for (const load of LOADS) {
    report(load.what)
    results.push(await measure(load))
  }
  return results
}

async function measure({ what, pools, trouble, hasTwin }: Load): Promise<LoadResult> {
  const azure = await startAzure(scenario, SPEED)
  try {
    const wasted = trouble(azure)
    const startedMs = azure.clock.now().getTime()
    const inputs = { ...scenario.inputs, 'node-start-timeout': '60m' }
    const runs = await Promise.all([
      runMeasured(azure, { ...inputs, ...poolsOf(pools, 10) }),
      ...(hasTwin ? [runMeasured(azure, { ...inputs, 'image-name': 'twin', ...poolsOf(pools, 10, 'twin') })] : []),
    ])
    const wallS = Math.round((azure.clock.now().getTime() - startedMs) / 1_000)
    for (const { exitCode, log } of runs) if (exitCode !== 0) throw new Error(`${what} failed:\n${log.slice(-5_000)}`)
    return { what, wallS, requests: azure.exchanges.length, peakMiB: Math.max(...runs.map(({ peakMiB }) => peakMiB)), wasted: wasted() }
  } finally {
    await azure.close()
  }
}
