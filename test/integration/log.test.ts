/** The log, for someone who watches a run: phases as groups, progress that says how far, colours where they are shown. */
import { expect, test } from 'vitest'
import { loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import { again, azureOf, run } from '../fixtures/whole-runs.ts'

const ESCAPE = '\u001b['

test('phases are groups, progress says how many, how long and which resize; the last line says how it ended', async () => {
  const { log } = await run('capacity')
  const groups = [...log.matchAll(/^::group::(.+)$/gm)].map(([, name]) => name)
  expect(groups).toEqual(['observe', 'check', 'plan', 'capture', 'publish', 'pool', 'follow', 'verify', 'prune'])
  expect(log.match(/^::endgroup::$/gm)).toHaveLength(groups.length)
  expect(log).toMatch(/^render: 400\/900 nodes \(44 %\), \d+ min(?: \d+ s)?, resize 1 of 5/m)
  expect(log).toMatch(/^still waiting for .+, for \d+ min.* now, \d+ min/m)
  expect(
    log
      .trimEnd()
      .split('\n')
      .filter((line) => !line.startsWith('::'))
      .at(-1),
  ).toMatch(/^succeeded in .+: render 900\/900 healthy, image golden \d{4}\.\d{3,4}\.0$/)
  expect(log).not.toContain(ESCAPE)
})

test('colours on a runner, and none with NO_COLOR', async () => {
  const { inputs } = loadScenario('start-task-failed')
  const onRunner = async (env: Readonly<Record<string, string>>) =>
    (await again(await azureOf(loadScenario('start-task-failed')), inputs, { env: { GITHUB_ACTIONS: 'true', ...env } })).log
  const colored = await onRunner({})
  expect(colored).toContain(`${ESCAPE}32mrender: resize 1 ended with 10 dedicated nodes`)
  expect(colored).toMatch(/31mrender: 9\/10 healthy \(10 required\), idle 9, start task failed 1/)
  expect(colored).toMatch(/31mfailed in .+: render 9\/10 healthy/)
  // A command must begin its line.
  expect(colored).toMatch(/^::error title=/m)
  expect(await onRunner({ NO_COLOR: '1' })).not.toContain(ESCAPE)
})

test('a warning of the preflight stands in the log, under `check`', async () => {
  const { log } = await run('happy', { 'resize-timeout': '5m', 'target-dedicated-nodes': '500', mode: 'plan' })
  expect(log).toMatch(/^::group::check\n(?:.*\n)*?Warning: resize-timeout: .*5 min.*\n(?:.*\n)*?::endgroup::\n(?:.*\n)*?::group::plan$/m)
})

test('a password of the pool spec that Azure repeats does not get into the log', async () => {
  const password = 'correct-horse-battery'
  const spec = `userAccounts: [{ name: render, password: ${password} }]`
  const error = { code: 'AllocationFailed', message: `The user account with password ${password} was refused.` }
  const ran = await run('happy', { 'pool-spec': spec, 'max-resizes': '2' }, { resizes: [{ gain: 1, error }] })
  expect(ran.exitCode).toBe(1)
  expect(ran.log).toContain('password *** was refused')
  for (const text of [ran.log, ran.summary, ran.report, JSON.stringify(ran.outputs)]) expect(text).not.toContain(password)
})

test('what is sent to Azure is in the debug log', async () => {
  const { log } = await run('happy', { mode: 'plan' })
  expect(log).toMatch(/^::debug::.*GET .*virtualMachines\/golden/m)
})
