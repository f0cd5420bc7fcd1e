/** Pure: the scripts that generalize a system from inside. */
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
