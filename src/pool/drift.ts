/** Pure: whether a pool already has what a spec requests, in spite of everything that Batch changes in what it is sent. */
import { parseDurationMs } from '../model/duration.ts'
import { type Metadata, withoutMarks } from './marks.ts'
import { isNothing } from './members.ts'

/** Batch never returns these, so they are never compared. */
const SECRET = new Set(['password', 'accountKey', 'sasKey', 'sasUrl', 'sshPrivateKey', 'protectedSettings'])
/** Batch returns these without their signature, if at all. A signature that it does return is compared. */
const URLS = new Set(['httpUrl', 'storageContainerUrl'])
/** The user's own texts. All other texts are names or Azure's own words, whose letter case Batch may change (`STANDARD_D4S_V5`). */
const VERBATIM = new Set([
  'name',
  'value',
  'displayName',
  'commandLine',
  'formula',
  'filePath',
  'blobPrefix',
  'mountOptions',
  'source',
  'relativeMountPath',
  'containerRunOptions',
  'containerImageNames',
])
const DURATIONS = new Set(['evaluationInterval', 'resizeTimeout', 'osRollingUpgradeDeferral', 'pauseTimeBetweenBatches'])
/** Lists whose order means nothing. */
const SETS = new Set(['metadata', 'environmentSettings', 'userAccounts'])

/** Whether `actual` contains everything in `asked`. Batch adds defaults, so what was not requested is not compared. */
export function isSubset(asked: unknown, actual: unknown, name = ''): boolean {
  if (SECRET.has(name) || asked === undefined) return true
  if (asked === null) return actual === null || actual === undefined
  if (typeof asked === 'string') return isSameText(asked, actual, name)
  if (Array.isArray(asked)) {
    if (!Array.isArray(actual)) return asked.length === 0 && actual === undefined
    const [wanted, present] = [ordered(asked, name), ordered(actual, name)]
    return wanted.length === present.length && wanted.every((item, index) => isSubset(item, present[index], name))
  }
  if (typeof asked === 'object') {
    if (typeof actual !== 'object' || actual === null) return false
    const fields = actual as Record<string, unknown>
    return Object.entries(asked).every(([member, value]) => isSubset(value, fields[member], member))
  }
  return asked === actual
}

/** Whether `actual` has every property as it was sent. An empty value removes a property, so that property must be gone. */
export const saysAll = (sent: Readonly<Record<string, unknown>>, actual: Readonly<Record<string, unknown>>): boolean =>
  Object.entries(sent).every(([name, value]) => (isNothing(value) ? isNothing(actual[name]) : isSubset(value, actual[name], name)))

function isSameText(asked: string, actual: unknown, name: string): boolean {
  if (URLS.has(name)) return actual === undefined || isSameUrl(asked, String(actual))
  if (typeof actual !== 'string') return false
  if (VERBATIM.has(name)) return asked === actual
  if (DURATIONS.has(name)) return parseDurationMs(asked) === parseDurationMs(actual)
  return asked.toLowerCase() === actual.toLowerCase()
}

const isSameUrl = (asked: string, actual: string): boolean =>
  withoutQuery(asked) === withoutQuery(actual) && (signatureIn(actual) === undefined || signatureIn(actual) === signatureIn(asked))

const signatureIn = (url: string): string | undefined => /[?&]sig=([^&]*)/.exec(url)?.[1]

const withoutQuery = (url: string): string => url.split('?')[0] ?? ''

function ordered(list: readonly unknown[], name: string): readonly unknown[] {
  if (!SETS.has(name)) return list
  const named = name === 'metadata' ? withoutMarks(list as Metadata) : (list as readonly { readonly name?: string }[])
  return named.toSorted((one, other) => String(one.name).localeCompare(String(other.name)))
}
