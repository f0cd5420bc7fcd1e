/** A pool before and after, and what it is. */
import { code, join, type Markdown, md, nothing, table, text } from './markdown.ts'
import { totalOf } from './nodes.ts'
import type { Reference } from './references.ts'
import type { PoolReport, RunReport } from './run-report.ts'

type Result = RunReport['result']

const KINDS = [
  { title: 'Dedicated nodes', of: 'dedicated' },
  { title: 'Spot nodes', of: 'lowPriority' },
] as const

/** Before and after, one column each; what is and what would be, where nothing was done. */
export function poolTable(pool: PoolReport, result: Result, reference: Reference): Markdown {
  const { target, current, targetBefore, currentBefore } = pool
  const images = [pool.imageBefore, pool.imageAfter].map((image) => (image ? reference(image) : '–'))
  const kinds = KINDS.filter(
    ({ of }) => of === 'dedicated' || [target, current, targetBefore, currentBefore].some((totals) => totals?.[of]),
  )
  const healthy = pool.nodeStates ? health(pool) : 'not known'
  if (result === 'planned') {
    return table(
      ['', 'Now', 'Planned'],
      [
        ['Image', ...images],
        ...kinds.map(({ title, of }) => [title, current[of], pool.autoScale ? 'by formula' : target[of]]),
        ['Healthy nodes', pool.nodeStates ? pool.healthy : 'not known', pool.required],
      ],
    )
  }
  return table(
    ['', 'Before', 'After'],
    [
      ['Image', ...images],
      ...kinds.map(({ title, of }) => [
        title,
        share(currentBefore?.[of], targetBefore?.[of]),
        share(current[of], pool.autoScale ? undefined : target[of]),
      ]),
      ['Healthy nodes', '', healthy],
    ],
  )
}

/** One pool a row. */
export function poolsTable(pools: readonly PoolReport[], reference: Reference): Markdown {
  return table(
    ['Pool', 'Action', 'Image before', 'Image after', { right: 'Nodes before' }, { right: 'Nodes' }, { right: 'Healthy' }, ''],
    pools.map((pool) => [
      reference(pool.id, pool.name),
      pool.action,
      pool.imageBefore ? reference(pool.imageBefore) : '–',
      pool.imageAfter ? reference(pool.imageAfter) : '–',
      pool.currentBefore ? totalOf(pool.currentBefore) : '–',
      share(totalOf(pool.current), pool.autoScale ? undefined : totalOf(pool.target)),
      pool.nodeStates ? pool.healthy : '–',
      pool.error ? md`**${text(pool.error.title, 80)}**` : '',
    ]),
  )
}

/** What the pool is, in a line. */
export function poolFacts(pool: PoolReport, result: Result, reference: Reference): Markdown {
  const facts = [
    md`Pool ${reference(pool.id, pool.name)} of account ${code(pool.account)}`,
    code(pool.vmSize),
    ...(result === 'planned' ? [] : [ACTIONS[pool.action]]),
    ...(pool.autoScale ? ['sized by its formula'] : [md`resize timeout ${code(pool.resizeTimeout)}`]),
    ...(pool.allocationState ? [`allocation ${pool.allocationState.toLowerCase()}`] : []),
  ]
  return join(facts, ' · ')
}

const ACTIONS: Readonly<Record<PoolReport['action'], string>> = {
  created: 'created',
  resized: 'resized',
  reimaged: 'moved to the image in place',
  replaced: 'deleted and created anew',
  'blue-green': 'new pool beside the old one',
  none: 'left as it was',
}

const share = (part: number | undefined, whole: number | undefined): Markdown => {
  if (part === undefined) return md`–`
  return whole === undefined ? md`${part}` : md`${part} of ${whole}`
}

function health({ healthy, target, required, autoScale }: PoolReport): Markdown {
  return md`**${healthy}${autoScale ? nothing : md` of ${totalOf(target)}`}**${required < totalOf(target) ? md` (${required} required)` : nothing}`
}
