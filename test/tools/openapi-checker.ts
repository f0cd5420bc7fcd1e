/**
 * Holds pairs of request and answer (JSON lines on stdin) against Microsoft's OpenAPI documents, with Microsoft's own validator, oav.
 * Prints one line per violation, then the totals; what no document covers goes to stderr. A process of its own: oav needs its memory.
 *
 * It cannot see what lies between calls (states, polls, order), nor values of open enums, nor the headers of long operations.
 */
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { createInterface } from 'node:readline'
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

const [ownVersions = ''] = process.argv.slice(2)
const versions = { ...VERSIONS, ...Object.fromEntries(ownVersions.split(',').map((entry) => entry.split('='))) }
const mapped = (provider: string, version: string): string =>
  versions[`${provider.toLowerCase()}/${version}`] ?? versions[version] ?? version

const load = createRequire(import.meta.url)
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

if (!SPECS) {
  console.error('there are no OpenAPI documents: run npm run specs')
  process.exit(2)
}
const arm = await validatorOf(/[\\/]resource-manager[\\/]Microsoft\.(?:Batch|Compute)[\\/]/, true)
const dataPlane = await validatorOf(/[\\/]data-plane[\\/]/, false)
const totals = { pairs: 0, clean: 0, violations: 0, unknown: 0 }
const unknown = new Map<string, number>()

for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
  if (line.trim() === '') continue
  totals.pairs += 1
  const { liveRequest: request, liveResponse: answer } = JSON.parse(line) as Untyped
  const bare = String(request.url).replace(/^https?:\/\/[^/]+/i, '')
  const provider = /\/providers\/(Microsoft\.(?:Compute|Batch))\//i.exec(bare)?.[1]
  const isDataPlane = !provider && /[?&]api-version=\d{4}-\d\d-\d\d\.\d+\.\d+/i.test(bare)
  const version = /[?&]api-version=([^&]+)/i.exec(bare)?.[1] ?? ''
  const status = String(answer.statusCode)
  const result =
    (provider || isDataPlane) &&
    (await (provider ? arm : dataPlane).validateLiveRequestResponse({
      liveRequest: {
        url: `https://management.azure.com${bare.replace(/([?&]api-version=)[^&]+/i, `$1${mapped(provider ?? '', version)}`)}`,
        method: request.method.toUpperCase(),
        headers: lowerCased(request.headers),
        body: request.body ?? undefined,
      },
      liveResponse: { statusCode: status, headers: lowerCased(answer.headers), body: answer.body ?? undefined },
    }))
  const stopped = result && (result.requestValidationResult.runtimeException ?? result.responseValidationResult.runtimeException)
  if (!result || stopped) {
    totals.unknown += 1
    const what = bare.replace(/\?.*/, '').replace(/^.*\/providers\//, '')
    const kind = `${stopped?.code ?? 'OTHER_SERVICE'} ${request.method} ${what} api-version=${version}${POLL.test(bare) ? ' (poll)' : ''}`
    unknown.set(kind, (unknown.get(kind) ?? 0) + 1)
    continue
  }
  const { operationId } = result.requestValidationResult.operationInfo
  const found = (['REQ', 'RES'] as const)
    .flatMap((side) => {
      const { errors } = side === 'REQ' ? result.requestValidationResult : result.responseValidationResult
      return errors.map((error: Untyped): Violation => ({ side, code: error.code, paths: placesOf(error), message: String(error.message) }))
    })
    .filter((violation: Violation) => !isExempt(violation, operationId, status))
  totals[found.length === 0 ? 'clean' : 'violations'] += found.length || 1
  for (const { side, code, paths, message } of found)
    console.log([`line ${totals.pairs}`, side, operationId, status, code, paths.join(',') || '-', message.slice(0, 300)].join('\t'))
}
for (const [kind, count] of unknown) console.error(`not in any spec: ${count} ${kind}`)
console.log(`${totals.pairs} pairs, ${totals.clean} clean, ${totals.violations} violations, ${totals.unknown} not in any spec`)
const isUseless = totals.pairs > 0 && totals.unknown === totals.pairs
process.exitCode = totals.violations > 0 || isUseless ? 1 : 0
