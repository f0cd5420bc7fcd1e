/**
 * Holds pairs of request and answer against Microsoft's OpenAPI documents, with Microsoft's own validator, oav. A process of its own: oav
 * needs its memory. Its parent hands over connections, each of which sends a `Question` as one line and gets a `Verdict`.
 *
 * It cannot see what lies between calls (states, polls, order), nor values of open enums, nor the headers of long operations.
 */
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Exchange } from '../embedded-azure/serving.ts'
import { SPECS } from './openapi-documents.ts'

/** The api-versions that the clients send, and those whose documents they are held against; a provider's own entry goes first. */
const VERSIONS: Readonly<Record<string, string>> = {
  // Documents of the pool's api-version are not among those at hand; the one before it says the same of what is used.
  'microsoft.batch/2025-06-01': '2024-02-01',
  // The throw-away machine of `capture: copy`.
  'microsoft.compute/2024-07-01': '2024-03-01',
  '2023-10-02': '2024-03-02',
  '2025-01-02': '2024-03-02',
  // arm-compute 25.1.1
  '2026-04-01': '2024-03-01',
  '2026-03-02': '2024-03-02',
  '2025-12-03': '2023-07-03',
}

export interface Question {
  readonly pairs: readonly Pick<Exchange, 'liveRequest' | 'liveResponse'>[]
  /** Further api-versions, and those whose documents they are held against: `microsoft.compute/2024-07-01=2024-03-01`. */
  readonly versions: readonly string[]
}

export interface Verdict {
  /** One line per violation. */
  readonly violations: readonly string[]
  /** One line per kind of pair that no document covers. */
  readonly unchecked: readonly string[]
  /** How many pairs were held against a document. */
  readonly checked: number
}

interface Violation {
  readonly side: 'REQ' | 'RES'
  readonly code: string
  readonly paths: readonly string[]
  readonly message: string
}

interface Exemption {
  readonly operation?: RegExp
  readonly status?: RegExp
  readonly code: string
  readonly where?: RegExp
}

/** Where real Azure leaves its own documents, measured on recordings. Nothing else is excused, and the embedded Azure has no other excuse. */
const EXEMPTIONS: readonly Exemption[] = [
  // DiskRP and the operations on VMs have no 'default' answer: a 404 is in no document.
  { operation: /^(?:Snapshots|Disks|VirtualMachines)_/, status: /^404$/, code: 'INVALID_RESPONSE_CODE' },
  // Batch never gives a user account's password back, although the documents require it.
  { code: 'OBJECT_MISSING_REQUIRED_PROPERTY', where: /userAccounts\/\*\/password$/ },
  // The documents at hand have `$expand` and not yet what it adds; those of arm-compute 25.1.1 do (`VirtualMachineImages_ListWithProperties`).
  { operation: /^VirtualMachineImages_List$/, code: 'OBJECT_ADDITIONAL_PROPERTIES', where: /^\/\*\/properties$/ },
  // Bodies of the data plane carry odata.metadata, which no document has.
  { code: 'OBJECT_ADDITIONAL_PROPERTIES', where: /^\/odata\/metadata$/ },
  // These come back in ARM's spelling, or as the caller spelled them.
  {
    code: 'ENUM_CASE_MISMATCH',
    where: /(?:nodeFillType|osDisk\/caching|securityProfile\/securityType|nodePlacementConfiguration\/policy)$/,
  },
]

const isExempt = ({ side, code, paths }: Violation, operation: string, status: string): boolean =>
  side === 'RES' &&
  EXEMPTIONS.some(
    (one) =>
      one.code === code &&
      (one.operation?.test(operation) ?? true) &&
      (one.status?.test(status) ?? true) &&
      (!one.where || (paths.length > 0 && paths.every((where) => one.where?.test(where)))),
  )

// oav's own types do not say what its validator takes.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Untyped = any

const load = createRequire(path.join(import.meta.dirname, '../extras/package.json'))
load('oav/dist/lib/util/logging.js').log.consoleLogLevel = 'off'
const { LiveValidator } = load('oav/dist/lib/liveValidation/liveValidator.js')

async function validatorOf(isDocument: RegExp, isArmCall: boolean): Promise<Untyped> {
  const folder = SPECS ?? ''
  const swaggerPaths = readdirSync(path.join(folder, 'specification'), { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(folder, 'specification', name))
    .filter((file) => file.endsWith('.json') && !/[\\/]examples[\\/]/.test(file) && isDocument.test(file))
  const validator = new LiveValidator({
    directory: folder,
    git: { shouldClone: false },
    swaggerPaths,
    isPathCaseSensitive: false,
    loadValidatorInBackground: false,
    loadValidatorInInitialize: false,
    isArmCall,
  })
  await validator.initialize()
  return validator
}

const lowerCased = (headers: Readonly<Record<string, string | readonly string[]>> = {}) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value]))

