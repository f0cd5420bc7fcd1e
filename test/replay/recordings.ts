/** Recorded traffic of real Azure. It is no part of this repository: tests that need it are skipped without. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'

const FOLDER = path.join(import.meta.dirname, '../../../shared/azure-data/normalized')

export const RECORDINGS_ARE_HERE = existsSync(path.join(FOLDER, 'lro-flows.jsonl.gz'))
if (!RECORDINGS_ARE_HERE) console.warn('skipped: ../shared/azure-data is not here; nothing is replayed')

export interface Interaction {
  readonly src: string
  readonly i: number
  readonly method: string
  readonly status: number
  readonly url: string
  readonly resHeaders: Readonly<Record<string, string | readonly string[]>>
  readonly resBody: string
}

/** One long operation: how it was started, every poll, and the resource afterwards. */
export interface Flow {
  /** E.g. `microsoft.compute/snapshots/*`. */
  readonly type: string
  readonly start: Interaction
  readonly polls: readonly Interaction[]
  readonly final: Interaction | null
}

export const recordedFlows = (): readonly Flow[] => linesOf<Flow>('lro-flows.jsonl.gz')
export const recordedErrors = (): readonly Interaction[] => linesOf<Interaction>('errors.jsonl.gz')

function linesOf<T>(name: string): readonly T[] {
  if (!RECORDINGS_ARE_HERE) return []
  const text = gunzipSync(readFileSync(path.join(FOLDER, name))).toString()
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T)
}

/** Where it was found, for a failure's message. */
export const sourceOf = ({ src, i }: Interaction): string => `${src.slice(src.lastIndexOf('/') + 1)} #${i}`
