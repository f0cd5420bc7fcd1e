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
