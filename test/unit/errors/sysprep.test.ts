import { expect, test } from 'vitest'
import { sysprepCause } from '../../../src/errors/sysprep.ts'

test.each<[string, string, RegExp]>([
  ['a Store app', 'SYSPRP Package Contoso.App_1.0 was installed for a user, but not provisioned for all users.', /Remove-AppxPackage/],
  ['BitLocker', 'setupact.log: SYSPRP BitLocker-Sysprep: BitLocker is on for the OS volume. (0x80310039)', /manage-bde -off/],
  [
    'updates',
    'setuperr.log: Sysprep_Clean_Validate_Opk: Audit mode cannot be turned on if there is an active scenario. hr = 0x800F0975',
    /[Uu]pdates/,
  ],
  ['an upgraded system', 'SYSPRP Sysprep will not run on an upgraded OS.', /upgraded/],
  ['too often', 'SYSPRP LaunchDll: Failure occurred: rearm count; error 0xc004d307', /SkipRearm/],
  ['for a reason not known', 'setuperr.log: SYSPRP something else', /setuperr\.log and setupact\.log/],
])('%s', (_, printed, hint) => {
  expect(sysprepCause(printed)?.hint).toMatch(hint)
})

test('the output of another script has no cause of Sysprep', () => {
  expect(sysprepCause('apt-get: command not found')).toBeUndefined()
})
