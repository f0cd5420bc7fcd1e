/** `npm run bench`: this action beside models of other tools, on the same embedded Azure with the same operation times. */
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { runAzureCli } from './azure-cli.ts'
import { measureFleet } from './fleet.ts'
import { ratio } from './ratios.ts'
import { measureScale } from './scale.ts'
import { measureStartUp } from './start-up.ts'
import { runOurs, runPeers } from './trace.ts'

const ROOT = path.join(import.meta.dirname, '../..')

/** Everything that the runner may load. Bytes. */
function bundleSize(): number {
  const folder = path.join(ROOT, 'dist')
  return readdirSync(folder)
    .filter((name) => name.endsWith('.js'))
    .reduce((sum, name) => sum + statSync(path.join(folder, name)).size, 0)
}

const startUp = await measureStartUp()
const ours = await runOurs()
// It waits in real time, most of its eight minutes: the rest goes on beside it.
const azureCli = runAzureCli()
const peers = await runPeers()
const scale = await measureScale()
const fleet = await measureFleet()
const results = {
  bundleBytes: bundleSize(),
  startUp: {
    ...Object.fromEntries(Object.entries(startUp).map(([name, ms]) => [name, Math.round(ms)])),
    firstRequestToBareNode: ratio(startUp.firstRequestMs, startUp.bareNodeMs),
    firstRequestToUnbundled: ratio(startUp.firstRequestMs, startUp.unbundledMs),
  },
  trace: {
    ours,
    peers: peers.map((peer) => ({ ...peer, overheadToOurs: ratio(peer.overheadS, ours.overheadS) })),
    azureCli: await azureCli,
  },
  scale,
  fleet,
}
console.log(JSON.stringify(results, undefined, 2))
writeFileSync(path.join(import.meta.dirname, 'results.json'), `${JSON.stringify(results, undefined, 2)}\n`)
