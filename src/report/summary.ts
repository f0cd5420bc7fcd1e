/** The job summary: a report as GitHub Markdown for a reader in a hurry. */
import type { Explanation } from '../errors.ts'
import { blocks, code, details, heading, type Markdown, md, nothing } from './markdown.ts'
import { nodeStates, nodesOverTime } from './node-sections.ts'
import { count, totalOf } from './nodes.ts'
import { poolFacts, poolsTable, poolTable } from './pool-table.ts'
import { errorBoxes, warningBox } from './problems.ts'
import { type Reference, referenceIn } from './references.ts'
import { resizeTable } from './resize-table.ts'
import type { PoolReport, RunReport } from './run-report.ts'
import { accountPools, checks, footer, imageTable, leftBehind, plannedChanges, times } from './run-sections.ts'
import { unhealthyNodes } from './unhealthy-nodes.ts'
import { verdict } from './verdict.ts'

/**
 * The runner throws away a summary of more than 1 MiB altogether.
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits
 */
const MOST_BYTES = 1_000_000

interface Section {
  readonly title: string
  /** Sections of the highest rank are left out first; rank 0 always stays. */
  readonly rank: number
  readonly body: Markdown
}

/** At most `mostBytes` of UTF-8: whole sections are left out, the least important first, and the summary says which. */
export function renderSummary(report: RunReport, mostBytes = MOST_BYTES): string {
  const top = blocks(heading(3, subject(report)), verdict(report), errorBoxes(report), warningBox(report))
  let sections = sectionsOf(report).filter(({ body }) => body.source !== '')
  const omitted: string[] = []
  for (;;) {
    const summary = compose(top, sections, omitted, footer(report))
    const least = sections.reduce<Section | undefined>(
      (worst, section) => (worst && worst.rank >= section.rank ? worst : section),
      undefined,
    )
    if (!least || Buffer.byteLength(summary) <= mostBytes) return summary
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
  const told = sections.map(({ title, body }) => blocks(heading(4, title), body))
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
  const { image } = report
  const changes = plannedChanges(report, reference)
  return [
    { title: 'Left behind', rank: 1, body: leftBehind(report, reference) },
    { title: 'Changes', rank: 1, body: report.mode === 'apply' ? nothing : changes },
    ...poolSections(report, reference),
    { title: 'Image', rank: 2, body: image ? imageTable(image, reference) : nothing },
    { title: 'Checks', rank: 3, body: checks(report) },
    { title: 'Pools of the account', rank: 7, body: accountPools(report, reference) },
    { title: 'Plan', rank: 6, body: report.mode === 'apply' ? details(`${report.changes.length} changes`, changes) : nothing },
    { title: 'Times', rank: 9, body: times(report) },
  ]
}

function poolSections({ pools, result }: RunReport, reference: Reference): readonly Section[] {
  const [pool, ...others] = pools
  if (!pool) return []
  if (others.length > 0) {
    return [
      { title: 'Pools', rank: 1, body: poolsTable(pools, reference) },
      ...pools.map((each) => ({
        title: `Pool ${each.name}`,
        rank: each.error ? 4 : 8,
        body: details(oneLine(each), blocks(poolFacts(each, result, reference), ...partsOf(each).map(({ body }) => body))),
      })),
    ]
  }
  return [
    { title: 'Pool', rank: 1, body: blocks(poolTable(pool, result, reference), poolFacts(pool, result, reference)) },
    ...partsOf(pool),
  ]
}

function partsOf(pool: PoolReport): readonly Section[] {
  return [
    { title: 'Node states', rank: 2, body: nodeStates(pool) },
    { title: 'Unhealthy nodes', rank: 5, body: unhealthyNodes(pool) },
    { title: 'Resizes', rank: 4, body: resizeTable(pool) },
    { title: 'Nodes over time', rank: 8, body: nodesOverTime(pool) },
  ]
}

const oneLine = ({ nodeStates: states, healthy, current, target, error }: PoolReport): string =>
  `${count(states ? healthy : totalOf(current))} of ${count(totalOf(target))} nodes ${states ? 'healthy' : 'allocated'}${error ? `: ${error.title}` : ''}`
