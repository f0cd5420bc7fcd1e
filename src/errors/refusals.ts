/**
 * What to do about a refusal: by Azure's code first, and by its words only where the code says little. The same code may need
 * different advice for different services.
 */
import { ACCESS, OBSTACLES } from './access-refusals.ts'
import type { Remedy } from './explanation.ts'
import { IMAGES, NETWORK } from './image-refusals.ts'
import { QUOTAS } from './quota-refusals.ts'
import { type AzureFailure, DOCS, type Refusal, type Rule, type Service } from './refusal-rule.ts'
import { PASSING, passed, STATES } from './state-refusals.ts'

const RULES: readonly Rule[] = [...OBSTACLES, ...ACCESS, ...QUOTAS, ...NETWORK, ...IMAGES, ...STATES, ...PASSING]

/** The title of a refusal, and what to do about it. */
export function remedyFor(code: string, message: string, failure: AzureFailure): Remedy {
  const refusal = { code, message, failure }
  const service = serviceOf(failure)
  const isOf = (rule: Rule) => rule.service === undefined || rule.service === service
  const hasCode = ({ codes }: Rule) => codes?.some((one) => one.toLowerCase() === code.toLowerCase()) ?? false
  const hasWords = ({ words }: Rule) => words?.test(`${code}: ${message}`) ?? false
  const candidates = RULES.filter(isOf)
  const found =
    candidates.find((rule) => hasCode(rule) && rule.words && hasWords(rule)) ??
    candidates.find((rule) => hasCode(rule) && !rule.words) ??
    candidates.find((rule) => !rule.codes && hasWords(rule))
  if (found) return typeof found.remedy === 'function' ? found.remedy(refusal) : found.remedy
  return (failure.status ?? 0) >= 500 ? passed() : unknown(refusal)
}

/** The resource provider that refused. The data plane of Batch counts as Batch. */
function serviceOf({ resourceId, url }: AzureFailure): Service | undefined {
  const target = `${resourceId ?? ''} ${url}`
  if (/\/providers\/Microsoft\.Batch\//i.test(target)) return 'batch'
  if (/\/providers\/Microsoft\.Compute\//i.test(target)) return 'compute'
  if (/\/providers\/Microsoft\.Network\//i.test(target)) return 'network'
  return /\.batch\./i.test(url) ? 'batch' : undefined
}

function unknown({ failure }: Refusal): Remedy {
  return {
    title: 'Azure refused the request',
    hint: `Azure refused to ${failure.operation}; its message says why.`,
    link: `${DOCS}/azure-resource-manager/troubleshooting/common-deployment-errors`,
  }
}
