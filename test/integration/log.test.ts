/** The log, for someone who watches a run: phases as groups, progress that says how far, colours where they are shown. */
import { expect, test } from 'vitest'
import { loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import { again, azureOf, run } from '../fixtures/whole-runs.ts'

const ESCAPE = '\u001b['

/** Lines that a reader sees who opens no group. */
function unfolded(log: string): readonly string[] {
  return log
    .replace(/^::group::.*\n(?:.*\n)*?::endgroup::\n/gm, '')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('::'))
}

test('who opens no group sees how each phase ended, the plan, and how the run ended', async () => {
  const { log } = await run('capacity')
  const lines = unfolded(log)
  const outcomes = lines.flatMap((line) => /^✓ (\w+) took \d+ \w+/.exec(line)?.[1] ?? [])
  expect(outcomes).toEqual(['observe', 'check', 'plan', 'capture', 'publish', 'pool', 'follow', 'verify', 'prune'])
  expect(lines).toContainEqual(expect.stringMatching(/^✓ check took .*: \d+ checks passed$/))
  expect(lines).toContainEqual(expect.stringMatching(/^✓ plan took .*: 7 changes$/))
  expect(lines).toContain('  create gallery "images": it does not exist')
  expect(lines).toContain('  create pool "render": 900 dedicated nodes')
  expect(lines).toContainEqual(expect.stringMatching(/^✓ capture took .*: .*3 snapshots created/))
  expect(lines).toContainEqual(expect.stringMatching(/^✓ follow took .*pool render has 900 dedicated nodes after resize 3/))
  expect(lines).toContainEqual(expect.stringMatching(/^✓ verify took .*: 900 of 900 nodes of pool render healthy$/))
  expect(lines.at(-1)).toMatch(/^succeeded, the run took .+: render 900\/900 healthy, image golden \d{4}\.\d{3,4}\.0$/)
})

test('what happens in a phase is folded; progress says how far, and every duration what it is of', async () => {
  const { log } = await run('capacity')
  expect(log.match(/^::group::/gm)?.length).toBe(log.match(/^::endgroup::$/gm)?.length)
  expect(log).not.toMatch(/^::group::.*\n::endgroup::$/m)
  expect(log).toMatch(/^render: 400\/900 nodes \(44 %\), \d+ min(?: \d+ s)? into resize 1/m)
  expect(log).toMatch(/^still waiting for .+; waiting for \d+ min.*, nothing new for \d+ min/m)
  expect(log).toMatch(
    /^Warning: render: resize 1 ended after \d+ min.* with 400 dedicated nodes \(400 more\); AllocationTimedout \(tried again\)/m,
  )
  expect(log).not.toContain(ESCAPE)
})

test('a run that is cancelled leaves no group open', async () => {
  const cancel = new AbortController()
  const onLine = (text: string) => {
    if (text.includes('creating image version')) cancel.abort()
  }
  const { log } = await again(await azureOf(loadScenario('happy')), loadScenario('happy').inputs, { interrupt: cancel.signal, onLine })
  expect(log.match(/^::group::/gm)?.length).toBe(log.match(/^::endgroup::$/gm)?.length)
  expect(unfolded(log).at(-1)).toMatch(/^cancelled, the run took/)
})

test('colours on a runner, and none with NO_COLOR', async () => {
  const { inputs } = loadScenario('start-task-failed')
  const onRunner = async (env: Readonly<Record<string, string>>) =>
    (await again(await azureOf(loadScenario('start-task-failed')), inputs, { env: { GITHUB_ACTIONS: 'true', ...env } })).log
  const colored = await onRunner({})
  expect(colored).toMatch(/32mrender: resize 1 ended after \d+ .* with 10 dedicated nodes/)
  expect(colored).toMatch(/31mrender: 9\/10 healthy \(10 required\), idle 9, start task failed 1/)
  expect(colored).toMatch(/31mfailed, the run took .+: render 9\/10 healthy/)
  // A command must begin its line.
  expect(colored).toMatch(/^::error title=/m)
  expect(await onRunner({ NO_COLOR: '1' })).not.toContain(ESCAPE)
})

test('a warning of the preflight stands in the log, under `check`', async () => {
  const { log } = await run('happy', { 'resize-timeout': '5m', 'target-dedicated-nodes': '500', mode: 'plan' })
  expect(log).toMatch(/^::group::check\n(?:.*\n)*?Warning: Resize timeout is short \(resize-timeout\): .*5 min.*\n(?:.*\n)*?::endgroup::$/m)
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
