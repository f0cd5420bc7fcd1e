/** What the summary says about the run as a whole: image, checks, changes, other pools, what is left, times. */
import type { SnapshotReport } from '../../image/image-plan.ts'
import { showTimeBetween } from '../../model/duration.ts'
import { totalOf } from '../../model/nodes.ts'
import { hasSeveralAccounts } from '../pool-names.ts'
import type { ImageReport, RunReport } from '../run-report.ts'
import { identityOf } from '../signed-in.ts'
import { minuteOf, timeOf } from '../times.ts'
import { timeline } from './charts.ts'
import { baseImage, imageAndAge } from './freshness.ts'
import { blocks, breakableCode, code, details, fence, join, link, list, type Markdown, md, nothing, table, text } from './markdown.ts'
import { objectionList } from './problems.ts'
import { type Reference, shortName } from './references.ts'

const MOST_ROWS = 100

const LATEST = {
  included: 'included: all pools are healthy on this version',
  excluded: 'excluded until all pools are healthy on this version',
} as const

export function imageTable(image: ImageReport, reference: Reference): Markdown {
  const rows: readonly (readonly [string, Markdown])[] = [
    ['Why', text(image.reason, 500)],
    ['Source', image.sourceId ? reference(image.sourceId) : nothing],
    ['Previous version', md`${image.previousVersion ?? ''}`],
    ['Latest', md`${image.latest ? LATEST[image.latest] : ''}`],
    ['Base image', baseImage(image)],
    ['Replication', join(image.replication.map(replica), '<br>')],
    ['Snapshots', join(image.snapshots.map(snapshotWith(reference)), '<br>')],
  ]
  return table(
    ['Version', reference(image.id)],
    rows.filter(([, value]) => value.source !== ''),
  )
}

function replica({ region, state, progress, details: why }: ImageReport['replication'][number]): Markdown {
  return md`${region}: ${state === 'Completed' ? 'complete' : `${state.toLowerCase()}, ${progress} %`}${why ? md` (${text(why, 300)})` : nothing}`
}

const snapshotWith =
  (reference: Reference) =>
  ({ id, disk, state }: SnapshotReport): Markdown => {
    const name = state === 'deleted' || state === 'planned' ? breakableCode(shortName(id)) : reference(id)
    return md`${disk === 'os' ? 'OS disk' : `LUN ${disk}`}: ${name} ${state}`
  }

/** Warnings of the preflight. Its errors are in the box below the verdict; that there was neither stands in the footer. */
export function checks({ findings }: RunReport): Markdown {
  return objectionList(findings.filter(({ severity }) => severity === 'warning'))
}

export function plannedChanges({ changes }: RunReport, reference: Reference): Markdown {
  return bounded(
    ['What', 'Name', 'Why'],
    changes.map(({ verb, type, name, id, reason }) => [
      md`**${verb}** ${type}`,
      verb === 'create' ? breakableCode(name) : reference(id, name),
      text(reason, 500),
    ]),
  )
}

const LONGEST_PLAN_ID = 1_000

/** Below a plan: how to carry out this one and no other. */
export function planToApprove({ result, planId }: RunReport): Markdown {
  return result === 'planned' && planId && planId.length <= LONGEST_PLAN_ID
    ? md`To carry out this plan and no other, run with ${code(`plan-id: ${planId}`)}.`
    : nothing
}

/** What a plan takes of the quotas. */
export function cores({ cores: quotas = [] }: RunReport): Markdown {
  return table(
    ['Cores', { right: 'Other pools' }, { right: 'These pools' }, { right: 'Left of quota' }],
    quotas.map(({ name, used, needed, quota }) => {
      const left = quota - used - needed
      return [name, used, needed, md`${left < 0 ? md`**${left}**` : left} of ${quota}`]
    }),
  )
}

type Named = Pick<RunReport['accountPools'][number], 'name' | 'account'>

/** Pools of the accounts that this run has not touched. */
export function otherPools({ accountPools, pools }: RunReport): RunReport['accountPools'] {
  const isSame = (one: Named, other: Named) => one.account === other.account && one.name.toLowerCase() === other.name.toLowerCase()
  return accountPools.filter((other) => !pools.some((pool) => isSame(pool, other)))
}

/** Those behind first. */
export function otherPoolsTable(report: RunReport, reference: Reference): Markdown {
  const sorted = otherPools(report).toSorted(
    (one, other) => Number(other.isBehind) - Number(one.isBehind) || one.name.localeCompare(other.name),
  )
  const isFleet = hasSeveralAccounts(report.accountPools)
  return bounded(
    ['Pool', 'Image', { right: 'Nodes' }],
    sorted.map(({ name, account, image, imageAgeDays, current, isBehind }) => [
      md`${breakableCode(name)}${isFleet ? md`<br>in ${breakableCode(account)}` : nothing}`,
      md`${imageAndAge(reference(image), image, imageAgeDays)}${isBehind ? md`<br>**behind**` : nothing}`,
      totalOf(current),
    ]),
  )
}

export function leftBehind({ leftBehind: things }: RunReport, reference: Reference): Markdown {
  if (things.length === 0) return nothing
  return blocks(
    list(things.slice(0, MOST_ROWS).map(({ id, kind, why }) => md`${kind} ${reference(id)}: ${text(why, 500)}`)),
    fence(
      things
        .slice(0, MOST_ROWS)
        .map(({ command }) => command)
        .join('\n'),
      'sh',
    ),
  )
}

export function times(report: RunReport): Markdown {
  const chart = timeline(report.phases, report.pools)
  return chart ? blocks(chart, details('The same in numbers', phaseTable(report))) : nothing
}

export function phaseTable({ phases }: RunReport): Markdown {
  return table(
    ['Phase', 'Start (UTC)', { right: 'Took' }, 'Outcome'],
    phases
      .slice(0, MOST_ROWS)
      .map(({ phase, startedAt, finishedAt, outcome }) => [phase, timeOf(startedAt), showTimeBetween(startedAt, finishedAt), outcome]),
  )
}

export function footer({ mode, run, requests, startedAt, finishedAt, findings, phases, signedInAs }: RunReport): Markdown {
  const isChecked = findings.length === 0 && phases.some(({ phase, outcome }) => phase === 'check' && outcome === 'succeeded')
  const facts = [
    md`Mode ${code(mode)}`,
    ...(isChecked ? ['all checks passed'] : []),
    `${minuteOf(startedAt)} to ${timeOf(finishedAt).slice(0, 5)} UTC`,
    md`${requests.total} requests, ${requests.writes} writes, ${requests.retries} retries`,
    ...(signedInAs ? [md`signed in as ${text(identityOf(signedInAs))}`] : []),
    ...(run.repository ? [md`${code(run.repository)}${run.sha ? md` at ${code(run.sha.slice(0, 7))}` : nothing}`] : []),
    ...(run.eventName ? [md`${link('run', run.runUrl)} by ${code(run.actor)} on ${code(run.eventName)}`] : []),
  ]
  return md`<sub>${join(facts, ' · ')}</sub>`
}

function bounded(columns: Parameters<typeof table>[0], rows: Parameters<typeof table>[1]): Markdown {
  const rest = rows.length - MOST_ROWS
  return blocks(table(columns, rows.slice(0, MOST_ROWS)), rest > 0 ? md`… and ${rest} more, in the JSON report.` : undefined)
}