/** Elements of a list are stars. */
const placesOf = ({ pathsInPayload = [] }: Untyped): readonly string[] => [
  ...new Set(pathsInPayload.map((place: string) => place.replace(/\/\d+(?=\/|$)/g, '/*')) as string[]),
]

const POLL = /\/(?:operations|DiskOperations|capsOperations|\w*operationResults)\/[^/?]+(?:\?|$)/i

const arm = await validatorOf(/[\\/]resource-manager[\\/]Microsoft\.(?:Batch|Compute)[\\/]/, true)
const dataPlane = await validatorOf(/[\\/]data-plane[\\/]/, false)

async function check({ pairs, versions }: Question): Promise<Verdict> {
  const known = { ...VERSIONS, ...Object.fromEntries(versions.map((entry) => entry.split('='))) }
  const violations: string[] = []
  const unchecked = new Map<string, number>()
  for (const [index, pair] of pairs.entries()) {
    const call = callOf(pair, known)
    const result = await validate(call, pair)
    const stopped = result && (result.requestValidationResult.runtimeException ?? result.responseValidationResult.runtimeException)
    if (result && !stopped) violations.push(...violationsOf(result, call.status).map((line) => `pair ${index + 1}\t${line}`))
    else {
      const kind = `${stopped?.code ?? 'OTHER_SERVICE'} ${call.kind}`
      unchecked.set(kind, (unchecked.get(kind) ?? 0) + 1)
    }
  }
  const left = [...unchecked.values()].reduce((sum, count) => sum + count, 0)
  return { violations, unchecked: [...unchecked.keys()], checked: pairs.length - left }
}

/** What a pair is to the documents. */
function callOf({ liveRequest: { url, method }, liveResponse }: Question['pairs'][number], versions: Readonly<Record<string, string>>) {
  const bare = url.replace(/^https?:\/\/[^/]+/i, '')
  const provider = /\/providers\/(Microsoft\.(?:Compute|Batch))\//i.exec(bare)?.[1]
  const version = /[?&]api-version=([^&]+)/i.exec(bare)?.[1] ?? ''
  const documented = versions[`${provider?.toLowerCase()}/${version}`] ?? versions[version] ?? version
  const isDataPlane = !provider && /[?&]api-version=\d{4}-\d\d-\d\d\.\d+\.\d+/i.test(bare)
  return {
    validator: provider ? arm : isDataPlane ? dataPlane : undefined,
    url: `https://management.azure.com${bare.replace(/([?&]api-version=)[^&]+/i, `$1${documented}`)}`,
    status: String(liveResponse.statusCode),
    kind: `${method} ${bare.replace(/\?.*/, '').replace(/^.*\/providers\//, '')} api-version=${version}${POLL.test(bare) ? ' (poll)' : ''}`,
  }
}

/** `undefined` where no document is about the pair. */
function validate(
  { validator, url, status }: ReturnType<typeof callOf>,
  { liveRequest: request, liveResponse: answer }: Question['pairs'][number],
): Untyped {
  return validator?.validateLiveRequestResponse({
    liveRequest: {
      url,
      method: request.method.toUpperCase(),
      headers: lowerCased(request.headers as Record<string, string>),
      body: request.body ?? undefined,
    },
    liveResponse: { statusCode: status, headers: lowerCased(answer.headers), body: answer.body ?? undefined },
  })
}

function violationsOf(result: Untyped, status: string): readonly string[] {
  const { operationId } = result.requestValidationResult.operationInfo
  return (['REQ', 'RES'] as const)
    .flatMap((side) => {
      const { errors } = side === 'REQ' ? result.requestValidationResult : result.responseValidationResult
      return errors.map((error: Untyped): Violation => ({ side, code: error.code, paths: placesOf(error), message: String(error.message) }))
    })
    .filter((violation: Violation) => !isExempt(violation, operationId, status))
    .map(({ side, code, paths, message }: Violation) =>
      [side, operationId, status, code, paths.join(',') || '-', message.slice(0, 300)].join('\t'),
    )
}

process.on('message', (_, socket) => {
  const connection = socket as Socket
  createInterface({ input: connection }).once('line', async (line) => connection.end(JSON.stringify(await check(JSON.parse(line)))))
})
process.send?.('ready')
