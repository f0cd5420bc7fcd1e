/** Failures of this action's own making, in the words that a user reads. */
import { describe, expect, test } from 'vitest'
import { trusted } from '../../../src/azure/failure.ts'
import { explain } from '../../../src/errors/explanation.ts'
import { ScriptError, ScriptTimeoutError, WaitTimeoutError } from '../../../src/errors/run-errors.ts'

describe('a script', () => {
  test.each<[string, string, RegExp, RegExp]>([
    ['of its own', 'apt-get: command not found', /^Script failed/, /^Correct the script/],
    [
      'Sysprep, a Store app',
      'SYSPRP Package Contoso.App_1.0 was installed for a user, but not provisioned for all users.',
      /^Sysprep failed/,
      /Remove-AppxPackage/,
    ],
    [
      'Sysprep, BitLocker',
      'setupact.log: SYSPRP BitLocker-Sysprep: BitLocker is on for the OS volume. (0x80310039)',
      /^Sysprep failed/,
      /manage-bde -off/,
    ],
    [
      'Sysprep, updates',
      'setuperr.log: Sysprep_Clean_Validate_Opk: Audit mode cannot be turned on if there is an active scenario. hr = 0x800F0975',
      /^Sysprep failed/,
      /[Uu]pdates/,
    ],
    ['Sysprep, an upgraded system', 'SYSPRP Sysprep will not run on an upgraded OS.', /^Sysprep failed/, /upgraded/],
    ['Sysprep, too often', 'SYSPRP LaunchDll: Failure occurred: rearm count; error 0xc004d307', /^Sysprep failed/, /SkipRearm/],
    ['Sysprep, for a reason not known', 'setuperr.log: SYSPRP something else', /^Sysprep failed/, /setuperr\.log and setupact\.log/],
  ])('%s', (_, printed, title, hint) => {
    const told = explain(new ScriptError({ vm: 'golden', status: 1, printed }))
    expect(told.title).toMatch(title)
    expect(told.hint).toMatch(hint)
    expect(told.message).toContain(printed)
  })

  test.each([
    ['Linux', false, /allows/],
    ['Windows', true, /another run command/],
  ] as const)('that hangs on %s: its extension has to go first', (osType, isBusy, message) => {
    const told = explain(new ScriptTimeoutError({ vm: 'golden', osType, limit: '90 min', isBusy }))
    expect(told.message).toMatch(message)
    expect(told.hint).toContain(`RemoveRunCommand${osType}Extension`)
    expect(told.hint).not.toMatch(/run again/i)
  })
})

test('a run whose time is over says what it waited for, once', () => {
  const { title, message } = explain(new WaitTimeoutError({ limit: '2 h', waitingFor: 'image version 1.2.3', input: 'timeout' }))
  expect(title).toBe('Timed out waiting for image version 1.2.3')
  expect(message).toBe('the run took longer than 2 h')
})

test.each([
  ['https://evil.example/page', 'https://evil.example'],
  ['http://management.azure.com/page', 'http://management.azure.com'],
  ['https://management.azure.com@evil.example/page', 'https://evil.example'],
  ['https://', 'no address at all'],
])('a link to %s is no unexpected error', (url, found) => {
  const thrown = (() => {
    try {
      return trusted(url, 'https://management.azure.com', 'the next page')
    } catch (error) {
      return error
    }
  })()
  const told = explain(thrown)
  expect(told.title).toBe('Azure sent a link to another host')
  expect(told.message).toBe(`the URL of the next page leads to another host: ${found} instead of https://management.azure.com`)
})
