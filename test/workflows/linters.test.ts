/** Other people's linters: workflows, examples and the blocks of the README are clean, but for what their own files say. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { readmeWorkflows } from '../fixtures/readme-workflows.ts'
import { ROOT } from '../tools/generated.ts'
import { tool } from './tools.ts'

/** A repository with all of them as its workflows, and the two actions. */
let folder = ''
let workflows: readonly string[] = []

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'workflows-'))
  const target = path.join(folder, '.github/workflows')
  mkdirSync(path.join(folder, '.git'))
  for (const part of [
    'action.yml',
    '.github/actions',
    '.github/actionlint.yaml',
    '.github/zizmor.yml',
    '.github/dependabot.yml',
    '.github/workflows',
  ]) {
    cpSync(path.join(ROOT, part), path.join(folder, part), { recursive: true })
  }
  for (const name of readdirSync(path.join(ROOT, '.github/examples'))) {
    if (name.endsWith('.yml')) cpSync(path.join(ROOT, '.github/examples', name), path.join(target, `example-${name}`))
  }
  for (const [name, workflow] of readmeWorkflows()) writeFileSync(path.join(target, name), workflow)
  workflows = readdirSync(target).map((name) => path.join('.github/workflows', name))
  expect(workflows.length).toBeGreaterThan(10)
})

function lint(command: string, args: readonly string[]): { readonly status: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' })
  return { status, said: stdout + stderr }
}

const actionlint = tool('actionlint')
describe.skipIf(!actionlint)('actionlint (skipped where it is not installed)', () => {
  const check = (files: readonly string[]) => lint(actionlint ?? '', ['-no-color', '-shellcheck=', '-pyflakes=', ...files])

  test('has no complaint', () => {
    expect(check(workflows)).toEqual({ status: 0, said: '' })
  })

  test('would have one', () => {
    writeFileSync(path.join(folder, 'wrong.yml'), 'on: push\njobs:\n  a:\n    steps: []\n')
    expect(check(['wrong.yml']).status).toBe(1)
  })
})

const zizmor = tool('zizmor')
describe.skipIf(!zizmor)('zizmor, pedantic and offline (skipped where it is not installed)', () => {
  test('has no finding', () => {
    const { status, said } = lint(zizmor ?? '', ['--pedantic', '--offline', '--no-progress', '--quiet', '.'])
    expect(said).toContain('No findings')
    expect(status).toBe(0)
  })

  test('would have one', () => {
    writeFileSync(
      path.join(folder, 'wrong.yml'),
      'on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@main\n',
    )
    expect(lint(zizmor ?? '', ['--offline', '--quiet', 'wrong.yml']).status).not.toBe(0)
  })
})
