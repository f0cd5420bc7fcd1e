/** Azure wraps the reason in envelopes: `error`, `details`, `innererror`, Batch's `values`, JSON in text. This peels them. */

export interface Innermost {
  readonly code: string
  readonly message: string
}

const LONGEST_MESSAGE = 2_000
/** Batch ends its messages with these; they are in the headers too. */
const TRAILER = /\s*\n?RequestId:\S*\s*\n?Time:\S*\s*$/
/** Details that hold the reason of a Batch error, the best first. https://learn.microsoft.com/azure/batch/batch-pool-node-error-checking */
const REASONS = ['Provider Error Json', 'Reason']

type Bag = Readonly<Record<string, unknown>>

/** The innermost code and message of an error body; never throws. */
export function innermost(body: unknown): Innermost {
  return peel(body, { code: '', message: '' }, 0)
}

function peel(value: unknown, outer: Innermost, depth: number): Innermost {
  if (depth > 10) return outer
  if (typeof value === 'string') return peelText(value, outer, depth)
  if (typeof value !== 'object' || value === null) return outer
  const bag = value as Bag
  if (bag.error !== undefined && bag.error !== null && typeof bag.error === 'object') return peel(bag.error, outer, depth + 1)
  const here: Innermost = { code: textOf(bag.code) || outer.code, message: messageOf(bag) || outer.message }
  const pairs = pairsOf(bag)
  for (const name of REASONS) {
    const reason = pairs.get(name.toLowerCase())
    if (reason) return withProperty(peelText(reason, here, depth + 1), pairs)
  }
  const named = namedValue(bag)
  if (named) return { ...here, message: named }
  const details = Array.isArray(bag.details) ? bag.details : []
  const first = details.find(
    (detail): detail is Bag => typeof detail === 'object' && detail !== null && textOf((detail as Bag).message) !== '',
  )
  if (first && !isPropertyDetail(first)) {
    const inside = peel(first, here, depth + 1)
    return inside.message ? inside : { ...inside, message: here.message }
  }
  if (typeof bag.innererror === 'object' && bag.innererror !== null) {
    const inner = bag.innererror as Bag
    if (textOf(inner.message) || typeof inner.innererror === 'object') return peel(inner, here, depth + 1)
  }
  return here.message.trim().startsWith('{') ? peelText(here.message, { ...here, message: '' }, depth + 1) : here
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

/** The last code and message of JSON that ends in its middle: Batch cuts `Provider Error Json` off. */
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

/** The data plane names what is wrong by the thing itself, e.g. an application package: `{ key: 'blender', value: 'does not exist' }`. */
function namedValue({ values }: Bag): string | undefined {
  const first = (Array.isArray(values) ? (values as Bag[]) : []).find((item) => textOf(item?.value) && !/^Property/i.test(textOf(item.key)))
  return first && `${bounded(textOf(first.value))} (${textOf(first.key)})`
}

/** `details` of ARM Batch and `values` of its data plane, as names and texts. */
function pairsOf(bag: Bag): ReadonlyMap<string, string> {
  const all = [bag.details, bag.values].flatMap((list) => (Array.isArray(list) ? (list as Bag[]) : []))
  return new Map(
    all.flatMap((item): [string, string][] => {
      if (typeof item !== 'object' || item === null) return []
      const name = textOf(item.code) || textOf(item.key) || textOf(item.name)
      return name ? [[name.toLowerCase(), textOf(item.message) || textOf(item.value)]] : []
    }),
  )
}

const isPropertyDetail = (detail: Bag) => /^Property/i.test(textOf(detail.code))

function messageOf({ message }: Bag): string {
  const text = typeof message === 'object' && message !== null ? textOf((message as Bag).value) : textOf(message)
  return bounded(text.replace(TRAILER, ''))
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const bounded = (text: string): string => (text.length > LONGEST_MESSAGE ? `${text.slice(0, LONGEST_MESSAGE)}…` : text)
