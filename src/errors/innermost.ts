/**
 * Azure wraps the reason of an error in envelopes: `error`, `details`, `innererror`, Batch's `values`, JSON in text. This module peels
 * them.
 */

export interface Innermost {
  readonly code: string
  readonly message: string
}

const LONGEST_MESSAGE = 2_000
/** Batch ends its messages with these two lines; the headers have both as well. */
const TRAILER = /\s*\n?RequestId:\S*\s*\n?Time:\S*\s*$/
/** Details that hold the reason of a Batch error, the best first. https://learn.microsoft.com/azure/batch/batch-pool-node-error-checking */
const REASONS = ['Provider Error Json', 'Reason']

type Bag = Readonly<Record<string, unknown>>

/** The innermost code and message of an error body; never throws. */
export function innermost(body: unknown): Innermost {
  return peel(body, { code: '', message: '' }, 0)
}

/** Names under which services wrap an error. */
const ENVELOPES = ['error', 'Error', 'odata.error'] as const

function peel(value: unknown, outer: Innermost, depth: number): Innermost {
  if (depth > 10) return outer
  if (typeof value === 'string') return peelText(value, outer, depth)
  if (!isBag(value)) return outer
  const wrapped = ENVELOPES.map((name) => value[name]).find(isBag)
  if (wrapped) return peel(wrapped, outer, depth + 1)
  const here: Innermost = { code: codeOf(value) || outer.code, message: messageOf(value) || outer.message }
  return (
    byReason(value, here, depth) ??
    byNamedValue(value, here) ??
    byDetail(value, here, depth) ??
    byInnerError(value, here, depth) ??
    byProperties(value, here, depth) ??
    (here.message.trim().startsWith('{') ? peelText(here.message, { ...here, message: '' }, depth + 1) : here)
  )
}

/** Batch: the reason is one of the pairs. */
function byReason(bag: Bag, here: Innermost, depth: number): Innermost | undefined {
  const pairs = pairsOf(bag)
  const reason = REASONS.map((name) => pairs.get(name.toLowerCase())).find(Boolean)
  return reason === undefined ? undefined : withProperty(peelText(reason, here, depth + 1), pairs)
}

function byNamedValue(bag: Bag, here: Innermost): Innermost | undefined {
  const named = namedValue(bag)
  return named ? { ...here, message: named } : undefined
}

/** ARM: the first of the details that has a message, either itself or inside what it wraps. */
function byDetail({ details }: Bag, here: Innermost, depth: number): Innermost | undefined {
  const first = listOf(details).find((detail): detail is Bag => isBag(detail) && saysSomething(detail, depth + 1))
  if (!first || isPropertyDetail(first)) return undefined
  const inside = peel(first, here, depth + 1)
  return inside.message ? inside : { ...inside, message: here.message }
}

const listOf = (details: unknown): readonly unknown[] => (Array.isArray(details) ? details : isBag(details) ? [details] : [])

function saysSomething(detail: Bag, depth: number): boolean {
  if (depth > 10) return false
  const inner = [...listOf(detail.details), ...ENVELOPES.map((name) => detail[name]), detail.innererror, detail.innerError]
  return messageOf(detail) !== '' || detailOf(detail) !== '' || inner.some((one) => isBag(one) && saysSomething(one, depth + 1))
}

function byInnerError(bag: Bag, here: Innermost, depth: number): Innermost | undefined {
  const inner = bag.innererror ?? bag.innerError
  if (!isBag(inner)) return undefined
  if (messageOf(inner) || isBag(inner.innererror ?? inner.innerError)) return peel(inner, here, depth + 1)
  const detail = detailOf(inner)
  return detail ? peelText(detail, here, depth + 1) : undefined
}

/**
 * The places where operations and resources keep the reason: `statusMessage` of a deployment (JSON in text), an error among the
 * properties, the statuses of a VM. Read only where nothing else gives a reason.
 */
