/** Other people's runners: files that cannot be written, old runners without files, folders with unusual names. */
import { rmSync } from 'node:fs'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import { again, annotations, azureOf, type Ran } from '../fixtures/whole-runs.ts'

const { inputs, ...scenario } = loadScenario('happy')
const NOWHERE = path.join(tmpdir(), 'there-is-no-such-folder', 'file')
const warnings = ({ log }: Ran) => log.split('\n').filter((line) => line.startsWith('::warning'))

const onRunner = async (env: Record<string, string>, entry?: string): Promise<Ran> =>
  again(await azureOf({ ...scenario, inputs }), inputs, { env, ...(entry && { entry }) })

test('a runner that names no temporary folder: the report is in that of the machine, not in the checkout', async () => {
  const ran = await onRunner({ RUNNER_TEMP: '' })
  expect(path.dirname(ran.outputs.report ?? '')).toBe(tmpdir())
  await rm(ran.outputs.report ?? '')
})

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

test.each([
  ['absent', NOWHERE],
  ['full', '/dev/full'],
])('a runner whose state file is %s: a warning before the first write says what post cannot do, and the run continues', async (_, file) => {
  const ran = await onRunner({ GITHUB_STATE: file })
  expect({ exitCode: ran.exitCode, errors: annotations(ran) }).toEqual({ exitCode: 0, errors: [] })
  expect(warnings(ran)).toHaveLength(1)
  expect(warnings(ran)[0]).toMatch(/^::warning title=No cleanup if this run is cut off::.*GITHUB_STATE.*will not start a VM again/)
  const firstWrite = ran.log.search(/^::debug::PUT https:/m)
  expect(firstWrite).toBeGreaterThan(ran.log.indexOf('::warning'))
})

test('a runner whose state file goes away meanwhile: a warning, and the run continues', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'state-'))
  const file = path.join(folder, 'state')
  await writeFile(file, '')
  const onLine = (text: string) => text.includes('::group::capture') && rmSync(folder, { recursive: true, force: true })
  const ran = await again(await azureOf({ ...scenario, inputs }), inputs, { env: { GITHUB_STATE: file }, onLine })
  expect({ exitCode: ran.exitCode, errors: annotations(ran), warnings: warnings(ran).length }).toEqual({
    exitCode: 0,
    errors: [],
    warnings: 1,
  })
})

test('what starts after the job is never a second run, even where no state was kept', async () => {
  const azure = await azureOf({ ...scenario, inputs })
  const ran = await again(azure, inputs, { entry: path.join(import.meta.dirname, '../../dist/post.js'), state: {} })
  expect({ exitCode: ran.exitCode, asked: azure.exchanges.length, log: ran.log }).toEqual({ exitCode: 0, asked: 0, log: '' })
})

test('a runner whose session ends (SIGHUP): cancelled, with a summary, as by SIGTERM', async () => {
  const gone = new AbortController()
  const onLine = (text: string) => text.includes('::group::publish') && gone.abort()
  const ran = await again(await azureOf({ ...scenario, inputs }), inputs, { logOff: gone.signal, onLine })
  expect({ exitCode: ran.exitCode, result: ran.outputs.result }).toEqual({ exitCode: 1, result: 'cancelled' })
  expect(ran.summary).toContain('SIGHUP')
})

test('a runner that stops reading the log: the run continues, and its files say how it ended', async () => {
  const gone = new AbortController()
  const ran = await again(await azureOf({ ...scenario, inputs }), inputs, { hangUp: gone.signal, onLine: () => gone.abort() })
  expect({ exitCode: ran.exitCode, result: ran.outputs.result }).toEqual({ exitCode: 0, result: 'succeeded' })
  expect(ran.summary).toContain('10 of 10')
})

test('a runner whose token address is not a URL: reported as a failed sign-in', async () => {
  const ran = await onRunner({ ACTIONS_ID_TOKEN_REQUEST_URL: 'https://[' })
  expect(ran.exitCode).toBe(1)
  expect(annotations(ran)).toEqual([expect.stringMatching(/^::error title=Azure sign-in failed::/)])
  expect(ran.outputs.result).toBe('failed')
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
