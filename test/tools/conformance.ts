/** Holds what the embedded Azure was asked and answered against Microsoft's own OpenAPI documents and against recordings of real Azure. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { inject } from 'vitest'
import type { Exchange } from '../embedded-azure/serving.ts'
import type { Question, Verdict } from './openapi-checker.ts'
import { RECORDINGS, SPECS } from './openapi-documents.ts'

const SEQUENCES = path.join(RECORDINGS, 'observed-lro-sequences.txt')

/** `npm run extras` installs it. */
const VALIDATOR = path.join(import.meta.dirname, '../extras/node_modules/oav')

/** Neither documents nor recordings are part of this repository: tests that need them are skipped, visibly, where they are absent. */
export const SPECS_ARE_HERE = SPECS !== undefined && existsSync(VALIDATOR)
export const RECORDINGS_ARE_HERE = existsSync(SEQUENCES)
if (!SPECS_ARE_HERE) console.warn('skipped: OpenAPI documents or their validator are not here: npm run specs && npm run extras')
if (!RECORDINGS_ARE_HERE) console.warn('skipped: ../shared/azure-data is not here; no sequence is held against recordings')

/** What no document at hand covers: polls of operations, providers besides Compute and Batch, registrations, soft-deleted versions (since 2024-03-03). */
const COVERED_BY_NONE =
  /\(poll\)$|^OTHER_SERVICE \S+ (?:\/subscriptions|Microsoft\.(?:Network|Authorization|Resources|ManagedIdentity|KeyVault)\/)|^\S+ (?:GET Microsoft\.Authorization\/permissions |PATCH Microsoft\.Resources\/tags\/default |GET Microsoft\.\w+ api-version=2021-04-01$|GET Microsoft\.Compute\/galleries\/images\/softdeletedartifacttypes\/)/i

/**
 * One line per violation, and per kind of pair that should have been checked and was not.
 * @param versions Further api-versions, and those whose documents they are held against.
 */
export async function openApiViolations(exchanges: readonly Exchange[], versions: readonly string[] = []): Promise<readonly string[]> {
  const pairs = exchanges
    .filter(({ plane }) => plane === 'arm' || plane === 'batch')
    .map(({ liveRequest, liveResponse }) => ({ liveRequest, liveResponse }))
  const checker = connect(inject('openApiChecker'), '127.0.0.1')
  checker.write(`${JSON.stringify({ pairs, versions } satisfies Question)}\n`)
  let answer = ''
  for await (const text of checker.setEncoding('utf8')) answer += text
  if (answer === '') throw new Error('the checker of OpenAPI documents broke off; its own words are above')
  const { violations, unchecked, checked } = JSON.parse(answer) as Verdict
  if (checked === 0) throw new Error(`none of ${pairs.length} pairs is in any document`)
  return [...violations, ...unchecked.filter((kind) => !COVERED_BY_NONE.test(kind)).map((kind) => `not in any document: ${kind}`)]
}

/** Long operations that went as no recorded one did, as the recordings' own table writes them. */
export async function unrecordedSequences(runs: readonly (readonly Exchange[])[]): Promise<readonly string[]> {
  const recorded = (await readFile(SEQUENCES, 'utf8')).split('\n').flatMap((line) => /^\d+ \| (.+?) *\| e\.g\./.exec(line)?.[1] ?? [])
  // Failures were recorded of images and VMs only, deletions that take several polls of `Location` of Batch accounts only, and nothing of
  // restore points: they are held against what was recorded of other types of the same provider, which share its asynchronous operations.
  // https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations
  const OF_A_PROVIDER = /200:Failed(?: GET 200 ps=Failed)?$|LOC 202:empty(?: > 200:empty)?$|^microsoft\.compute\/restorepointcollections\//
  const ofProvider = (sequence: string) => sequence.replace(/^(microsoft\.\w+)\/\S+ /, '$1 ')
  // Polls are samples: the same operation, first asked about when it is over, shows only its end. That end has to be a recorded one.
  const atItsEnd = (sequence: string) => sequence.replace(/\S+:InProgress > /g, '')
  const known = (sequence: string) =>
    recorded.some(
      (one) =>
        [one, atItsEnd(one)].includes(sequence) ||
        `${one} `.startsWith(`${sequence} `) ||
        (OF_A_PROVIDER.test(sequence) &&
          (`${ofProvider(one)} `.startsWith(`${ofProvider(sequence)} `) || ofProvider(atItsEnd(one)) === ofProvider(sequence))),
    )
  // That what was deleted is gone was asked of VMs and Batch accounts only.
  const ours = new Set(runs.flatMap(sequencesOf).map((sequence) => sequence.replace(/( DELETE .+) GET 404 ps=None$/, '$1')))
  // Nothing of Microsoft.Network was recorded, nor of tags. Making a collection of restore points is no long operation:
  // https://github.com/Azure/azure-rest-api-specs (RestorePointCollections_CreateOrUpdate).
  const odd = [...ours].filter(
    (sequence) =>
      !/^microsoft\.network\/|\/providers\/\*\/tags\/\*|^microsoft\.compute\/restorepointcollections\/\* PUT 20[01] body ps=Succeeded$/.test(
        sequence,
      ) && !known(sequence),
  )
  return [...odd, ...new Set(runs.flat().flatMap(wrongHeaders))]
}

