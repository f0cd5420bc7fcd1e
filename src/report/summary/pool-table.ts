/** A pool before and after, and what it is. */
import type { NodeCounts } from '../../model/batch-service.ts'
import { nodesOf, occupiedStates, STATES, shortNodes, totalOf } from '../../model/nodes.ts'
import { hasSeveralAccounts } from '../pool-names.ts'
import type { PoolReport, RunReport } from '../run-report.ts'
import { costCell } from './cost.ts'
import { ageCell, hasAge, imageAndAge } from './freshness.ts'
import { code, join, type Markdown, md, nothing, table, text } from './markdown.ts'
import { type Reference, shortName } from './references.ts'

type Result = RunReport['result']

const KINDS = [
  { title: 'Dedicated nodes', of: 'dedicated' },
  { title: 'Spot nodes', of: 'lowPriority' },
] as const

/** After and before, one column each; where nothing was done, what would be and what is. */
export function poolTable(pool: PoolReport, result: Result, reference: Reference): Markdown {
  const { target, current, targetBefore, currentBefore } = pool
  const images = [pool.imageAfter, pool.imageBefore].map((image) => (image ? imageIn(reference, image) : '–'))
  const kinds = KINDS.filter(
    ({ of }) => of === 'dedicated' || [target, current, targetBefore, currentBefore].some((totals) => totals?.[of]),
  )
  const { cost } = pool
  const ages = ageRow(pool)
  const costs = cost ? [['Cost per hour', costCell(cost.after), costCell(cost.before)]] : []
  const healthy = isLookedAt(pool) ? health(pool) : 'not known'
  if (result === 'planned') {
    return table(
      ['', 'Planned', 'Now'],
      [
        ['Image', ...images],
        ...ages,
        ...kinds.map(({ title, of }) => [title, pool.autoScale ? 'by formula' : target[of], current[of]]),
        ...(pool.nodeStates ? [['Healthy nodes', pool.required, pool.healthy]] : []),
        ...costs,
      ],
    )
  }
  return table(
    ['', 'After', 'Before'],
    [
      ['Image', ...images],
      ...ages,
      ...kinds.map(({ title, of }) => [
        title,
        share(current[of], pool.autoScale ? undefined : target[of]),
        share(currentBefore?.[of], targetBefore?.[of]),
      ]),
      ...(pool.proof ? [['Proof', proof(pool.proof), '']] : []),
      ['Healthy nodes', healthy, ''],
      ...(pool.nodeStates && totalOf(current) > 0 ? [['Node states', states(pool.nodeStates), '']] : []),
      ...costs,
    ],
  )
}

/** Nothing where neither image has an age: a pool that never had an image, or was on a Marketplace image and still is. */
function ageRow({ imageAfter, imageAfterAgeDays, imageBefore, imageBeforeAgeDays }: PoolReport): readonly (readonly Markdown[])[] {
  const [after, before] = [ageCell(imageAfter, imageAfterAgeDays), ageCell(imageBefore, imageBeforeAgeDays)]
  return hasAge(imageAfter) || hasAge(imageBefore) ? [[md`Image age`, after, before]] : []
}

/** What showed whether the new image works, before a node of the pool went. */
function proof({ name, target, result, leftOut, reason = '' }: NonNullable<PoolReport['proof']>): Markdown {
  const without = leftOut.length > 0 ? md`, without ${leftOut.join(', and ')}` : nothing
  switch (result) {
    case 'healthy':
      return md`${nodesOf(target)} healthy in ${code(name)}${without}; deleted`
    case 'failed':
      return md`**failed** in ${code(name)}${without}; deleted`
    case 'no-room':
      return md`none: ${text(reason, 300)}`
  }
}

/** E.g. `790 + 100 Spot idle, 10 running`; what is broken stands out. */
function states(counts: NodeCounts): Markdown {
  return join(
    occupiedStates(counts).map(({ state, dedicated, lowPriority }) => {
      const { label, kind } = STATES[state]
      const words = `${shortNodes({ dedicated, lowPriority })} ${label}`
      return kind === 'broken' ? md`**${words}**` : md`${words}`
    }),
    '<br>',
  )
}

/** By definition and version: the gallery stands with the image. */
const imageIn = (reference: Reference, image: string): Markdown => reference(image, shortName(image).split('/').slice(-2).join('/'))

