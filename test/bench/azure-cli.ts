/**
 * The real Azure CLI on the whole reference trace, command after command: `az snapshot create`, `az sig image-version create`, then the
 * pool. `az batch pool create` speaks the data plane of pools, which the embedded Azure does not have, so the pool is made and looked at
 * by `az resource`. In real time, as the CLI waits in real time.
 */
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { GROUP, GROUP_ID, loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import { type AzureCli, FROM_SNAPSHOTS, hasAzureCli, signIn, startAzureForCli } from '../tools/azure-cli.ts'
import { BATCH_API, POOL, poolProperties } from './peers.ts'
import { result, type TraceResult } from './trace.ts'

const NAME = 'Azure CLI itself, one command after the other'
/** As in the loops that people write around it. */
const POOL_EVERY_MS = 30_000
const DISKS = ['golden-os', 'golden-data0', 'golden-data5'] as const

/** Why there is no result, where there is none. */
export async function runAzureCli(): Promise<TraceResult | string> {
  if (!hasAzureCli()) return 'not measured: the Azure CLI is not on this machine'
  const scenario = loadScenario('reference-trace')
  let azure: Awaited<ReturnType<typeof startAzureForCli>>
  try {
    azure = await startAzureForCli(scenario, 1)
  } catch (error) {
    return `not measured: ${(error as Error).message}`
  }
  try {
    const { az } = await signIn(azure)
    const inGroup = ['--resource-group', GROUP]
    const gallery = [...inGroup, '--gallery-name', 'images']
    const definition = [...gallery, '--gallery-image-definition', 'golden']
    await az('sig', 'create', ...gallery)
    const identity = ['--publisher', 'peer', '--offer', 'golden', '--sku', 'golden', '--os-type', 'Linux', '--hyper-v-generation', 'V2']
    await az('sig', 'image-definition', 'create', ...definition, ...identity, ...FROM_SNAPSHOTS)

    const before = azure.exchanges.length
    const startedMs = performance.now()
    const generation = (disk: string) => (disk === DISKS[0] ? ['--hyper-v-generation', 'V2'] : [])
    for (const disk of DISKS) {
      await az('snapshot', 'create', ...inGroup, '--name', `${disk}-s`, '--source', disk, '--incremental', 'true', ...generation(disk))
    }
    const [os, ...data] = DISKS.map((disk) => `${disk}-s`)
    const disks = ['--os-snapshot', `${os}`, '--data-snapshots', ...data, '--data-snapshot-luns', '0', '5']
    await az('sig', 'image-version', 'create', ...definition, '--gallery-image-version', '1.0.0', ...disks)
    await makePool(az)
    const wallS = (performance.now() - startedMs) / 1_000
    const { snapshot = [], version = [], allocation = [] } = scenario.durations ?? {}
    const boundS = [...snapshot, ...version, ...allocation].reduce((total, seconds) => total + seconds, 0)
    return result(NAME, wallS, boundS, azure.exchanges.length - before)
  } catch (error) {
    // Another CLI than this was written for must not cost the other measurements.
    return `not measured: ${(error as Error).message}`
  } finally {
    await azure.close()
  }
}

/** Until it is steady; its nodes are not looked at. */
async function makePool(az: AzureCli): Promise<void> {
  const pool = ['--ids', `${GROUP_ID}/providers/${POOL}`, '--api-version', BATCH_API]
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'azure-cli-pool-')), 'properties.json')
  await writeFile(file, JSON.stringify(poolProperties))
  await az('resource', 'create', '--id', `${GROUP_ID}/providers/${POOL}`, '--api-version', BATCH_API, '--properties', `@${file}`)
  while ((await az('resource', 'show', ...pool)).properties.allocationState !== 'Steady') await delay(POOL_EVERY_MS)
}
