/**
 * Escapes what is not ASCII in the bundle: V8 keeps a source with any character above U+00FF at two bytes a character, which is 2.5 MB of
 * memory for some arrows and ellipses.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const FOLDER = path.join(import.meta.dirname, '../dist')

for (const name of readdirSync(FOLDER).filter((one) => one.endsWith('.js'))) {
  const file = path.join(FOLDER, name)
  const escaped = readFileSync(file, 'utf8').replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  writeFileSync(file, escaped)
}
