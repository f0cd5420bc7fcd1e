/** A preflight that found errors. */
import { ActionError } from '../errors/explanation.ts'
import type { Finding } from './finding.ts'

/** Findings of severity `error`; nothing was written. */
export class PreflightError extends ActionError {
  readonly findings: readonly Finding[]

  constructor(findings: readonly Finding[]) {
    const errors = findings.filter(({ severity }) => severity === 'error')
    const titled = ({ title, id }: Finding) => `${title} (${id})`
    super({
      title: errors[0] && errors.length === 1 ? titled(errors[0]) : `${errors.length} preflight checks failed`,
      message: errors.map((error) => (errors.length === 1 ? error.seen : `${titled(error)}: ${error.seen}`)).join('\n'),
      hint: [...new Set(errors.map(({ fix }) => fix))].join('\n'),
      ...(errors[0] && { link: errors[0].link }),
    })
    this.findings = findings
  }
}
