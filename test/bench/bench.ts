/**
 * `npm run bench`: every way of this action on the embedded Azure, and beside it models of other tools on the same Azure with the same
 * operation times. Writes `results.json`; `npm run docs` makes the tables of it. It fails where a figure is over its bound (`bounds.ts`).
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { runAzureCli } from './azure-cli.ts'
import { boundedFigures, overBound } from './bounds.ts'
import { measureFleet } from './fleet.ts'
import { measureLoad } from './load.ts'
import { ratio } from './ratios.ts'
import { measureScale } from './scale.ts'
import { measureStartUp } from './start-up.ts'
import { runOurs, runPeers } from './trace.ts'
import { measureWays } from './ways.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const startedAt = performance.now()

/** What is being measured, for whoever waits. */
function report(line: string): void {
  console.log(`${String(Math.round((performance.now() - startedAt) / 1_000)).padStart(4)} s  ${line}`)
}

/** Bytes of what the runner may load. */
function bundleSizes() {
  const folder = path.join(ROOT, 'dist')
  const bytesOf = (names: readonly string[]) => names.reduce((sum, name) => sum + statSync(path.join(folder, name)).size, 0)
  return {
    all: bytesOf(readdirSync(folder).filter((name) => name.endsWith('.js'))),
    withoutAzure: bytesOf(['index.js', 'post.js', 'main.js']),
  }
}

if (!existsSync(path.join(ROOT, 'lib/main.js'))) {
  report('building lib: a fresh clone has the bundle only')
  execFileSync('tsc', ['-p', path.join(ROOT, 'tsconfig.json')], { stdio: 'inherit', shell: process.platform === 'win32' })
}
report('start-up')
const startUp = await measureStartUp()
report('the reference trace')
const ours = await runOurs()
const ways = await measureWays((way) => report(`way: ${way}`))
const scale = await measureScale((what) => report(`scale: ${what}`))
report('several accounts')
const fleet = await measureFleet()
const load = await measureLoad((what) => report(`load: ${what}`))
report('other tools; the Azure CLI, where it is installed, waits in real time, some ten minutes')
const [peers, azureCli] = await Promise.all([runPeers(), runAzureCli()])
const results = {
  bundleBytes: bundleSizes(),
  startUp,
  trace: {
    ours,
    peers: peers.map((peer) => ({ ...peer, overheadToOurs: ratio(peer.overheadS, ours.overheadS) })),
    azureCli,
  },
  ways,
  scale,
  fleet,
  load,
}
console.log(JSON.stringify(results, undefined, 2))
writeFileSync(path.join(import.meta.dirname, 'results.json'), `${JSON.stringify(results, undefined, 2)}\n`)
report('results.json is written; `npm run docs` makes the tables of it')
const figures = boundedFigures(results)
const over = overBound(figures)
report(
  over.length === 0
    ? `all ${figures.length} figures are within their bounds`
    : `${over.length} of ${figures.length} figures are over their bounds:`,
)
if (over.length > 0) {
  console.table(Object.fromEntries(over.map(({ what, measured, bound }) => [what, { measured, bound }])))
  process.exitCode = 1
}
