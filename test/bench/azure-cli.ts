/** The real Azure CLI on the reference trace, for the steps it has: from the disks to the image version. In real time, as it waits in real time. */
import { GROUP, loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import { hasAzureCli, signIn, startAzureForCli } from '../tools/azure-cli.ts'
import { result, type TraceResult } from './trace.ts'

const NAME = 'Azure CLI itself, from the disks to the image version'
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
    await az('sig', 'image-definition', 'create', ...definition, ...identity)

    const before = azure.exchanges.length
    const startedMs = performance.now()
    const generation = (disk: string) => (disk === DISKS[0] ? ['--hyper-v-generation', 'V2'] : [])
    for (const disk of DISKS) {
      await az('snapshot', 'create', ...inGroup, '--name', `${disk}-s`, '--source', disk, '--incremental', 'true', ...generation(disk))
    }
    const [os, ...data] = DISKS.map((disk) => `${disk}-s`)
    const disks = ['--os-snapshot', `${os}`, '--data-snapshots', ...data, '--data-snapshot-luns', '0', '5']
    await az('sig', 'image-version', 'create', ...definition, '--gallery-image-version', '1.0.0', ...disks)
    const wallS = (performance.now() - startedMs) / 1_000
    const { snapshot = [], version = [] } = scenario.durations ?? {}
    const boundS = [...snapshot, ...version].reduce((total, seconds) => total + seconds, 0)
    return result(NAME, wallS, boundS, azure.exchanges.length - before)
  } finally {
    await azure.close()
  }
}
