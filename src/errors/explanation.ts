import { inspect } from 'node:util'
import type { Finding } from '../preflight/finding.ts'
import { adviceFor, adviceForSignIn } from './advice.ts'
import { innermost } from './innermost.ts'

/** What a user is told about a failure: one annotation, and a section of the summary. Texts from Azure are not escaped here. */
export interface Explanation {
  /** Short, e.g. `Core quota reached`. */
  readonly title: string
  /** Azure's innermost words, or ours. */
  readonly message: string
  /** What to do. */
  readonly hint: string
  readonly link?: string
  /** Azure's innermost code. */
  readonly code?: string
  /** `x-ms-correlation-request-id` of the answer, for Azure support. */
  readonly correlationId?: string
}

/** A failure that can explain itself. */
export abstract class ActionError extends Error {
  readonly explanation: Explanation

  constructor(explanation: Explanation, options?: ErrorOptions) {
    super(explanation.message, options)
    this.name = new.target.name
    this.explanation = explanation
  }
}

export interface InputProblem {
  readonly input: string
  /** Absent for secrets and for what was not given. */
  readonly value?: string
  readonly problem: string
  readonly allowed?: string
}

/** Every problem of the inputs at once; nothing was asked of Azure. */
export class InputError extends ActionError {
  readonly problems: readonly InputProblem[]

  constructor(problems: readonly InputProblem[]) {
    super({
      title: problems.length === 1 ? 'Invalid input' : `${problems.length} invalid inputs`,
      message: problems.map(lineOf).join('\n'),
      hint: 'Correct the inputs of the step; nothing was sent to Azure.',
    })
    this.problems = problems
  }
}

function lineOf({ input, value, problem, allowed }: InputProblem): string {
  return `${input}${value ? ` "${value}"` : ''}: ${problem}${allowed ? ` (allowed: ${allowed})` : ''}`
}

/** Findings of severity `error`; nothing was written. */
export class PreflightError extends ActionError {
  readonly findings: readonly Finding[]

  constructor(findings: readonly Finding[]) {
    const errors = findings.filter(({ severity }) => severity === 'error')
    super({
      title: errors.length === 1 ? `Preflight: ${errors[0]?.id}` : `Preflight: ${errors.length} problems`,
      message: errors.map(({ id, seen }) => `${id}: ${seen}`).join('\n'),
      hint: errors.map(({ fix }) => fix).join('\n'),
      ...(errors[0] && { link: errors[0].link }),
    })
    this.findings = findings
  }
}

/** Signing in failed. */
export class AuthError extends ActionError {
  constructor({ message, cause, ...asked }: SignInAttempt & { readonly message: string; readonly cause?: unknown }) {
    super({ title: 'Azure sign-in failed', message, ...adviceForSignIn(message, asked) }, { cause })
  }
}

/** Who asked for a token. */
export interface SignInAttempt {
  readonly clientId?: string
  /** Of the job's own token, which a federated credential must name. */
  readonly assertionClaims?: AssertionClaims
}

export interface AssertionClaims {
  readonly iss: string
  readonly sub: string
  readonly aud: string
}

export interface AzureFailure {
  /** E.g. `create snapshot`. */
  readonly operation: string
  readonly resourceId?: string
  readonly method: string
  readonly url: string
  /** HTTP status; 200 for a long operation that ended `Failed`; absent where no answer came. */
  readonly status?: number
  readonly code?: string
  readonly body: unknown
  readonly correlationId?: string
  readonly requestId?: string
}

/** Azure refused a request, or a long operation failed. */
export class AzureError extends ActionError {
  readonly status: number | undefined
  readonly code: string

  constructor(failure: AzureFailure) {
    const inner = innermost(failure.body)
    const code = inner.code || failure.code || (failure.status === undefined ? 'NoAnswer' : `Http${failure.status}`)
    const name = failure.resourceId?.slice(failure.resourceId.lastIndexOf('/') + 1)
    const message = inner.message || `${failure.method} was answered with ${failure.status ?? 'nothing'} and no reason`
    super({
      title: `${code} on ${failure.operation}${name ? ` ${name}` : ''}`,
      message,
      code,
      ...adviceFor(code, message, failure),
      ...(failure.correlationId && { correlationId: failure.correlationId }),
    })
    this.status = failure.status
    this.code = code
  }
}

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

/** An annotation has room for some. */
const MOST_FAILURES_TOLD = 20

/** Of things done side by side several failed, each for a reason of its own. */
export class SeveralError extends ActionError {
  constructor(first: Explanation, others: readonly Explanation[]) {
    const all = [first, ...others]
    const more = all.length - MOST_FAILURES_TOLD
    const lines = all.slice(0, MOST_FAILURES_TOLD).map(({ title, message }) => `${title}: ${message}`)
    super({
      ...first,
      message: [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n'),
      hint: [...new Set(all.map(({ hint }) => hint))].join('\n'),
      title: `${first.title}, and ${others.length} more`,
    })
  }
}

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

  constructor(host: string, reason: string) {
    super({
      title: 'Batch data plane not reachable',
      message: `${host}: ${reason}`,
      hint: 'Node states cannot be read from this runner. Use a runner inside the network of the account, or enable public network access.',
      link: 'https://learn.microsoft.com/azure/batch/public-network-access',
    })
    this.host = host
  }
}

/** What to tell about anything that was thrown; never throws. */
export function explain(error: unknown): Explanation {
  if (error instanceof ActionError) return error.explanation
  const message = error instanceof Error ? error.message : inspect(error)
  return {
    title: 'Unexpected error',
    message: message.slice(0, 2_000),
    hint: 'This is not a failure the action knows. Run again with debug logging; if it stays, report it with the log.',
    link: 'https://docs.github.com/actions/how-tos/monitor-workflows/enable-debug-logging',
  }
}
