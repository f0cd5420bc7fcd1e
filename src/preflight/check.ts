import { emit, type StepContext } from '../run/context.ts'
import type { Finding } from './finding.ts'
import { PreflightError } from './preflight-error.ts'
import { countsOf } from './rules.ts'

/** Emits each warning. */
export function noteWarnings(findings: readonly Finding[], context: StepContext): void {
  for (const { id, severity, title, seen } of findings)
    if (severity === 'warning') emit(context, { kind: 'check-warning', id, title, seen })
}

/** Emits the warnings, and how many rules passed. */
export function noteChecked(findings: readonly Finding[], context: StepContext): void {
  noteWarnings(findings, context)
  emit(context, { kind: 'checked', ...countsOf(findings) })
}

/** @throws PreflightError where one of them is an error */
export function refuseErrors(findings: readonly Finding[]): void {
  if (findings.some(({ severity }) => severity === 'error')) throw new PreflightError(findings)
}
