/** Pure: the scripts that generalize a system from inside, and what mostly stands in their way. */
import { ActionError } from '../errors/explanation.ts'
import type { OsType } from '../model/compute.ts'

/** Seconds after its end that a script gives Run Command to report it, before what Run Command installed is deleted. */
const REPORT_S = 10

/** How long to wait after the script until nothing of Run Command is left inside. */
export const SETTLE_MS = 2 * REPORT_S * 1_000

/**
 * Run Command installs a handler of its own, which nodes must not find: it is deleted once it has reported.
 * https://learn.microsoft.com/azure/virtual-machines/extensions/features-linux
 */
const LINUX = [
  'set -e',
  // Without it, instances would keep what cloud-init remembers of the golden VM. https://docs.cloud-init.io/en/latest/reference/cli.html#clean
  'if command -v cloud-init >/dev/null 2>&1; then cloud-init clean --logs; fi',
  'waagent -deprovision+user -force',
  `nohup setsid sh -c 'sleep ${REPORT_S}; rm -rf /var/lib/waagent/Microsoft.CPlat.Core.RunCommand* /var/lib/waagent/run-command' >/dev/null 2>&1 &`,
].join('\n')

/** https://learn.microsoft.com/windows-hardware/manufacture/desktop/deployment-troubleshooting-and-log-files */
const WINDOWS = [
  '$sysprep = "$env:SystemRoot\\System32\\Sysprep"',
  'Remove-Item -Recurse -Force "$env:SystemRoot\\Panther", "$sysprep\\Panther" -ErrorAction SilentlyContinue',
  'Start-Process -Wait -FilePath "$sysprep\\Sysprep.exe" -ArgumentList "/oobe","/generalize","/mode:vm","/quit"',
  "$state = (Get-ItemProperty 'HKLM:\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Setup\\State').ImageState",
  "if ($state -ne 'IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE') {",
  '  foreach ($log in "setuperr.log", "setupact.log") {',
  '    Write-Output "== $log"',
  '    Get-Content "$sysprep\\Panther\\$log" -Tail 15 -ErrorAction SilentlyContinue',
  '  }',
  '  throw "sysprep ended in state $state"',
  '}',
  `$clean = 'Start-Sleep ${REPORT_S}; Remove-Item -Recurse -Force C:\\Packages\\Plugins\\Microsoft.CPlat.Core.RunCommand* -ErrorAction SilentlyContinue'`,
  'Start-Process powershell.exe -WindowStyle Hidden -ArgumentList "-NoProfile", "-Command", $clean',
].join('\n')

/** https://learn.microsoft.com/azure/virtual-machines/generalize */
export const GENERALIZE: Readonly<Record<OsType, string>> = { Linux: LINUX, Windows: WINDOWS }

/** https://learn.microsoft.com/troubleshoot/windows-client/setup-upgrade-and-drivers/sysprep-fails-remove-or-update-store-apps */
const USUAL_CAUSES: Readonly<Record<OsType, string>> = {
  Windows:
    'The lines of setuperr.log and setupact.log say why. Mostly it is an app of the Store that was installed or updated for one user only (remove it for all users), a restart that updates are waiting for, BitLocker, a server role that sysprep does not support, or a system that was upgraded from an earlier Windows.',
  Linux: 'The Azure Linux Agent (waagent) has to be installed, and the disk needs room for it to write.',
}

/** The script that generalizes a copy failed inside it. */
export class GeneralizationError extends ActionError {
  constructor(vm: string, osType: OsType, { message }: Error) {
    super({
      title: osType === 'Windows' ? 'Sysprep failed' : 'Deprovisioning failed',
      message: `the copy ${vm} could not be generalized: ${message}`,
      hint: `${USUAL_CAUSES[osType]} Correct it in the golden VM, or in \`prepare-script\`, and run again. Nothing was captured.`,
      link: 'https://learn.microsoft.com/azure/virtual-machines/generalize',
    })
  }
}
