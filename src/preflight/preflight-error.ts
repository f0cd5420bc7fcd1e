/** A preflight that found errors. */
import { ActionError } from '../errors/explanation.ts'
import type { Finding } from './finding.ts'

/** Findings of severity `error`; nothing was written. */
export class PreflightError extends ActionError {
  readonly findings: readonly Finding[]

  constructor(findings: readonly Finding[]) {
    const errors = findings.filter(({ severity }) => severity === 'error')
    super({
      title: errors.length === 1 ? `Preflight check failed (${errors[0]?.id})` : `${errors.length} preflight checks failed`,
      message: errors.map(({ id, seen }) => `${id}: ${seen}`).join('\n'),
      hint: errors.map(({ fix }) => fix).join('\n'),
      ...(errors[0] && { link: errors[0].link }),
    })
    this.findings = findings
  }
}
