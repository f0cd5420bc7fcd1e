/** An error of a resize, classified. */
export interface ResizeError {
  readonly code: string
  readonly message: string
  /** From `Reason` or `Provider Error Json`, where there is one. */
  readonly innermostCode?: string
  readonly innermostMessage?: string
  /** `fatal`: stop at once. `retry`: back off and ask again. `wait`: Batch goes on by itself (Spot). */
  readonly class: 'fatal' | 'retry' | 'wait'
  /** What to do. */
  readonly fix: string
  readonly link: string
}
