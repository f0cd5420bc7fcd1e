import type { Config } from '../config/config.ts'
import { imageTraitsOf, type SourceContent, sourceContent } from '../image/source.ts'
import type { ImageTraits } from '../model/image-traits.ts'
import type { Observed } from '../observe/observed.ts'
import { requestsOn } from '../pool/plan-pool.ts'
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

/** What the rules look at: pools under the names of those that serve, and at the size they have where none is asked for. */
export function factsOf(config: Config, observed: Observed, now: Date): Facts {
  const content = sourceContent(config.source, observed)
  const imageTraits = imageTraitsOf(content, observed)
  const asked = config.pool ? { ...config, pool: { ...config.pool, requests: requestsOn(config.pool, observed.pools) } } : config
  return { config: asked, observed, now, ...(content && { content }), ...(imageTraits && { imageTraits }) }
}

/** One preflight rule: `check` returns nothing, or what it saw and what to do. */
export interface Rule {
  /** Stable, kebab-case. */
  readonly id: string
  readonly severity: Finding['severity']
  /** One line for the list of rules, true where the rule has no objection. */
  readonly title: string
  /** The title of a finding, for people, e.g. `Core quota too small`. */
  readonly objection: string
  readonly link: string
  /** A finding's own `link` goes before that of the rule. */
  readonly check: (facts: Facts) => readonly { readonly seen: string; readonly fix: string; readonly link?: string }[]
}
