/** Every package that may be in the bundle is named in `dist/licenses.txt` with its licence; second copies of another version, too. */
import { expect, test } from 'vitest'
import { read } from '../tools/generated.ts'

interface Locked {
  readonly version: string
  readonly license?: string
  readonly dev?: boolean
  readonly optional?: boolean
}

const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> }
const production = Object.entries(packages).filter(([folder, { dev, optional }]) => folder !== '' && !dev && !optional)
const nameOf = (folder: string): string => folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length)
const entries = new Map(
  read('dist/licenses.txt')
    .split(`\n\n${'-'.repeat(80)}\n\n`)
    .map((entry) => {
      const [head = '', ...rest] = entry.split('\n')
      return [/^\S+ \S+/.exec(head)?.[0] ?? '', rest.join('\n')] as const
    }),
)

test('each has an entry of its own version, with the text', () => {
  const wanted = production.map(([folder, { version }]) => `${nameOf(folder)} ${version}`)
  expect(wanted.length).toBeGreaterThan(20)
  expect(wanted.filter((name) => !/permission|licen[cs]e/i.test(entries.get(name) ?? ''))).toEqual([])
})

test('each allows what is done here with it', () => {
  const allowed = /^(?:MIT|ISC|0BSD|BSD-[23]-Clause|Apache-2\.0|BlueOak-1\.0\.0|Python-2\.0)$/
  expect(production.filter(([, { license }]) => !allowed.test(license ?? '')).map(([folder]) => folder)).toEqual([])
})
