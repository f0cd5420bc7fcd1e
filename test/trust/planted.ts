/** Bugs planted into a copy of the compiled action: a matrix that does not notice them proves nothing. */
import { spawn } from 'node:child_process'
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'

const ROOT = path.join(import.meta.dirname, '../..')

export interface Bug {
  readonly name: string
  readonly changes: readonly {
    /** A compiled module, e.g. `image/copy.js`. */
    readonly file: string
    readonly from: string
    readonly to: string
  }[]
}

/** @returns the entry of the copy. @throws Error where the code to change is not there exactly once. */
export async function plant({ name, changes }: Bug): Promise<string> {
  const folder = path.join(ROOT, 'out', `planted-${name.replace(/\W+/g, '-')}`)
  await rm(folder, { recursive: true, force: true })
  await linkPackages()
  await cp(path.join(ROOT, 'lib'), folder, { recursive: true })
  for (const { file, from, to } of changes) {
    const module = path.join(folder, file)
    const code = await readFile(module, 'utf8')
    if (code.split(from).length !== 2) throw new Error(`${file} has ${code.split(from).length - 1} places like: ${from}`)
    await writeFile(
      module,
      code.replace(from, () => to),
    )
  }
  return path.join(folder, 'index.js')
}

/** Some modules import files of packages by their place beside `lib`. */
async function linkPackages(): Promise<void> {
  const link = path.join(ROOT, 'out/node_modules')
  await mkdir(path.dirname(link), { recursive: true })
  await symlink(path.join(ROOT, 'node_modules'), link, 'junction').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
}

/** The copy without any bug. */
export const SOUND: Bug = { name: 'nothing', changes: [] }

export interface Tried {
  readonly passed: number
  readonly failed: number
  readonly log: string
}

const VITEST = path.join(ROOT, 'node_modules/vitest/vitest.mjs')

/** The tests of a file of whole runs whose names have `tests` in them, with another action than the committed one. */
export async function runTests({ file, tests }: { readonly file: string; readonly tests: string }, entry: string): Promise<Tried> {
  const results = path.join(path.dirname(entry), 'tests.json')
  const name = tests.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const args = [VITEST, 'run', `test/integration/${file}.test.ts`, '-t', name, '--reporter=json', `--outputFile=${results}`]
  const child = spawn(process.execPath, args, { cwd: ROOT, env: { ...process.env, ACTION_ENTRY: entry }, stdio: 'ignore' })
  await new Promise((resolve) => child.once('close', resolve))
  const log = await readFile(results, 'utf8')
  const { numPassedTests, numFailedTests } = JSON.parse(log)
  return { passed: numPassedTests, failed: numFailedTests, log }
}
