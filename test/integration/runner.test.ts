/** Other people's runners: files that cannot be written, old runners without files, folders with unusual names. */
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { loadScenario } from '../azure/scenario.ts'
import { again, annotations, azureOf, type Ran } from './embedded.ts'

const { inputs, ...scenario } = loadScenario('happy')
const NOWHERE = path.join(tmpdir(), 'there-is-no-such-folder', 'file')
const warnings = ({ log }: Ran) => log.split('\n').filter((line) => line.startsWith('::warning'))

const onRunner = async (env: Record<string, string>, entry?: string): Promise<Ran> =>
  again(await azureOf({ ...scenario, inputs }), inputs, { env, ...(entry && { entry }) })

test.each([
  ['its temporary folder', 'RUNNER_TEMP', 'No JSON report'],
  ['its summary file', 'GITHUB_STEP_SUMMARY', 'No job summary'],
  ['its output file', 'GITHUB_OUTPUT', 'No outputs'],
])('a runner without %s: a warning, and green as the nodes are', async (_, variable, title) => {
  const ran = await onRunner({ [variable]: NOWHERE })
  expect({ exitCode: ran.exitCode, errors: annotations(ran) }).toEqual({ exitCode: 0, errors: [] })
  expect(warnings(ran)).toEqual([
    expect.stringMatching(`^::warning title=${title}::The runner's file cannot be written: .*there-is-no-such-folder`),
  ])
  expect(ran.outputs.result).toBe(variable === 'GITHUB_OUTPUT' ? undefined : 'succeeded')
  expect(ran.summary.includes('10 of 10')).toBe(variable !== 'GITHUB_STEP_SUMMARY')
  expect(ran.outputs.report === '').toBe(variable === 'RUNNER_TEMP')
})

test('a runner that keeps no state: red at once, for nothing could be put right after the end', async () => {
  const ran = await onRunner({ GITHUB_STATE: NOWHERE })
  expect(ran.exitCode).toBe(1)
  expect(annotations(ran)).toEqual([expect.stringContaining('there-is-no-such-folder')])
  expect(ran.azure.exchanges.filter(({ plane }) => plane === 'arm' || plane === 'batch')).toEqual([])
  expect(ran.log).not.toContain('Node.js v')
})

test('a runner that stops reading the log: the run goes on, and its files tell how it ended', async () => {
  const gone = new AbortController()
  const ran = await again(await azureOf({ ...scenario, inputs }), inputs, { hangUp: gone.signal, onLine: () => gone.abort() })
  expect({ exitCode: ran.exitCode, result: ran.outputs.result }).toEqual({ exitCode: 0, result: 'succeeded' })
  expect(ran.summary).toContain('10 of 10')
})

test('a runner that is older than files for outputs and state gets commands', async () => {
  const ran = await onRunner({ GITHUB_OUTPUT: '', GITHUB_STATE: '' })
  expect({ exitCode: ran.exitCode, errors: annotations(ran) }).toEqual({ exitCode: 0, errors: [] })
  expect(ran.log).toContain('::set-output name=result::succeeded')
})

test.each([
  ['white space and letters beyond ASCII', 'Läufer 1 – ü'],
  ['what a URL would escape', '100%25 #a?b'],
])('an action in a folder whose name has %s', async (_, name) => {
  const folder = await mkdtemp(path.join(tmpdir(), `${name}-`))
  try {
    await cp(path.join(import.meta.dirname, '../../dist'), folder, { recursive: true })
    const ran = await onRunner({ RUNNER_TEMP: folder }, path.join(folder, 'index.js'))
    expect({ exitCode: ran.exitCode, errors: annotations(ran) }).toEqual({ exitCode: 0, errors: [] })
  } finally {
    await rm(folder, { recursive: true })
  }
})
