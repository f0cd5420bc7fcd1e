/** All other errors that end a run. */
import type { OsType } from '../model/compute.ts'
import { AzureError } from './azure-error.ts'
import { ActionError, type Advice } from './explanation.ts'
import { sysprepCause } from './sysprep.ts'

/** What a script did in a VM. */
export interface ScriptRun {
  readonly vm: string
  /** Its exit status; absent where it was stopped. */
  readonly status?: number
  /** Both of its outputs. */
  readonly printed: string
}

/** A script that ran in a VM failed. */
export class ScriptError extends ActionError {
  constructor({ vm, status, printed }: ScriptRun) {
    const end = status === undefined ? 'stopped before its end' : `ended with status ${status}`
    const cause = sysprepCause(printed)
    super({
      title: cause ? 'Sysprep failed in the VM' : 'Script failed in the VM',
      message: `the script in ${vm} ${end}; the end of its output:\n${printed.slice(-2_000) || '(nothing)'}`,
      hint: cause?.hint ?? 'Correct the script, or run it by hand in the VM to see more. Nothing was captured.',
      link: cause?.link ?? 'https://learn.microsoft.com/azure/virtual-machines/run-command-overview',
    })
  }
}

/** Run Command never answered: Azure lets a script run for 90 minutes. */
export class ScriptTimeoutError extends ActionError {
  constructor({
    vm,
    osType,
    limit,
    isBusy,
  }: { readonly vm: string; readonly osType: OsType; readonly limit: string; readonly isBusy: boolean }) {
    super({
      title: 'Run Command hangs in the VM',
      message: isBusy
        ? `another run command in ${vm} had not ended after ${limit}, and Azure runs one at a time`
        : `the script in ${vm} had not ended after ${limit}, the most that Run Command allows`,
      hint: `Running again will not help while Run Command hangs. Remove it (az vm run-command invoke --resource-group <group> --name ${vm} --command-id RemoveRunCommand${osType}Extension), or restart the VM; a script must not wait for input.`,
      link: `https://learn.microsoft.com/azure/virtual-machines/${osType.toLowerCase()}/run-command`,
    })
  }
}

/** A pool did not become what was requested. */
export class PoolError extends ActionError {}

/** A VM that this action stopped does not stay up. */
export class StoppedVmError extends ActionError {
  constructor(vm: string, power: string) {
    super({
      title: 'VM is stopped again',
      message: `virtual machine ${vm} was started again, and then was ${power}`,
      hint: 'Find out who or what stops it (its activity log says), then start it.',
      link: 'https://learn.microsoft.com/azure/virtual-machines/states-billing',
    })
  }
}

/** Someone else changed the pool meanwhile. Their change is left alone, also by a rollback. */
export class ForeignChangeError extends PoolError {}

/** The time of the run is over. Azure continues what was begun, except for drains, whose pools get their former size back. */
export class WaitTimeoutError extends ActionError {
  constructor({ limit, waitingFor, input }: { readonly limit: string; readonly waitingFor: string; readonly input: string }) {
    super({
      title: `Timed out waiting for ${waitingFor}`,
      message: `the run took longer than ${limit}`,
      hint: `Raise \`${input}\`, or run again: the next run takes up what is complete by then. A pool that was being drained gets its former size back; whatever else was begun continues in Azure, resizes too unless \`on-cancel: stop-resize\` is set.`,
    })
  }
}

/** The run was cancelled. */
export class CancelledError extends ActionError {
  constructor(signal: string) {
    super({
      title: 'Cancelled',
      message: `the run was cancelled (${signal})`,
      hint: 'What this run made and did not finish is removed afterwards or listed; the next run takes up what is complete.',
    })
  }
}

/** The account's data plane cannot be reached from this runner. */
export class DataPlaneUnreachableError extends ActionError {
  readonly host: string
  /** Why, and what to do about it; the host stands beside it. */
  readonly reason: string

  /** @param advice Default: that of an account with private access only. */
  constructor(host: string, words: string, advice: Advice = PRIVATE_ACCOUNT) {
    super({ title: 'Batch data plane cannot be reached', message: `${host} could not be reached: ${words}`, ...advice })
    this.host = host
    this.reason = `${words}. ${advice.hint}`
  }
}

/** Advice for runners that may be outside the network of an account. */
export const PRIVATE_ACCOUNT: Advice = {
  hint: 'Node states cannot be read from this runner. Use a runner inside the network of the account, or enable public network access.',
  link: 'https://learn.microsoft.com/azure/batch/public-network-access',
}

/** Azure, or something in its place, named a URL on another host; this run does not send its token there. */
export class ForeignLinkError extends ActionError {
  constructor(what: string, { expected, found }: { readonly expected: string; readonly found: string }) {
    super({
      title: 'Azure sent a link to another host',
      message: `the URL of ${what} leads to another host: ${found} instead of ${expected}`,
      hint: 'The token of this run goes to no other host. Check `environment`, `resource-manager-url`, and any proxy that rewrites the answers of Azure.',
      link: 'https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations',
    })
  }
}

/** Whether the data plane is closed to this run: it cannot be reached, does not answer, or refuses the identity. */
export function isDataPlaneRefusal(error: unknown): error is ActionError {
  if (error instanceof DataPlaneUnreachableError) return true
  return error instanceof AzureError && (error.status === undefined || error.status === 401 || error.status === 403)
}
