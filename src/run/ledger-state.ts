/** Pure: the ledger as it is written into the runner's state, and as it is read again, even if it is damaged. */
import { type ArmId, parseArmId } from '../model/arm-id.ts'
import type { LedgerEntry, LedgerKind } from './runner.ts'

const KINDS: Readonly<Record<LedgerKind, true>> = {
  temporary: true,
  snapshot: true,
  image: true,
  imageVersion: true,
  imageDefinition: true,
  gallery: true,
  pool: true,
  proofPool: true,
  poolSize: true,
  replacedPool: true,
  smokeTest: true,
  startVm: true,
}

export interface SavedLedger {
  readonly entries: readonly LedgerEntry[]
  /** Parts that cannot be read: the first characters of each. */
  readonly damaged: readonly string[]
}

const LONGEST_EXCERPT = 200

/** A process that was killed may have written only half of it: every complete entry counts. */
export function readLedger(saved: string): SavedLedger {
  if (saved.trim() === '') return { entries: [], damaged: [] }
  const items = parsed(saved) ?? [...saved.matchAll(/\{[^{}]*\}/g)].map(([text]) => parsed(text) ?? text)
  const isWhole = Array.isArray(parsed(saved))
  const all = Array.isArray(items) ? items : [items]
  const entries = all.filter(isEntry)
  const others = all.filter((item) => !isEntry(item)).map((item) => excerpt(typeof item === 'string' ? item : JSON.stringify(item)))
  return { entries, damaged: isWhole || others.length > 0 ? others : [excerpt(saved)] }
}

function isEntry(item: unknown): item is LedgerEntry {
  const { id, kind, accounts = [] } = (typeof item === 'object' && item !== null ? item : {}) as Readonly<Record<string, unknown>>
  return isArmId(id) && typeof kind === 'string' && Object.hasOwn(KINDS, kind) && Array.isArray(accounts) && accounts.every(isArmId)
}

const isArmId = (value: unknown): value is ArmId => typeof value === 'string' && parseArmId(value) !== undefined

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const excerpt = (text: string): string => text.slice(0, LONGEST_EXCERPT)
