/** Gathers what the matrices left into one table: `out/trust.md`. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Outcome } from './matrix.ts'

const OUT = path.join(import.meta.dirname, '../../out')
const FOLDER = path.join(OUT, 'trust')

export async function setup(): Promise<void> {
  await rm(FOLDER, { recursive: true, force: true })
  await mkdir(FOLDER, { recursive: true })
}

export async function teardown(): Promise<void> {
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.json')).sort()
  const outcomes = await Promise.all(files.map(async (name) => JSON.parse(await readFile(path.join(FOLDER, name), 'utf8')) as Outcome))
  const rows = outcomes.map(
    ({ matrix, flow, all, run, held, seconds }) => `| ${matrix} | ${flow} | ${all} | ${run} | ${held} | ${seconds} |`,
  )
  const broken = outcomes.flatMap(({ matrix, flow, broken: lines }) => lines.map((line) => `- ${matrix}, ${flow}: ${line}`))
  const table = ['| Matrix | Of | Cases | Run | Held | Seconds |', '|---|---|---:|---:|---:|---:|', ...rows].join('\n')
  await writeFile(
    path.join(OUT, 'trust.md'),
    `# Trust matrices\n\n${table}\n${broken.length > 0 ? `\n## Broken\n\n${broken.join('\n')}\n` : ''}`,
  )
  console.log(table)
}
