/** The job summary: a report as GitHub Markdown for a reader in a hurry. */
import type { Explanation } from '../../errors/explanation.ts'
import { count, totalOf } from '../../model/nodes.ts'
import { hasSeveralAccounts, poolNames } from '../pool-names.ts'
import type { ImageReport, PoolReport, RunReport } from '../run-report.ts'
import { hasWritten } from '../written.ts'
import { costNote } from './cost.ts'
import { baseImageNote } from './freshness.ts'
import { blocks, code, details, heading, type Markdown, md, nothing } from './markdown.ts'
import { nodesOverTime } from './node-sections.ts'
import { poolFacts, poolsTable, poolTable } from './pool-table.ts'
import { errorBoxes, warningBox } from './problems.ts'
import { type Reference, referenceIn } from './references.ts'
import { resizeTable } from './resize-table.ts'
import {
  checks,
  cores,
  footer,
  imageTable,
  leftBehind,
  otherPools,
  otherPoolsTable,
  phaseTable,
  plannedChanges,
  planToApprove,
  times,
} from './run-sections.ts'
import { smokeTest } from './smoke-test.ts'
import { unhealthyNodes } from './unhealthy-nodes.ts'
import { verdict } from './verdict.ts'

/**
 * The runner throws away a summary of more than 1 MiB altogether.
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits
 */
const MOST_BYTES = 1_000_000

/** For shorter runs, nobody asks how the time was spent. */
const LONG_MS = 60_000

interface Section {
  readonly title: string
  /** Sections of the highest rank are left out first. */
  readonly rank: number
  readonly body: Markdown
  /** `bare`: without its title. `titled`: below a heading. `folded`: a line to open, for those who want to know more. */
  readonly shown: 'bare' | 'titled' | 'folded'
}

/** At most `mostBytes` of UTF-8: whole sections are left out, the least important first, and the summary says which. */
export function renderSummary(report: RunReport, mostBytes = MOST_BYTES): string {
  const title = blocks(heading(3, subject(report)), verdict(report))
  const top = blocks(title, errorBoxes(report), warningBox(report))
  let sections = sectionsOf(report).filter(({ body }) => body.source !== '')
  const omitted: string[] = []
  const end = footer(report)
  for (;;) {
    const summary = compose({ top, sections, omitted, end })
    if (Buffer.byteLength(summary) <= mostBytes) return summary
    const least = sections.reduce<Section | undefined>(
      (worst, section) => (worst && worst.rank >= section.rank ? worst : section),
      undefined,
    )
    if (!least) return compose({ top: title, sections: [], omitted: [...omitted, 'errors and warnings'], end })
    sections = sections.filter((section) => section !== least)
    omitted.push(least.title)
  }
}

/** Of a run that ended before there was anything to report, e.g. for its inputs. */
export function renderRefusal(error: Explanation): string {
  const boxes = errorBoxes({ result: 'failed', error, pools: [] })
  return `${blocks(heading(3, md`Azure Batch image pool`), md`❌ **Failed** before the first request to Azure.`, boxes).source}\n`
}

/** Of `mode: validate`. */
export function renderValid(): string {
  return `${blocks(heading(3, md`Azure Batch image pool`), md`✅ **Valid**: inputs and pool spec are correct. No request was sent to Azure.`).source}\n`
}

interface Composition {
  readonly top: Markdown
  readonly sections: readonly Section[]
  /** Titles of the sections that are left out. */
  readonly omitted: readonly string[]
  readonly end: Markdown
}

function compose({ top, sections, omitted, end }: Composition): string {
  const note =
    omitted.length > 0
      ? md`Left out, because a summary may not be longer: ${omitted.join(', ')}. All of it is in the JSON report.`
      : undefined
  return `${blocks(top, ...sections.map(rendered), note, end).source}\n`
}

function rendered({ title, body, shown }: Section): Markdown {
  switch (shown) {
    case 'bare':
      return body
    case 'titled':
      return blocks(heading(4, title), body)
    case 'folded':
      return details(title, body)
  }
}

function subject({ pools, image, mode }: RunReport): Markdown {
  const [pool, ...others] = pools
  if (pool) return others.length === 0 ? md`Azure Batch pool ${code(pool.name)}` : md`${pools.length} Azure Batch pools`
  return image ? md`Azure image ${code(image.name)}` : mode === 'apply' ? md`Azure Batch image pool` : md`Azure Batch image pool: ${mode}`
}

