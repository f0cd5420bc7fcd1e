/** Tables of what `npm run bench` has measured last. */
import { readFileSync } from 'node:fs'
import path from 'node:path'

/** What every measured run has; seconds are Azure's. */
interface Measured {
  readonly wallS: number
  readonly requests: number
  readonly peakMiB: number
}

interface Trace extends Omit<Measured, 'peakMiB'> {
  readonly client: string
  readonly boundS: number
  readonly overheadS: number
}

interface FirstRequest {
  readonly asks: string
  readonly connectedMs: number
  readonly connectedToBareNode: number
  readonly requestedMs: number
}

/** `test/bench/results.json`. */
export interface Results {
  readonly bundleBytes: { readonly all: number; readonly withoutAzure: number }
  readonly startUp: Readonly<Record<'bareNodeMs' | 'validateMs' | 'postMs', number>> & {
    readonly firstRequest: Readonly<Record<string, FirstRequest>>
  }
  readonly trace: { readonly ours: Trace; readonly peers: readonly Trace[]; readonly azureCli: Trace | string }
  readonly ways: readonly (Measured & { readonly way: string; readonly boundS: number; readonly wallToBound?: number })[]
  readonly scale: readonly (Measured & { readonly what: string })[]
  readonly fleet: Pick<Measured, 'wallS'> & {
    readonly what: string
    readonly aloneS: Readonly<Record<string, number>>
    readonly toSlowest: number
  }
  readonly load: readonly (Measured & { readonly what: string; readonly wasted: number })[]
}

type Rows = readonly (readonly string[])[]
/** Head, then rows. */
export type MeasuredTable = readonly [head: readonly string[], ...rows: Rows]

const results = (): Results => JSON.parse(readFileSync(path.join(import.meta.dirname, '../bench/results.json'), 'utf8')) as Results

const number = (value: number): string => value.toLocaleString('en')
const seconds = (value: number): string => `${number(Math.round(value))} s`
const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(2)} MB`

export function measuredWays(): MeasuredTable {
  const rows = results().ways.map(({ way, wallS, boundS, wallToBound, requests, peakMiB }) => [
    way,
    wallToBound === undefined ? `${wallS} s` : seconds(wallS),
    wallToBound === undefined ? '–' : seconds(boundS),
    wallToBound === undefined ? '–' : wallToBound.toFixed(2),
    number(requests),
    `${peakMiB} MiB`,
  ])
  return [['Run', 'Took', 'Azure alone', 'Ratio', 'Requests', 'Memory'], ...rows]
}

export function measuredScale(): MeasuredTable {
  const rows = results().scale.map(({ what, wallS, requests, peakMiB }) => [what, seconds(wallS), number(requests), `${peakMiB} MiB`])
  return [['Pools', 'Took', 'Requests', 'Memory'], ...rows]
}

export function measuredFleet(): MeasuredTable {
  const { what, wallS, aloneS, toSlowest } = results().fleet
  const row = [what, seconds(wallS), seconds(Math.max(...Object.values(aloneS))), toSlowest.toFixed(2)]
  return [['Pools', 'Took', 'Slowest account in a run of its own', 'Ratio'], row]
}

export function measuredLoad(): MeasuredTable {
  const rows = results().load.map(({ what, wallS, requests, wasted }) => [what, seconds(wallS), number(requests), number(wasted)])
  return [['Run', 'Took', 'Requests', 'Refused by Azure'], ...rows]
}

export function measuredStart(): MeasuredTable {
  const { startUp, bundleBytes } = results()
  const { bareNodeMs, validateMs, postMs, firstRequest } = startUp
  const requests = Object.entries(firstRequest).map(([way, { asks, connectedMs, connectedToBareNode, requestedMs }]) => [
    `\`${way}\`: asks ${asks}`,
    `${connectedMs} ms`,
    `${connectedToBareNode.toFixed(2)} × Node.js alone; the request in full after ${requestedMs} ms`,
  ])
  return [
    ['What', 'Measured', ''],
    ['Node.js alone (`node -e 0`)', `${bareNodeMs} ms`, ''],
    ...requests,
    ['`mode: validate`, whole', `${validateMs} ms`, ''],
    ['post step, whole', `${postMs} ms`, ''],
    ['bundle', megabytes(bundleBytes.all), `${megabytes(bundleBytes.withoutAzure)} where nothing is asked of Azure`],
  ]
}

export function measuredPeers(): MeasuredTable {
  const { ours, peers, azureCli } = results().trace
  const real = typeof azureCli === 'string' ? [] : [azureCli]
  const rows = [ours, ...real, ...peers].map(({ client, wallS, boundS, overheadS, requests }) => [
    peers.some((peer) => peer.client === client) ? `model: ${client}` : client,
    seconds(wallS),
    seconds(boundS),
    seconds(overheadS),
    number(requests),
  ])
  return [['Client', 'Took', 'Azure alone', 'Lost', 'Requests'], ...rows]
}
