/** Names and version numbers of what this action creates. */
import type { RunContext } from '../run/runner.ts'

/** Deterministic, ending in the disk, so that a run finds what an interrupted one left. */
export function snapshotName(image: string, version: string, disk: 'os' | number): string {
  const ending = `-${version}-${disk === 'os' ? 'os' : `lun${disk}`}`
  return `${image.slice(0, 80 - ending.length)}${ending}`
}

/** The name of a throw-away VM, different in every job; VM names have at most 64 characters. */
export function copyName(image: string, version: string, { runId, nonce }: Pick<RunContext, 'runId' | 'nonce'>): string {
  const ending = `-${version}-copy${runId && `-${runId}`}-${nonce}`
  return `${image.slice(0, Math.max(0, 60 - ending.length))}${ending}`
}

/** A managed image is named after its version: a pool needs one of its own for its whole life. */
export function managedImageName(image: string, version: string, pool?: string): string {
  const ending = `-${version}${pool === undefined ? '' : `-${pool}`}`
  return `${image.slice(0, 80 - ending.length)}${ending}`
}

/** `auto`: UTC date and the next free counter, e.g. `2026.1123.0`. */
export function nextVersion(now: Date, taken: readonly string[]): string {
  const prefix = `${now.getUTCFullYear()}.${(now.getUTCMonth() + 1) * 100 + now.getUTCDate()}.`
  const counters = taken.filter((name) => name.startsWith(prefix)).map((name) => Number(name.slice(prefix.length)))
  return `${prefix}${Math.max(-1, ...counters.filter(Number.isInteger)) + 1}`
}

/** Newest first, by number, not by text. */
export function byVersionDescending(one: { readonly name: string }, other: { readonly name: string }): number {
  const [a, b] = [one, other].map(({ name }) => name.split('.').map(Number))
  for (const index of [0, 1, 2]) {
    const difference = (b?.[index] ?? 0) - (a?.[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
