/** `npm run build`: the licences of the packages in the bundle, as `dist/licenses.txt`. Complete rather than short: all of production. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const ROOT = path.join(import.meta.dirname, '..')
const FILE = /^(?:licen[cs]e|notice|thirdpartynotices?)(?:[.-].*)?$/i

interface LockedPackage {
  readonly version: string
  readonly license?: string
  readonly dev?: boolean
  readonly optional?: boolean
}

const { packages } = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')) as { packages: Record<string, LockedPackage> }
const texts = Object.entries(packages)
  .filter(([folder, { dev, optional }]) => folder !== '' && !dev && !optional)
  .map(([folder, { version, license = 'see below' }]) => {
    const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length)
    const full = path.join(ROOT, folder)
    const files = readdirSync(full)
      .filter((file) => FILE.test(file))
      .toSorted()
    const text = files.map((file) => readFileSync(path.join(full, file), 'utf8').replaceAll('\r\n', '\n').trim())
    return [`${name} ${version} (${license})`, ...text].join('\n\n')
  })
writeFileSync(path.join(ROOT, 'dist/licenses.txt'), `${texts.toSorted().join(`\n\n${'-'.repeat(80)}\n\n`)}\n`)
