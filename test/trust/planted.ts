/** Bugs planted into a copy of the compiled action: a matrix that does not notice them proves nothing. */
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
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
