/** What the scripts do inside, with stand-ins for what they call. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { GENERALIZE } from '../../../src/image/generalize.ts'

const onLinux = process.platform === 'linux' ? describe : describe.skip

onLinux('Linux', () => {
  /** Runs the script where only these commands exist beside a shell; answers with what was called, in order. */
  const calls = (commands: Readonly<Record<string, number>>): readonly string[] => {
    const folder = mkdtempSync(path.join(tmpdir(), 'generalize-'))
    const log = path.join(folder, 'calls')
    writeFileSync(log, '')
    for (const [name, status] of Object.entries({ nohup: 0, ...commands })) {
      writeFileSync(path.join(folder, name), `#!/bin/sh\necho "${name} $*" >> ${log}\nexit ${status}\n`)
      chmodSync(path.join(folder, name), 0o755)
    }
    try {
      execFileSync('/bin/sh', ['-c', `${GENERALIZE.Linux}\nwait`], { env: { PATH: folder }, stdio: 'ignore' })
    } catch {
      return [...readFileSync(log, 'utf8').trim().split('\n'), 'failed']
    }
    return readFileSync(log, 'utf8').trim().split('\n')
  }

  test('cloud-init forgets the golden VM, the agent deprovisions, and what Run Command left is deleted', () => {
    expect(calls({ waagent: 0, 'cloud-init': 0 })).toEqual([
      'cloud-init clean --logs',
      'waagent -deprovision+user -force',
      expect.stringMatching(/^nohup setsid sh -c sleep \d+; rm -rf \/var\/lib\/waagent\/Microsoft\.CPlat\.Core\.RunCommand\*/),
    ])
  })

  test('without cloud-init the agent alone does', () => {
    expect(calls({ waagent: 0 })[0]).toBe('waagent -deprovision+user -force')
  })

  test.each([
    ['an agent that fails', { waagent: 3 }],
    ['no agent', {}],
  ])('%s fails the script, and nothing is deleted', (_, commands) => {
    const seen = calls(commands as Readonly<Record<string, number>>)
    expect(seen.at(-1)).toBe('failed')
    expect(seen.join()).not.toMatch(/rm -rf/)
  })
})

test('Windows: sysprep quotes its logs where it fails, and deletes what Run Command left where it does not', () => {
  const [failure, success] = [GENERALIZE.Windows.indexOf('throw'), GENERALIZE.Windows.indexOf('Microsoft.CPlat.Core')]
  expect(GENERALIZE.Windows.indexOf('setuperr.log')).toBeLessThan(failure)
  expect(success).toBeGreaterThan(failure)
})
