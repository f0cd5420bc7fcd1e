/** Run Command: one script at a time, in a VM that runs. */
import { type Arm, required } from '../arm/resources.ts'
import { type Answer, type Call, Refusal } from '../route.ts'
import type { Resource } from '../world.ts'
import { generalizeInside } from './systems.ts'

/** [INFERRED] */
const DURATION_MS = 20_000
const FOR_EVER_MS = 720_000_000

/**
 * Run Command succeeds whatever the script's exit status was. Nothing is really run: `echo` and `Write-Output` print, `exit` ends the
 * part in brackets, a script that deprovisions prepares the OS.
 */
export function runCommand(arm: Arm, vm: Resource, call: Call): Answer {
  if (!vm.properties.statuses.includes('PowerState/running')) {
    throw new Refusal(409, 'OperationNotAllowed', 'Cannot modify extensions in the VM when the VM is not running.')
  }
  refuseBusy(arm, vm)
  const isWindows = vm.properties.storageProfile.osDisk.osType === 'Windows'
  const commandId: string = required(call.body, 'commandId')
  const isRemoval = commandId === `RemoveRunCommand${isWindows ? 'Windows' : 'Linux'}Extension`
  if (!isRemoval && commandId !== (isWindows ? 'RunPowerShellScript' : 'RunShellScript')) {
    throw new Refusal(404, 'NotFound', `The command '${commandId}' is not found for the OS type of the VM '${vm.name}'.`)
  }
  const lines: readonly string[] = [call.body.script ?? []].flat().flatMap((part: string) => part.split('\n'))
  const status = /\bexit (\d+)/.exec(lines.join('\n'))?.[1] ?? '0'
  const printed = lines
    .flatMap((line) => /^\s*(?:echo|Write-Output) "?(.*?)"?$/.exec(line)?.[1] ?? [])
    .map((line) => line.replace(/\$(?:\?|status)$/, status))
    .join('\n')
  const value = isWindows
    ? [
        { code: 'ComponentStatus/StdOut/succeeded', level: 'Info', displayStatus: 'Provisioning succeeded', message: printed },
        { code: 'ComponentStatus/StdErr/succeeded', level: 'Info', displayStatus: 'Provisioning succeeded', message: '' },
      ]
    : [
        {
          code: 'ProvisioningState/succeeded',
          level: 'Info',
          displayStatus: 'Provisioning succeeded',
          message: `Enable succeeded: \n[stdout]\n${printed}\n\n[stderr]\n`,
        },
      ]
  const afterMs = arm.manners.runCommandHangs ? FOR_EVER_MS : DURATION_MS
  vm.properties.commandUntilMs = arm.clock.now().getTime() + afterMs
  return arm.operations.start(call, {
    path: 'operations',
    status: 202,
    hasLocation: true,
    retryAfterS: 10,
    afterMs,
    locationBody: { value },
    end: () => {
      leaveHandler(arm, vm, !isRemoval && !/rm -rf [^\n]*RunCommand|Remove-Item [^\n]*RunCommand/.test(lines.join('\n')))
      if (/waagent\b.*-deprovision|sysprep/i.test(lines.join('\n'))) generalizeInside(arm, vm)
      return { value }
    },
  })
}

/**
 * Run Command installs a handler inside, which stays until it is removed.
 * https://learn.microsoft.com/azure/virtual-machines/linux/run-command#action-run-command-removal
 */
function leaveHandler({ world }: Arm, vm: Resource, isThere: boolean): void {
  const disk = world.get(vm.properties.storageProfile.osDisk.managedDisk.id)
  if (disk) disk.properties.system = { ...disk.properties.system, hasRunCommand: isThere }
}

/** One at a time. https://github.com/Azure/azure-cli/issues/19137 */
function refuseBusy({ clock, manners }: Arm, { properties }: Resource): void {
  const nowMs = clock.now().getTime()
  properties.commandUntilMs ??= nowMs + (manners.runCommandBusySeconds ?? 0) * 1_000
  if (properties.commandUntilMs <= nowMs) return
  throw new Refusal(
    409,
    'Conflict',
    'Run command extension execution is in progress. Please wait for completion before invoking a run command.',
  )
}
