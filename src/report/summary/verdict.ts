/** The one sentence a reader in a hurry needs. */
import { sameId } from '../../model/arm-id.ts'
import { showTimeBetween } from '../../model/duration.ts'
import { totalOf } from '../../model/nodes.ts'
import { poolNames } from '../pool-names.ts'
import type { PoolReport, RunReport } from '../run-report.ts'
import { hasWritten } from '../written.ts'
import { code, join, type Markdown, md, nothing } from './markdown.ts'

/** A mark that is seen before anything is read, and the sentence. */
export function verdict(report: RunReport): Markdown {
  return md`${markOf(report)} ${sentence(report)}`
}

/** ❌ where the job is red; ⚠️ where somebody should read on. */
function markOf({ result, warnings, findings, leftBehind }: RunReport): string {
  if (result === 'failed' || result === 'rolled-back') return '❌'
  return result === 'cancelled' || warnings.length + findings.length + leftBehind.length > 0 ? '⚠️' : '✅'
}

function sentence(report: RunReport): Markdown {
  const elapsed = showTimeBetween(report.startedAt, report.finishedAt)
  switch (report.result) {
    case 'succeeded':
      return md`**Succeeded** in ${elapsed}: ${achievement(report)}.`
    case 'unchanged':
      return md`**Unchanged**: ${achievement(report)}; there was nothing to do.`
    case 'planned':
      return plan(report)
    case 'failed':
      return md`**Failed** after ${elapsed}${failure(report)}`
    case 'rolled-back':
      return md`**Rolled back** after ${elapsed}${failure(report)}`
    case 'cancelled':
      return md`**Cancelled** after ${elapsed}${report.pools.length > 0 ? md`: ${state(report)}` : nothing}.${untouched(report)}`
  }
}

function achievement(report: RunReport): Markdown {
  if (report.mode === 'prune') return retention(report)
  if (report.pools.length > 0) return state(report)
  const { image } = report
  if (!image) return md`nothing was requested`
  const regions = image.replication.filter(({ state }) => state === 'Completed').length
  return md`image ${imageOf(report)} is ready${regions > 0 ? md` in ${regions} region${regions === 1 ? '' : 's'}` : nothing}`
}

function plan({ changes }: RunReport): Markdown {
  if (changes.length === 0) return md`**Planned**: nothing to change.`
  return md`**Planned**: ${changes.length} change${changes.length === 1 ? '' : 's'}; nothing was written.`
}

function retention({ resources }: RunReport): Markdown {
  const deleted = resources.filter(({ change }) => change === 'deleted').length
  return md`${deleted} old resource${deleted === 1 ? '' : 's'} deleted`
}

/** What the run achieved in spite of the failure. The reason is in the box below. */
function failure(report: RunReport): Markdown {
  return report.pools.length > 0 ? md`: ${state(report)}.${untouched(report)}` : md`.${untouched(report)}`
}

const untouched = (report: RunReport): Markdown => (hasWritten(report) ? nothing : md` Nothing in Azure was changed.`)

/** E.g. “900 of 900 nodes of pool `render` are healthy on `golden` 2026.1123.0”. */
function state(report: RunReport): Markdown {
  const { pools, image } = report
  const isOnImage = image && pools.every(({ imageAfter }) => sameId(imageAfter, image.id))
  const on = isOnImage ? md` on ${imageOf(report)}` : nothing
  if (pools.every(({ proof, action }) => proof?.result === 'failed' && action === 'none')) {
    const nodes = sum(pools, ({ current }) => totalOf(current))
    return md`${poolsOf(pools)} ${pools.length === 1 ? 'was' : 'were'} not touched and ${pools.length === 1 ? 'has' : 'have'} ${nodes} nodes as before`
  }
  const target = sum(pools, ({ target }) => totalOf(target))
  if (pools.every(({ autoScale }) => autoScale)) {
    const size = sum(pools, ({ current }) => totalOf(current))
    const health = pools.every(({ nodeStates }) => nodeStates)
      ? md`${sum(pools, ({ healthy }) => healthy)} of ${size} nodes of ${poolsOf(pools)} are healthy${on}`
      : md`${size} nodes of ${poolsOf(pools)} are allocated${on}; their states are not known`
    return md`${health} (sized by formula)`
  }
  if (target === 0) {
    const [is, has] = pools.length === 1 ? ['is', 'has'] : ['are', 'have']
    return isOnImage ? md`${poolsOf(pools)} ${is}${on} with 0 nodes, as requested` : md`${poolsOf(pools)} ${has} 0 nodes, as requested`
  }
  if (areLookedAt(pools)) {
    return md`${sum(pools, ({ healthy }) => healthy)} of ${target} nodes of ${poolsOf(pools)} are healthy${on}`
  }
  const allocated = sum(pools, ({ current }) => totalOf(current))
  return md`${allocated} of ${target} nodes of ${poolsOf(pools)} are allocated${on}${allocated > 0 ? '; their states are not known' : ''}`
}

/** A pool of several that has no nodes has none to look at. */
const areLookedAt = (pools: readonly PoolReport[]): boolean =>
  pools.some(({ nodeStates }) => nodeStates) && pools.every(({ nodeStates, current }) => nodeStates || totalOf(current) === 0)

const poolsOf = (pools: readonly PoolReport[]): Markdown =>
  pools.length <= 3
    ? md`pool${pools.length === 1 ? '' : 's'} ${join(
        pools.map((pool) => code(poolNames(pools)(pool))),
        ', ',
      )}`
    : md`${pools.length} pools`

const imageOf = ({ image }: RunReport): Markdown => (image ? md`${code(image.name)} ${image.version}` : nothing)

const sum = (pools: readonly PoolReport[], of: (pool: PoolReport) => number): number => pools.reduce((total, pool) => total + of(pool), 0)
