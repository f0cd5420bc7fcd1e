/** The boxes below the verdict: what went wrong, in Azure's innermost words, and what to do. */
import type { Explanation } from '../../errors/explanation.ts'
import type { Finding } from '../../preflight/finding.ts'
import { poolNames } from '../pool-names.ts'
import type { RunReport } from '../run-report.ts'
import { alert, blocks, code, join, link, list, type Markdown, md, multiline, nothing, text } from './markdown.ts'

const MOST_BOXES = 5
const MOST_WARNINGS = 20

interface Problem extends Explanation {
  readonly pools: readonly string[]
}

export type Failure = Pick<RunReport, 'result' | 'error' | 'pools'> & Partial<Pick<RunReport, 'findings'>>

export function errorBoxes(report: Failure): Markdown {
  const kind = report.result === 'cancelled' ? 'WARNING' : 'CAUTION'
  const objections = (report.findings ?? []).filter(({ severity }) => severity === 'error')
  if (report.error && objections.length > 1) return alert(kind, objectionBox(report.error, objections))
  const problems = distinctProblems(report)
  const names = report.pools.length > 1
  const rest = problems.length - MOST_BOXES
  return blocks(
    ...problems.slice(0, MOST_BOXES).map((problem) => alert(kind, box(names ? problem : { ...problem, pools: [] }))),
    rest > 0 ? md`… and ${rest} more, with their pools below.` : undefined,
  )
}

function objectionBox({ title }: Explanation, objections: readonly Finding[]): Markdown {
  return blocks(md`**${text(title, 300)}**`, objectionList(objections))
}

/** Findings of the preflight, each with its own remedy. */
export function objectionList(findings: readonly Finding[]): Markdown {
  return list(
    findings.map(
      ({ id, title, seen, fix, link: url }) =>
        md`**${text(title, 300)}** (${code(id)}): ${text(seen, 1_000)}<br>\n**What to do:** ${text(fix, 1_000)} ${link('Documentation', url)}`,
    ),
  )
}

export function warningBox({ warnings }: RunReport): Markdown {
  if (warnings.length === 0) return nothing
  const shown = warnings.slice(0, MOST_WARNINGS).map((warning) => text(warning, 1_000))
  const rest = warnings.length - shown.length
  const all = rest > 0 ? [...shown, md`… and ${rest} more, in the JSON report`] : shown
  return alert('WARNING', all.length === 1 ? join(all, '') : list(all))
}

function box({ title, message, hint, link: url, code: azureCode, correlationId, pools }: Problem): Markdown {
  const where =
    pools.length > 0
      ? md` (pool${pools.length === 1 ? '' : 's'} ${join(
          pools.slice(0, 10).map((pool) => code(pool)),
          ', ',
        )})`
      : nothing
  const isNamed = azureCode !== undefined && `${title} ${message}`.includes(azureCode)
  return blocks(
    md`**${text(title, 300)}**${azureCode && !isNamed ? md` (${code(azureCode)})` : nothing}${where}`,
    multiline(message),
    md`**What to do:** ${multiline(hint)}${url ? md` ${link('Documentation', url)}` : nothing}`,
    correlationId ? md`Correlation id: ${code(correlationId)}` : undefined,
  )
}

/** The run's error is often that of a pool: it is shown once, with the pools it hit. */
function distinctProblems({ error, pools }: Failure): readonly Problem[] {
  const problems = new Map<string, Problem>()
  const add = (explanation: Explanation | undefined, pool?: string): void => {
    if (!explanation) return
    const key = `${explanation.title}\n${explanation.message}`
    const known = problems.get(key)
    problems.set(key, { ...(known ?? explanation), pools: [...(known?.pools ?? []), ...(pool === undefined ? [] : [pool])] })
  }
  add(error)
  const nameIn = poolNames(pools)
  for (const pool of pools) add(pool.error, nameIn(pool))
  return [...problems.values()]
}
