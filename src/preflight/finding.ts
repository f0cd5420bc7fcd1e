/** What a preflight rule found. `error` stops the run before the first write; `warning` does not. */
export interface Finding {
  /** Stable, kebab-case, e.g. `vm-extensions`. */
  readonly id: string
  readonly severity: 'error' | 'warning'
  /** Short and for people, e.g. `Core quota too small`. */
  readonly title: string
  /** What was seen, with names and values. */
  readonly seen: string
  /** What to do. */
  readonly fix: string
  /** Where the rule comes from. */
  readonly link: string
}
