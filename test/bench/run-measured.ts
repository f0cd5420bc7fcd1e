/** A run of the committed bundle that tells its peak of resident memory too. */
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { type ActionRun, runAction } from '../tools/run-action.ts'

const PEAK_MEMORY = path.join(import.meta.dirname, '../tools/peak-memory.cjs')

export async function runMeasured(
  azure: EmbeddedAzure,
  inputs: Readonly<Record<string, string>>,
): Promise<ActionRun & { readonly peakMiB: number }> {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'peak-')), 'kib')
  const run = await runAction({ azure, inputs, preload: PEAK_MEMORY, env: { PEAK_MEMORY_FILE: file } })
  return { ...run, peakMiB: Math.round(Number(await readFile(file, 'utf8')) / 1_024) }
}
