/** A run of the committed bundle that tells its peak of resident memory too. */
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { type ActionRun, runAction } from '../tools/run-action.ts'

export async function runMeasured(
  azure: EmbeddedAzure,
  inputs: Readonly<Record<string, string>>,
): Promise<ActionRun & { readonly peakMiB: number }> {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'peak-')), 'kib')
  const preloads = ['embedded-azure/clock/clock-preload.mjs', 'tools/peak-memory.mjs'].map(
    (name) => `--import=${pathToFileURL(path.join(import.meta.dirname, '..', name))}`,
  )
  const run = await runAction({ azure, inputs, env: { NODE_OPTIONS: preloads.join(' '), PEAK_MEMORY_FILE: file } })
  return { ...run, peakMiB: Math.round(Number(await readFile(file, 'utf8')) / 1_024) }
}
