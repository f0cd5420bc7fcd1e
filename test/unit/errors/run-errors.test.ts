/** Failures of this action's own making, in the words that a user reads. */
import { describe, expect, test } from 'vitest'
import { explain } from '../../../src/errors/explanation.ts'
import { ScriptError, ScriptTimeoutError, WaitTimeoutError } from '../../../src/errors/run-errors.ts'

describe('a script', () => {
  test.each([
    ['Script failed in the VM', 'apt-get: command not found', /^Correct the script/],
    ['Sysprep failed in the VM', 'SYSPRP Sysprep will not run on an upgraded OS.', /upgraded/],
  ])('%s', (title, printed, hint) => {
    const explanation = explain(new ScriptError({ vm: 'golden', status: 1, printed }))
    expect(explanation.title).toBe(title)
    expect(explanation.hint).toMatch(hint)
    expect(explanation.message).toContain(printed)
  })

  test.each([
    ['Linux', false, /allows/],
    ['Windows', true, /another run command/],
  ] as const)('that hangs on %s: its extension has to go first', (osType, isBusy, message) => {
    const explanation = explain(new ScriptTimeoutError({ vm: 'golden', osType, limit: '90 min', isBusy }))
    expect(explanation.message).toMatch(message)
    expect(explanation.hint).toContain(`RemoveRunCommand${osType}Extension`)
    expect(explanation.hint).not.toMatch(/run again/i)
  })
})

test('a run whose time is over says what it waited for, once', () => {
  const { title, message } = explain(new WaitTimeoutError({ limit: '2 h', waitingFor: 'image version 1.2.3', input: 'timeout' }))
  expect(title).toBe('Timed out waiting for image version 1.2.3')
  expect(message).toBe('the run took longer than 2 h')
})
