/** A run of the committed bundle that tells its peak of resident memory too. */
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { type ActionRun, runAction } from '../azure/run-action.ts'
import type { EmbeddedAzure } from '../azure/server.ts'

export async function runMeasured(
  azure: EmbeddedAzure,
  inputs: Readonly<Record<string, string>>,
): Promise<ActionRun & { readonly peakMiB: number }> {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'peak-')), 'kib')
  const preloads = ['clock-preload.mjs', 'peak-memory.mjs'].map(
    (name) => `--import=${pathToFileURL(path.join(import.meta.dirname, '../azure', name))}`,
  )
  const run = await runAction({ azure, inputs, env: { NODE_OPTIONS: preloads.join(' '), PEAK_MEMORY_FILE: file } })
  return { ...run, peakMiB: Math.round(Number(await readFile(file, 'utf8')) / 1_024) }
}