function byProperties(bag: Bag, here: Innermost, depth: number): Innermost | undefined {
  if (here.message !== '') return undefined
  const properties = isBag(bag.properties) ? bag.properties : {}
  const view = isBag(properties.instanceView) ? properties.instanceView : properties
  const failed = (Array.isArray(view.statuses) ? view.statuses : []).find(
    (status) => isBag(status) && /^error$/i.test(textOf(status.level)),
  )
  const status = isBag(failed) && { code: textOf(failed.code).split('/').at(-1), message: failed.message }
  const sources = [bag.statusMessage, properties.statusMessage, properties.error, properties.provisioningError, status]
  const found = sources.map((source) => peel(source, here, depth + 1)).find(({ message }) => message !== '')
  return found ?? (textOf(bag.error) ? { code: textOf(bag.error), message: textOf(bag.error_description) || textOf(bag.error) } : undefined)
}

function peelText(text: string, outer: Innermost, depth: number): Innermost {
  const trimmed = text.trim()
  if (trimmed.startsWith('{') || trimmed.startsWith('"')) {
    try {
      return peel(JSON.parse(trimmed), outer, depth + 1)
    } catch {
      const found = cutOff(trimmed)
      if (found) return { ...found, code: found.code || outer.code }
    }
  }
  if (/^<(?:!doctype|html)/i.test(trimmed)) {
    const title = /<title>([^<]*)<\/title>/i.exec(trimmed)?.[1]?.trim()
    return { code: outer.code, message: title ? `an HTML page titled "${title}"` : 'an HTML page' }
  }
  return trimmed ? { code: outer.code, message: bounded(trimmed) } : outer
}

/** The last code and message of truncated JSON: Batch cuts `Provider Error Json` off. */
function cutOff(text: string): Innermost | undefined {
  const last = (name: string) => [...text.matchAll(new RegExp(`"${name}"\\s*:\\s*"((?:[^"\\\\]|\\\\.)+)`, 'gs'))].at(-1)?.[1]
  const message = last('message')
  if (message === undefined) return undefined
  const plain = message.replaceAll(/\\(["\\/])/g, '$1').replaceAll(/\\[nrt]/g, ' ')
  return { code: last('code') ?? '', message: bounded(plain) }
}

/** Batch names the property beside the reason. */
function withProperty(found: Innermost, pairs: ReadonlyMap<string, string>): Innermost {
  const name = pairs.get('propertypath') ?? pairs.get('propertyname')
  return name && !found.message.includes(name) ? { ...found, message: `${found.message} (${name})` } : found
}

/**
 * The data plane uses the name of the faulty thing as the key, e.g. of an application package: `{ key: 'blender', value: 'does not exist'
 * }`.
 */
function namedValue({ values }: Bag): string | undefined {
  const first = (Array.isArray(values) ? (values as Bag[]) : []).find((item) => textOf(item?.value) && !/^Property/i.test(textOf(item.key)))
  return first && `${bounded(textOf(first.value))} (${textOf(first.key)})`
}

/** `details` of ARM Batch and `values` of its data plane, as names and texts. */
function pairsOf(bag: Bag): ReadonlyMap<string, string> {
  const all = [bag.details, bag.values].flatMap((list) => (Array.isArray(list) ? (list as Bag[]) : []))
  return new Map(
    all.flatMap((item): [string, string][] => {
      if (!isBag(item)) return []
      const name = textOf(item.code) || textOf(item.key) || textOf(item.name)
      return name ? [[name.toLowerCase(), textOf(item.message) || textOf(item.value)]] : []
    }),
  )
}

const isPropertyDetail = (detail: Bag) => /^Property/i.test(textOf(detail.code))

const isBag = (value: unknown): value is Bag => typeof value === 'object' && value !== null && !Array.isArray(value)

const codeOf = ({ code, Code }: Bag): string => textOf(code) || textOf(Code)

function messageOf({ message, Message }: Bag): string {
  const text = isBag(message) ? textOf(message.value) : textOf(message) || textOf(Message)
  return bounded(text.replace(TRAILER, ''))
}

/** Compute's: https://learn.microsoft.com/rest/api/compute/virtual-machines/get#innererror */
const detailOf = ({ errordetail, errorDetail }: Bag): string => bounded((textOf(errordetail) || textOf(errorDetail)).trim())

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const bounded = (text: string): string => (text.length > LONGEST_MESSAGE ? `${text.slice(0, LONGEST_MESSAGE)}…` : text)