function sectionsOf(report: RunReport): readonly Section[] {
  const reference = referenceIn(report.portalUrl)
  const { image } = report
  const shown = isCalm(report) ? 'folded' : 'titled'
  const isShort = Date.parse(report.finishedAt) - Date.parse(report.startedAt) < LONG_MS || isRefused(report)
  return [
    {
      title: 'Changes',
      rank: 1,
      body: isPlan(report) ? blocks(plannedChanges(report, reference), planToApprove(report)) : nothing,
      shown: 'titled',
    },
    ...poolSections(report, reference, shown),
    { title: 'Cost', rank: 3, body: costNote(report.pools), shown: 'bare' },
    { title: 'Base image', rank: 3, body: image ? baseImageNote(image) : nothing, shown: 'bare' },
    { title: 'Cores', rank: 2, body: cores(report), shown: 'titled' },
    { title: 'Checks', rank: 3, body: checks(report), shown: 'titled' },
    { title: 'Left behind', rank: 1, body: leftBehind(report, reference), shown: 'titled' },
    { title: image ? imageTitle(image) : 'Image', rank: 2, body: image ? imageTable(image, reference) : nothing, shown },
    { title: 'Time', rank: 9, body: isShort ? phaseTable(report) : times(report), shown: isShort ? 'folded' : shown },
    { title: othersTitle(report), rank: 7, body: otherPoolsTable(report, reference), shown: 'folded' },
    {
      title: `What was planned (${report.changes.length})`,
      rank: 6,
      body: isPlan(report) ? nothing : plannedChanges(report, reference),
      shown: 'folded',
    },
  ]
}

/** Nobody has to look for a cause. */
const isCalm = ({ result }: RunReport): boolean => result === 'succeeded' || result === 'unchanged' || result === 'planned'

/** What would change is the news: nothing was done. */
const isPlan = (report: RunReport): boolean => report.mode !== 'apply' || isRefused(report)

const isRefused = (report: RunReport): boolean => report.error !== undefined && !hasWritten(report)

const imageTitle = ({ name, version, action }: ImageReport): string => `Image ${name} ${version}: ${action}`

function othersTitle(report: RunReport): string {
  const others = otherPools(report)
  const behind = others.filter(({ isBehind }) => isBehind).length
  const owner = hasSeveralAccounts(report.accountPools) ? 'accounts' : 'account'
  return `Other pools of the ${owner} (${others.length})${behind > 0 ? `, ${behind} on an older image` : ''}`
}

function poolSections({ pools, result }: RunReport, reference: Reference, shown: Section['shown']): readonly Section[] {
  const [pool, ...others] = pools
  if (!pool) return []
  if (others.length === 0) {
    const body = blocks(poolTable(pool, result, reference), poolFacts(pool, result, reference))
    return [{ title: 'Pool', rank: 1, body, shown: 'bare' }, ...partsOf(pool, shown)]
  }
  const nameIn = poolNames(pools)
  const folded = (each: PoolReport, index: number): Markdown =>
    details(
      `${nameIn(each)}: ${oneLine(each)}`,
      blocks(poolTable(each, result, reference), poolFacts(each, result, reference), ...partsOf(each, shown).map(({ body }) => body)),
      each.error !== undefined && index === 0 ? 'open' : 'folded',
    )
  const [failed, rest] = [pools.filter(({ error }) => error), pools.filter(({ error }) => !error)]
  return [
    { title: 'Pools', rank: 1, body: poolsTable([...failed, ...rest], result, reference), shown: 'bare' },
    { title: 'Failed pools, one by one', rank: 4, body: blocks(...failed.map(folded)), shown: 'titled' },
    {
      title: failed.length > 0 ? (rest.length === 1 ? 'The other pool' : `The other ${rest.length} pools`) : 'One by one',
      rank: 8,
      body: blocks(...rest.map(folded)),
      shown: 'folded',
    },
  ]
}

function partsOf(pool: PoolReport, shown: Section['shown']): readonly Section[] {
  const { attempts } = pool
  return [
    { title: 'Unhealthy nodes', rank: 5, body: unhealthyNodes(pool), shown: 'titled' },
    { title: 'Smoke test', rank: 5, body: smokeTest(pool), shown: 'titled' },
    { title: `Resizes (${attempts.length})`, rank: 4, body: resizeTable(pool), shown },
    { title: 'Nodes over time', rank: 8, body: nodesOverTime(pool), shown },
  ]
}

const oneLine = ({ nodeStates: states, healthy, current, target, error }: PoolReport): string =>
  `${count(states ? healthy : totalOf(current))} of ${count(totalOf(target))} nodes ${states ? 'healthy' : 'allocated'}${error ? `. ${error.title}` : ''}`
