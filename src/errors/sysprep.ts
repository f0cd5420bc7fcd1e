/** Pure: why Sysprep failed, according to its logs `setuperr.log` and `setupact.log`. */
import type { Advice } from './explanation.ts'

const SYSPREP =
  'https://learn.microsoft.com/troubleshoot/windows-client/setup-upgrade-and-drivers/sysprep-fails-remove-or-update-store-apps'
const GENERALIZING = 'https://learn.microsoft.com/azure/virtual-machines/generalize#windows'
const KNOWN_PROBLEMS = 'https://learn.microsoft.com/windows-hardware/manufacture/desktop/sysprep--generalize--a-windows-installation'

/** Looked at in order. */
const CAUSES: readonly { readonly matches: RegExp; readonly advice: Advice }[] = [
  {
    matches: /was installed for a user, but not provisioned for all users|0x80073cf2/i,
    advice: {
      hint: 'Store apps were installed for one user only: the log names the package. Remove it in the golden VM (Remove-AppxPackage -AllUsers), then run again.',
      link: SYSPREP,
    },
  },
  {
    matches: /BitLocker|0x80310039/i,
    advice: {
      hint: 'Sysprep refuses a system whose drive BitLocker encrypts: turn BitLocker off in the golden VM (manage-bde -off C:), wait until it is decrypted, then run again.',
      link: KNOWN_PROBLEMS,
    },
  },
  {
    matches:
      /reserve manager|reserved storage|updates? .*(?:pending|in progress|being installed)|pending reboot|restart is pending|0x800f0975|0x80073b92/i,
    advice: {
      hint: 'Updates are being installed or wait for a restart: restart the golden VM until none are left, then run again.',
      link: KNOWN_PROBLEMS,
    },
  },
  {
    matches: /upgraded (?:OS|operating system)|UpgradedOS|0x80073cf3/i,
    advice: {
      hint: 'Sysprep does not generalize a system that was upgraded from an older Windows: make the golden VM from an image of the newer one.',
      link: KNOWN_PROBLEMS,
    },
  },
  {
    matches: /rearm|0xc004d307|licensing/i,
    advice: {
      hint: 'Windows was generalized too often: start from a fresh image, or set SkipRearm=1 below HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\SoftwareProtectionPlatform.',
      link: KNOWN_PROBLEMS,
    },
  },
  {
    matches: /audit mode|already (?:been )?running|another instance of sysprep|0x8030000b/i,
    advice: { hint: 'Another Sysprep was running or had stopped half-way: restart the golden VM, then run again.', link: KNOWN_PROBLEMS },
  },
  {
    matches: /domain controller|server role|not supported by sysprep/i,
    advice: { hint: 'A server role in the golden VM does not survive Sysprep: remove it.', link: GENERALIZING },
  },
]

const UNKNOWN: Advice = {
  hint: 'The lines of setuperr.log and setupact.log above say why; usual causes are Store apps of one user, pending updates, BitLocker, an upgraded Windows, and too many generalizations.',
  link: GENERALIZING,
}

/** What to do where the output of a script is that of a failed Sysprep; `undefined` where it is something else. */
export function sysprepCause(printed: string): Advice | undefined {
  if (!/sysprep|setuperr\.log|setupact\.log|SYSPRP/i.test(printed)) return undefined
  return CAUSES.find(({ matches }) => matches.test(printed))?.advice ?? UNKNOWN
}
