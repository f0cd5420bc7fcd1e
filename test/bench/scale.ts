/** How requests, time and memory grow with pools and nodes. */
import { loadScenario, type Scenario } from '../embedded-azure/scenarios/scenario.ts'
import { startAzure } from '../embedded-azure/server.ts'
import { poolsOf } from '../fixtures/loads.ts'
import { runMeasured } from './run-measured.ts'

const SPEED = 2

export interface ScaleResult {
  readonly what: string
  /** Seconds of Azure's time. */
  readonly wallS: number
  readonly requests: number
  readonly peakMiB: number
}

const happy = loadScenario('happy')
const scenario: Scenario = { ...happy, account: { ...happy.account, dedicatedCoreQuota: 1_000_000, poolQuota: 500 } }

const SIZES = [
  [1, 10],
  [10, 10],
  [50, 10],
  [50, 500],
  [1, 500],
  [1, 5_000],
] as const

export async function measureScale(report: (line: string) => void): Promise<readonly ScaleResult[]> {
  const results: ScaleResult[] = []
  for (const [pools, nodes] of SIZES) {
    const what = `${pools} pool${pools > 1 ? 's' : ''} of ${nodes} nodes`
    report(what)
    results.push(await measure(what, { ...scenario.inputs, ...poolsOf(pools, nodes) }))
  }
  return results
}

async function measure(what: string, inputs: Readonly<Record<string, string>>): Promise<ScaleResult> {
  const azure = await startAzure(scenario, SPEED)
  try {
    const startedMs = azure.clock.now().getTime()
    const { exitCode, log, peakMiB } = await runMeasured(azure, inputs)
    const wallS = Math.round((azure.clock.now().getTime() - startedMs) / 1_000)
    if (exitCode !== 0) throw new Error(`${what} failed:\n${log.slice(-5_000)}`)
    return { what, wallS, requests: azure.exchanges.length, peakMiB }
  } finally {
    await azure.close()
  }
}
