/** `npm run build`: the licences of the packages in the bundle, as `dist/licenses.txt`. Complete rather than short: all of production. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const ROOT = path.join(import.meta.dirname, '..')
const FILE = /^(?:licen[cs]e|notice|thirdpartynotices?)(?:[.-].*)?$/i

/** Of a package that says that it is MIT and brings no text. https://spdx.org/licenses/MIT.html */
const MIT = (author: string): string =>
  `MIT License\n\nCopyright (c) ${author}\n\n${readFileSync(path.join(ROOT, 'LICENSE'), 'utf8')
    .replace(/^[\s\S]*?(?=Permission is hereby)/, '')
    .trim()}`

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
    const own = files.map((file) => readFileSync(path.join(full, file), 'utf8').replaceAll('\r\n', '\n').trim())
    const { author } = JSON.parse(readFileSync(path.join(full, 'package.json'), 'utf8')) as { author?: string | { name: string } }
    const text =
      own.length === 0 && license === 'MIT' ? [MIT(typeof author === 'object' ? author.name : (author ?? `the authors of ${name}`))] : own
    return [`${name} ${version} (${license})`, ...text].join('\n\n')
  })
writeFileSync(path.join(ROOT, 'dist/licenses.txt'), `${texts.toSorted().join(`\n\n${'-'.repeat(80)}\n\n`)}\n`)
