/** The job summary: a report as GitHub Markdown for a reader in a hurry. */
import type { Explanation } from '../../errors/explanation.ts'
import { count, totalOf } from '../../model/nodes.ts'
import type { PoolReport, RunReport } from '../run-report.ts'
import { blocks, code, details, heading, type Markdown, md, nothing } from './markdown.ts'
import { nodesOverTime } from './node-sections.ts'
import { poolFacts, poolsTable, poolTable } from './pool-table.ts'
import { errorBoxes, warningBox } from './problems.ts'
import { type Reference, referenceIn } from './references.ts'
import { resizeTable } from './resize-table.ts'
import { accountPools, checks, cores, footer, imageTable, leftBehind, phaseTable, plannedChanges, times } from './run-sections.ts'
import { unhealthyNodes } from './unhealthy-nodes.ts'
import { verdict } from './verdict.ts'

/**
 * The runner throws away a summary of more than 1 MiB altogether.
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits
 */
const MOST_BYTES = 1_000_000

/** Below this, how the time was spent is nobody's question. */
const LONG_MS = 60_000

interface Section {
  readonly title: string
  /** Sections of the highest rank are left out first. */
  readonly rank: number
  readonly body: Markdown
  /** A line to open, without a heading: for those who want to know more. */
  readonly isFolded?: boolean
}

/** At most `mostBytes` of UTF-8: whole sections are left out, the least important first, and the summary says which. */
export function renderSummary(report: RunReport, mostBytes = MOST_BYTES): string {
  const title = blocks(heading(3, subject(report)), verdict(report))
  const top = blocks(title, errorBoxes(report), warningBox(report))
  let sections = sectionsOf(report).filter(({ body }) => body.source !== '')
  const omitted: string[] = []
  for (;;) {
    const summary = compose(top, sections, omitted, footer(report))
    if (Buffer.byteLength(summary) <= mostBytes) return summary
    const least = sections.reduce<Section | undefined>(
      (worst, section) => (worst && worst.rank >= section.rank ? worst : section),
      undefined,
    )
    if (!least) return compose(title, [], [...omitted, 'errors and warnings'], footer(report))
    sections = sections.filter((section) => section !== least)
    omitted.push(least.title)
  }
}

/** Of a run that ended before there was anything to report, e.g. for its inputs. */
export function renderRefusal(error: Explanation): string {
  const boxes = errorBoxes({ result: 'failed', error, pools: [] })
  return `${blocks(heading(3, md`Azure Batch image pool`), md`**Failed** before anything was asked of Azure.`, boxes).source}\n`
}

/** Of `mode: validate`. */
export function renderValid(): string {
  return `${blocks(heading(3, md`Azure Batch image pool`), md`**Valid**: inputs and pool spec are correct. Azure was not asked.`).source}\n`
}

function compose(top: Markdown, sections: readonly Section[], omitted: readonly string[], end: Markdown): string {
  const told = sections.map(({ title, body, isFolded }) => (isFolded ? details(title, body) : blocks(heading(4, title), body)))
  const note =
    omitted.length > 0
      ? md`Left out, because a summary may not be longer: ${omitted.join(', ')}. All of it is in the JSON report.`
      : undefined
  return `${blocks(top, ...told, note, end).source}\n`
}

function subject({ pools, image, mode }: RunReport): Markdown {
  const [pool, ...others] = pools
  if (pool) return others.length === 0 ? md`Azure Batch pool ${code(pool.name)}` : md`${pools.length} Azure Batch pools`
  return image ? md`Azure image ${code(image.name)}` : md`Azure Batch image pool: ${mode}`
}

function sectionsOf(report: RunReport): readonly Section[] {
  const reference = referenceIn(report.portalUrl)
  const { image, pools, mode, accountPools: others } = report
  const changes = plannedChanges(report, reference)
  const isShort = Date.parse(report.finishedAt) - Date.parse(report.startedAt) < LONG_MS
  const isAlone = others.every(({ name, isBehind }) => !isBehind && pools.some((pool) => pool.name === name))
  return [
    { title: 'Changes', rank: 1, body: mode === 'apply' ? nothing : changes },
    ...poolSections(report, reference),
    { title: 'Cores', rank: 2, body: cores(report) },
    { title: 'Image', rank: 2, body: image ? imageTable(image, reference) : nothing },
    { title: 'Checks', rank: 3, body: checks(report) },
    { title: 'Left behind', rank: 1, body: leftBehind(report, reference) },
    { title: 'Time', rank: 9, body: isShort ? phaseTable(report) : times(report), isFolded: isShort },
    {
      title: poolsOnImages(report),
      rank: 7,
      body: isAlone ? nothing : accountPools(report, reference),
      isFolded: others.every(({ isBehind }) => !isBehind),
    },
    { title: `What was planned (${report.changes.length})`, rank: 6, body: mode === 'apply' ? changes : nothing, isFolded: true },
  ]
}

function poolsOnImages({ accountPools: pools }: RunReport): string {
  const behind = pools.filter(({ isBehind }) => isBehind).length
  return behind === 0
    ? `All pools of the account (${pools.length})`
    : `Pools of the account, ${behind} of ${pools.length} on an older image`
}

function poolSections({ pools, result }: RunReport, reference: Reference): readonly Section[] {
  const [pool, ...others] = pools
  if (!pool) return []
  if (others.length === 0) {
    const body = blocks(poolTable(pool, result, reference), poolFacts(pool, result, reference))
    return [{ title: 'Pool', rank: 1, body }, ...partsOf(pool)]
  }
  const folded = (each: PoolReport, index: number): Markdown =>
    details(
      `${each.name}: ${oneLine(each)}`,
      blocks(poolTable(each, result, reference), poolFacts(each, result, reference), ...partsOf(each).map(({ body }) => body)),
      each.error !== undefined && index === 0,
    )
  const [failed, rest] = [pools.filter(({ error }) => error), pools.filter(({ error }) => !error)]
  return [
    { title: 'Pools', rank: 1, body: poolsTable([...failed, ...rest], reference) },
    { title: 'Failed pools, one by one', rank: 4, body: blocks(...failed.map(folded)) },
    {
      title: failed.length > 0 ? `The other ${rest.length} pools` : 'One by one',
      rank: 8,
      body: blocks(...rest.map(folded)),
      isFolded: true,
    },
  ]
}

function partsOf(pool: PoolReport): readonly Section[] {
  return [
    { title: 'Unhealthy nodes', rank: 5, body: unhealthyNodes(pool) },
    { title: 'Resizes', rank: 4, body: resizeTable(pool) },
    { title: 'Nodes over time', rank: 8, body: nodesOverTime(pool) },
  ]
}

const oneLine = ({ nodeStates: states, healthy, current, target, error }: PoolReport): string =>
  `${count(states ? healthy : totalOf(current))} of ${count(totalOf(target))} nodes ${states ? 'healthy' : 'allocated'}${error ? `. ${error.title}` : ''}`
