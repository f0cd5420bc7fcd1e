/** Everything else that ends a run, and explains itself. */
import { ActionError, type Advice } from './explanation.ts'

/** A script that was run in a VM failed. */
export class ScriptError extends ActionError {
  constructor(vm: string, status: number | undefined, printed: string) {
    super({
      title: 'Script failed in the VM',
      message: `the script in ${vm} ${status === undefined ? 'ended before its end' : `ended with status ${status}`}; it printed at last:\n${printed.slice(-1_000) || '(nothing)'}`,
      hint: 'Correct the script, or run it by hand in the VM to see more. Nothing was captured.',
      link: 'https://learn.microsoft.com/azure/virtual-machines/run-command-overview',
    })
  }
}

/** A pool did not become what was asked for. */
export class PoolError extends ActionError {}

/** Someone else changed the pool meanwhile. Their change is left alone, also by a rollback. */
export class ForeignChangeError extends PoolError {}

/** A deadline passed. Azure goes on with what was begun. */
export class WaitTimeoutError extends ActionError {
  constructor(what: string, limit: string, lastSeen: string, input: string) {
    super({
      title: `Timed out after ${limit}`,
      message: `${what} took longer than ${limit}; last seen: ${lastSeen}`,
      hint: `What was begun goes on in Azure; run again to pick it up, or raise \`${input}\`.`,
    })
  }
}

/** The run was cancelled. */
export class CancelledError extends ActionError {
  constructor(signal: string) {
    super({
      title: 'Cancelled',
      message: `the run was cancelled (${signal})`,
      hint: 'What this run made and did not finish is removed afterwards or listed; run again to go on.',
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
    super({ title: 'Batch data plane not reachable', message: `${host} could not be reached: ${words}`, ...advice })
    this.host = host
    this.reason = `${words}. ${advice.hint}`
  }
}

const PRIVATE_ACCOUNT: Advice = {
  hint: 'Node states cannot be read from this runner. Use a runner inside the network of the account, or enable public network access.',
  link: 'https://learn.microsoft.com/azure/batch/public-network-access',
}
