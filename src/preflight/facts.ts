import type { Config } from '../config/config.ts'
import type { SourceContent } from '../image/source.ts'
import type { ImageTraits } from '../model/image-traits.ts'
import type { Observed } from '../observe/observed.ts'
import type { ProofPlans } from '../pool/proof-plan.ts'
import type { Finding } from './finding.ts'

/** What the rules look at. */
export interface Facts {
  readonly config: Config
  readonly observed: Observed
  readonly now: Date
  /** Present where everything of the source exists. */
  readonly content?: SourceContent
  readonly imageTraits?: ImageTraits
  /** Of the plan; absent until there is one. */
  readonly proofs?: ProofPlans
}

/** One preflight rule: `check` returns nothing, or what it saw and what to do. */
export interface Rule {
  /** Stable, kebab-case. */
  readonly id: string
  readonly severity: Finding['severity']
  /** One line for the list of rules, true where the rule has no objection. */
  readonly title: string
  readonly link: string
  readonly check: (facts: Facts) => readonly { readonly seen: string; readonly fix: string }[]
}