/** LRO headers and `Retry-After` of each start as recorded; OpenAPI checkers do not ask for them on a 201, nor on a 202 without a body. */
const HEADERS: readonly (readonly [RegExp, string])[] = [
  [/^(?:PUT|PATCH) 202 microsoft\.compute\/(?:disks|snapshots)\/\*$/, 'AAO LOC RA=2'],
  [/^DELETE 202 microsoft\.compute\/(?:disks|snapshots|images|galleries)\/\*/, 'AAO LOC'],
  [/^PUT 20[01] microsoft\.compute\/images\/\*$/, 'AAO notification'],
  [/^PUT 20[01] microsoft\.compute\/galleries\/\*/, 'AAO'],
  [/^PUT 20[01] microsoft\.compute\/virtualmachines\/\*$/, 'AAO notification RA=10'],
  [/^DELETE 202 microsoft\.compute\/virtualmachines\/\*$/, 'AAO notification LOC RA=10'],
  [/^POST 202 microsoft\.compute\/virtualmachines\/\*\/deallocate$/, 'AAO notification LOC RA=10'],
  [/^POST 200 microsoft\.compute\/virtualmachines\/\*\/generalize$/, ''],
  [/^(?:GET|PUT|PATCH) 200 microsoft\.batch\/batchaccounts\/\*\/pools\/\*$/, 'ETag'],
  [/^POST 200 microsoft\.batch\/batchaccounts\/\*\/pools\/\*\/(?:stopresize|disableautoscale)$/, 'ETag'],
  [/^GET 200 microsoft\.batch\/batchaccounts\/\*\/pools$/, ''],
  [/^DELETE 202 microsoft\.batch\/batchaccounts\/\*\/pools\/\*$/, 'LOC RA=15'],
  [/^GET 202 microsoft\.batch\/batchaccounts\/\*\/pooloperationresults\/\*$/, 'LOC RA=15'],
  [/^GET 200 microsoft\.batch\/batchaccounts\/\*\/pooloperationresults\/\*$/, ''],
]

function wrongHeaders({ plane, liveRequest, liveResponse: { statusCode, headers } }: Exchange): readonly string[] {
  if (plane !== 'arm') return []
  const { pathname } = new URL(liveRequest.url, 'https://azure')
  const call = `${liveRequest.method} ${statusCode} ${typeOf(pathname)}`
  const recorded = HEADERS.find(([pattern]) => pattern.test(call))?.[1]
  const asynchronous = headers['azure-asyncoperation']
  const marks = [
    asynchronous && 'AAO',
    recorded?.includes('notification') && headers['azure-asyncnotification'] && 'notification',
    headers.location && 'LOC',
    headers.etag && 'ETag',
    headers['retry-after'] && `RA=${headers['retry-after']}`,
  ]
  const ours = marks.filter(Boolean).join(' ')
  const unsigned = asynchronous && ['t', 'c', 's', 'h'].find((name) => !new URL(asynchronous).searchParams.get(name))
  return [
    ...(recorded === undefined || recorded === ours ? [] : [`${call}: headers ${ours || 'none'} instead of ${recorded || 'none'}`]),
    ...(unsigned ? [`${call}: the operation URL has no ${unsigned}`] : []),
  ]
}

interface Flow {
  readonly type: string
  readonly path: string
  readonly operations: readonly string[]
  readonly start: string
  readonly polls: string[]
  final?: string
}

function sequencesOf(exchanges: readonly Exchange[]): readonly string[] {
  const flows: Flow[] = []
  for (const { plane, liveRequest, liveResponse } of exchanges) {
    if (plane !== 'arm') continue
    const { pathname, search } = new URL(liveRequest.url, 'https://azure')
    const status = Number(liveResponse.statusCode)
    const { headers } = liveResponse
    const body = liveResponse.body as { status?: string; properties?: { provisioningState?: string } } | undefined
    const polled = flows.find(({ operations }) => operations.some((url) => url.endsWith(pathname + search)))
    if (polled) {
      const says = body?.status ?? (body === undefined ? 'empty' : `ps=${body.properties?.provisioningState}`)
      const poll = `${status}:${says}`
      if (polled.polls.at(-1) !== poll) polled.polls.push(poll)
    } else if (isRecordedStart(liveRequest.method, pathname) && status < 300 && status !== 204) {
      const operations = [headers['azure-asyncoperation'], headers.location].filter((url) => url !== undefined)
      const marks = `${headers['azure-asyncoperation'] ? '+AAO' : ''}${headers.location ? '+LOC' : ''}`
      const shown = body === undefined ? '' : ` body ps=${body.properties?.provisioningState}`
      const start = `${liveRequest.method} ${status}${marks}${shown}`
      flows.push({ type: typeOf(pathname), path: pathname, operations, start, polls: [] })
    } else if (liveRequest.method === 'GET') {
      const last = flows.findLast((flow) => flow.path === pathname)
      const isOver = /Succeeded|Failed|200:empty/.test(last?.polls.at(-1) ?? '')
      if (last && isOver && !last.final) last.final = `GET ${status} ps=${body?.properties?.provisioningState ?? 'None'}`
    }
  }
  return flows.map(({ type, start, polls, final, operations }) => {
    const by = operations.length > 0 && polls.length > 0 ? ` ${start.includes('+AAO') ? 'AAO' : 'LOC'} ${polls.join(' > ')}` : ''
    return `${type} ${start}${by}${final && by ? ` ${final}` : ''}`
  })
}

/** Of the actions on a resource, these were recorded as sequences. */
function isRecordedStart(method: string, pathname: string): boolean {
  return ['PUT', 'PATCH', 'DELETE'].includes(method) || (method === 'POST' && /\/(?:deallocate|generalize)$/i.test(pathname))
}

/** The form of the recordings' table: names are stars. */
function typeOf(pathname: string): string {
  const [, provider = '', rest = ''] = /\/providers\/([^/]+)\/(.+)$/.exec(pathname.toLowerCase()) ?? []
  const names = rest.split('/')
  return `${provider}/${names.map((name, index) => (index % 2 ? '*' : name)).join('/')}`
}