/** One pool a row, in three columns that fit on a telephone. */
export function poolsTable(pools: readonly PoolReport[], result: Result, reference: Reference): Markdown {
  const isFleet = hasSeveralAccounts(pools)
  return table(
    ['Pool', 'Nodes', 'Image'],
    pools.map((pool) => [
      cell(
        nameOf(pool, reference),
        isFleet ? md`in ${reference(pool.id.replace(/\/pools\/[^/]+$/i, ''), pool.account)}` : nothing,
        pool.error ? md`**${text(withoutCode(pool.error.title), 80)}**` : md`${(result === 'planned' ? PLANNED : ACTIONS)[pool.action]}`,
      ),
      cell(...nodesIn(pool), pool.cost ? md`${costCell(pool.cost.after)} an hour` : nothing),
      pool.imageAfter ? imageAndAge(imageIn(reference, pool.imageAfter), pool.imageAfter, pool.imageAfterAgeDays) : '–',
    ]),
  )
}

/** Lines of one cell. */
const cell = (...parts: readonly Markdown[]): Markdown =>
  join(
    parts.filter(({ source }) => source !== ''),
    '<br>',
  )

/** How many are healthy; how many there are, where those are not the same ones. */
function nodesIn(pool: PoolReport): readonly Markdown[] {
  const allocated = totalOf(pool.current)
  const target = pool.autoScale ? undefined : totalOf(pool.target)
  if (!isLookedAt(pool)) return [share(allocated, target), md`health not known`]
  const healthy = pool.error ? md`**${pool.healthy}**` : md`${pool.healthy}`
  return [
    md`${target === undefined ? healthy : md`${healthy} of ${target}`} healthy`,
    ...(pool.healthy === allocated ? [] : [md`${allocated} allocated`]),
  ]
}

/** A pool without nodes has none to look at. */
const isLookedAt = ({ nodeStates, current }: PoolReport): boolean => nodeStates !== undefined || totalOf(current) === 0

/** Azure's code stands in the box below the verdict. */
const withoutCode = (title: string): string => title.replace(/ \(\w+\)$/, '')

/** What the pool is, in a line. */
export function poolFacts(pool: PoolReport, result: Result, reference: Reference): Markdown {
  const facts = [
    md`Pool ${nameOf(pool, reference)} of account ${reference(pool.id.replace(/\/pools\/[^/]+$/i, ''), pool.account)}`,
    code(pool.vmSize),
    ...(result === 'planned' ? [] : actionOf(pool)),
    ...(pool.autoScale ? ['sized by its formula'] : [md`resize timeout ${code(pool.resizeTimeout)}`]),
    ...(pool.allocationState ? [`allocation ${pool.allocationState.toLowerCase()}`] : []),
  ]
  return join(facts, ' · ')
}

/** With a link where there is something to see. */
const nameOf = (pool: PoolReport, reference: Reference): Markdown => (isThere(pool) ? reference(pool.id, pool.name) : code(pool.name))

/** Before the run or after it. */
const isThere = ({ imageBefore, imageAfter }: PoolReport): boolean => (imageBefore ?? imageAfter) !== undefined

/** Of a pool that nobody has seen, only that nothing was done is certain. */
function actionOf(pool: PoolReport): readonly string[] {
  if (isThere(pool)) return [pool.isRolledBack ? 'rolled back' : ACTIONS[pool.action]]
  return pool.action === 'none' ? ['not created'] : []
}

const ACTIONS: Readonly<Record<PoolReport['action'], string>> = {
  created: 'created',
  resized: 'resized',
  reimaged: 'moved to the image in place',
  replaced: 'deleted and created again',
  'blue-green': 'new pool beside the old one',
  none: 'left as it was',
}

const PLANNED: Readonly<Record<PoolReport['action'], string>> = {
  created: 'to be created',
  resized: 'to be resized',
  reimaged: 'to be moved to the image in place',
  replaced: 'to be deleted and created again',
  'blue-green': 'to get a new pool beside it',
  none: 'to be left as it is',
}

const share = (part: number | undefined, whole: number | undefined): Markdown => {
  if (part === undefined) return md`–`
  return whole === undefined ? md`${part}` : md`${part} of ${whole}`
}

function health({ healthy, target, required, autoScale }: PoolReport): Markdown {
  return md`**${healthy}${autoScale ? nothing : md` of ${totalOf(target)}`}**${required < totalOf(target) ? md` (${required} required)` : nothing}`
}
