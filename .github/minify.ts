/**
 * `npm run build`: the bundle made small. ncc minifies its main file only, not the parts that are loaded later. Class names stay, for
 * errors tell them. ASCII only: V8 keeps a source with any character above U+00FF at two bytes a character.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { minify } from 'terser'

const FOLDER = path.join(import.meta.dirname, '../dist')

for (const name of readdirSync(FOLDER).filter((one) => one.endsWith('.js'))) {
  const file = path.join(FOLDER, name)
  const { code = '' } = await minify(readFileSync(file, 'utf8'), {
    module: true,
    keep_classnames: true,
    format: { ascii_only: true, comments: false },
  })
  writeFileSync(file, `${code}\n`)
}
