/** What a run over several accounts costs in time beside the slowest of them by itself. */
import { loadScenario, type Scenario } from '../embedded-azure/scenarios/scenario.ts'
import { startAzure } from '../embedded-azure/server.ts'
import { ratio } from './ratios.ts'
import { runMeasured } from './run-measured.ts'

const SPEED = 20
const POOLS_EACH = 20
const NODES = 10
const ACCOUNTS = ['renderbatch', 'rendernorth', 'renderuk'] as const

const happy = loadScenario('happy')
const quotas = { dedicatedCoreQuota: 1_000_000, poolQuota: 500 }
const scenario: Scenario = {
  ...happy,
  account: { ...happy.account, ...quotas },
  otherAccounts: [
    { name: 'rendernorth', region: 'northeurope', ...quotas },
    { name: 'renderuk', region: 'uksouth', ...quotas },
  ],
  replication: { northeurope: { minutes: 12 }, uksouth: { minutes: 10 } },
}

export interface FleetResult {
  readonly what: string
  /** Seconds of Azure's time. */
  readonly wallS: number
  /** Each account in a run of its own. */
  readonly aloneS: Readonly<Record<string, number>>
  readonly toSlowest: number
}

function poolsIn(account: string): readonly object[] {
  return Array.from({ length: POOLS_EACH }, (_, index) => ({
    id: `render-${index}`,
    batchAccount: account,
    vmSize: 'Standard_D4s_v5',
    scaleSettings: { fixedScale: { targetDedicatedNodes: NODES, resizeTimeout: 'PT30M' } },
    startTask: { commandLine: '/opt/mount-data-disks', waitForSuccess: true },
  }))
}

async function secondsOf(accounts: readonly string[]): Promise<number> {
  const { 'pool-id': _id, 'vm-size': _size, 'target-dedicated-nodes': _nodes, 'resize-timeout': _timeout, ...inputs } = scenario.inputs
  const azure = await startAzure(scenario, SPEED)
  const startedMs = azure.clock.now().getTime()
  const { exitCode, log } = await runMeasured(azure, { ...inputs, 'pool-spec': JSON.stringify(accounts.flatMap(poolsIn)) })
  const wallS = Math.round((azure.clock.now().getTime() - startedMs) / 1_000)
  await azure.close()
  if (exitCode !== 0) throw new Error(`the pools of ${accounts.join(', ')} failed:\n${log.slice(-5_000)}`)
  return wallS
}

export async function measureFleet(): Promise<FleetResult> {
  const alone: [string, number][] = []
  for (const account of ACCOUNTS) alone.push([account, await secondsOf([account])])
  const wallS = await secondsOf(ACCOUNTS)
  return {
    what: `${ACCOUNTS.length} accounts of ${POOLS_EACH} pools of ${NODES} nodes`,
    wallS,
    aloneS: Object.fromEntries(alone),
    toSlowest: ratio(wallS, Math.max(...alone.map(([, seconds]) => seconds))),
  }
}
