/** How requests, time and memory grow with pools, nodes and old versions, and what becomes of a run that is throttled. */
import { GROUP_ID, loadScenario, type Scenario } from '../embedded-azure/scenarios/scenario.ts'
import { type EmbeddedAzure, startAzure } from '../embedded-azure/server.ts'
import { runMeasured } from './run-measured.ts'

const SPEED = 20

export interface ScaleResult {
  readonly what: string
  /** Seconds of Azure's time. */
  readonly wallS: number
  readonly requests: number
  readonly peakMiB: number
}

interface Load {
  readonly what: string
  readonly inputs: Readonly<Record<string, string>>
  readonly prepare?: (azure: EmbeddedAzure) => void
}

const happy = loadScenario('happy')
const scenario: Scenario = { ...happy, account: { ...happy.account, dedicatedCoreQuota: 1_000_000, poolQuota: 500 } }

function poolsOf(count: number, nodes: number): Load {
  const pool = (index: number) => ({
    id: `render-${index}`,
    vmSize: 'Standard_D4s_v5',
    scaleSettings: { fixedScale: { targetDedicatedNodes: nodes, resizeTimeout: 'PT30M' } },
    startTask: { commandLine: '/opt/mount-data-disks', waitForSuccess: true },
  })
  const { 'pool-id': _id, 'vm-size': _size, 'target-dedicated-nodes': _nodes, 'resize-timeout': _timeout, ...inputs } = scenario.inputs
  return {
    what: `${count} pool${count > 1 ? 's' : ''} of ${nodes} nodes`,
    inputs: { ...inputs, 'pool-spec': JSON.stringify(Array.from({ length: count }, (_, index) => pool(index))) },
  }
}

/** Versions of this action that nothing uses. */
function oldVersions(count: number): Load {
  return {
    what: `prune ${count} of ${count + 3} versions`,
    inputs: {
      'resource-group': 'render',
      'image-name': 'golden',
      gallery: 'images',
      'batch-account': 'renderbatch',
      mode: 'prune',
      'retain-versions': '3',
    },
    prepare: ({ world }) => {
      const gallery = `${GROUP_ID}/providers/Microsoft.Compute/galleries/images`
      const put = (id: string, type: string, properties: object) =>
        world.put({
          id,
          name: id.slice(id.lastIndexOf('/') + 1),
          type: `Microsoft.Compute/${type}`,
          location: 'westeurope',
          tags: { 'image-pool-tool': 'azure-batch-image-pool', 'image-pool-image': 'golden' },
          properties: { provisioningState: 'Succeeded', ...properties },
        })
      put(gallery, 'galleries', {})
      put(`${gallery}/images/golden`, 'galleries/images', {
        osType: 'Linux',
        osState: 'Generalized',
        hyperVGeneration: 'V2',
        architecture: 'x64',
        identifier: { publisher: 'p', offer: 'o', sku: 's' },
      })
      for (let patch = 0; patch < count + 3; patch += 1) {
        put(`${gallery}/images/golden/versions/1.0.${patch}`, 'galleries/images/versions', {
          publishingProfile: { targetRegions: [{ name: 'West Europe' }], publishedDate: '2026-01-01T00:00:00Z' },
          storageProfile: {},
        })
      }
    },
  }
}

/** Requests that ARM takes at once, and how many more each second, of a subscription and principal. */
interface Buckets {
  readonly reads: readonly [capacity: number, perS: number]
  readonly writes: readonly [capacity: number, perS: number]
}

/** https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling */
const REAL: Buckets = { reads: [250, 25], writes: [200, 10] }
/** What is left where others work in the same subscription. */
const SCARCE: Buckets = { reads: [25, 2.5], writes: [20, 1] }
const RETRY_AFTER_S = 5

/** What comes too fast is refused and told when to come again. Gives how many were refused. */
function throttle(azure: EmbeddedAzure, { reads, writes }: Buckets): () => number {
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

type Throttled = ScaleResult & { readonly refused: number }

async function measure({ what, inputs, prepare }: Load, buckets?: Buckets): Promise<Throttled> {
  const azure = await startAzure(scenario, SPEED)
  prepare?.(azure)
  const refused = buckets ? throttle(azure, buckets) : () => 0
  const startedMs = azure.clock.now().getTime()
  const { exitCode, log, peakMiB } = await runMeasured(azure, inputs)
  const wallS = Math.round((azure.clock.now().getTime() - startedMs) / 1_000)
  const requests = azure.exchanges.length
  await azure.close()
  if (exitCode !== 0) throw new Error(`${what} failed:\n${log.slice(-5_000)}`)
  return { what, wallS, requests, peakMiB, refused: refused() }
}

export interface Scale {
  readonly loads: readonly ScaleResult[]
  readonly throttled: readonly Throttled[]
}

export async function measureScale(): Promise<Scale> {
  const loads = [poolsOf(1, 10), poolsOf(10, 10), poolsOf(50, 10), poolsOf(50, 500), poolsOf(1, 500), poolsOf(1, 5_000), oldVersions(100)]
  const results: ScaleResult[] = []
  for (const load of loads) {
    const { refused: _refused, ...result } = await measure(load)
    results.push(result)
  }
  const real = await measure({ ...poolsOf(50, 10), what: "50 pools of 10 nodes, ARM's limits" }, REAL)
  const scarce = await measure({ ...poolsOf(10, 10), what: "10 pools of 10 nodes, a tenth of ARM's limits" }, SCARCE)
  return { loads: results, throttled: [real, scarce] }
}
