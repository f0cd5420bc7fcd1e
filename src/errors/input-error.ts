/** Bad inputs, all of them at once. */
import { ActionError } from './explanation.ts'

export interface InputProblem {
  readonly input: string
  /** Absent for secrets and for inputs that were not given. */
  readonly value?: string
  readonly problem: string
  readonly allowed?: string
}

/** Every problem of the inputs at once, found before any request to Azure. */
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
