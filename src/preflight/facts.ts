import { type AccountConfig, byAccount, type Config, type PoolRequest } from '../config/config.ts'
import { imageTraitsOf, type SourceContent, sourceContent } from '../image/source.ts'
import { type BatchRegion, batchRegions } from '../image/target-regions.ts'
import type { ImageTraits } from '../model/image-traits.ts'
import { type Observed, type ObservedFleet, observedAcross, observedIn } from '../observe/observed.ts'
import { requestsOn } from '../pool/plan-pool.ts'
import type { ProofPlans } from '../pool/proof-plan.ts'
import type { Finding } from './finding.ts'

/** What the rules look at: a run, as far as it concerns the pools of one account. */
export interface Facts {
  readonly config: AccountConfig
  readonly observed: Observed
  /** Of all accounts of the run. */
  readonly batchRegions: readonly BatchRegion[]
  readonly now: Date
  /** Present where everything of the source exists. */
  readonly content?: SourceContent
  readonly imageTraits?: ImageTraits
  /** Accounts whose nodes count against the same core quotas, this one included; only for rules that look at them. */
  readonly sharingCores?: readonly Facts[]
  /** Of the plan; absent until there is one. */
  readonly proofs?: ProofPlans
}

/** One for each account, or one without any. */
export function factsOf(config: Config, observed: ObservedFleet, now: Date): readonly Facts[] {
  const across = observedAcross(observed)
  const content = sourceContent(config.source, across)
  const imageTraits = imageTraitsOf(content, across)
  const shared = {
    batchRegions: batchRegions(config.pool, observed.accounts, content?.location ?? ''),
    now,
    ...(content && { content }),
    ...(imageTraits && { imageTraits }),
  }
  return byAccount(config).map((own) => {
    const seen = observedIn(own.pool?.account, observed)
    return { ...shared, config: withServingPools(own, seen), observed: seen }
  })
}

/** The pools of all accounts at once; of what else accounts differ in, that of the first. */
export function acrossAccounts(views: readonly Facts[]): readonly Facts[] {
  const requests = views.flatMap(({ config }) => config.pool?.requests ?? [])
  const pools = views.flatMap(({ observed }) => observed.pools)
  return views
    .slice(0, 1)
    .map((first) => ({ ...first, config: withRequests(requests, first.config), observed: { ...first.observed, pools } }))
}

/** Each account with the pools that are requested in all of them. */
export function withAllRequests(views: readonly Facts[]): readonly Facts[] {
  const requests = views.flatMap(({ config }) => config.pool?.requests ?? [])
  return views.map((view) => ({ ...view, config: withRequests(requests, view.config) }))
}

function withRequests(requests: readonly PoolRequest[], { pool, ...config }: AccountConfig): AccountConfig {
  return pool ? { ...config, pool: { ...pool, requests } } : config
}

/** Pools under the names of those that serve, and at the size they have where none is requested. */
function withServingPools({ pool, ...config }: AccountConfig, { pools }: Observed): AccountConfig {
  return pool ? { ...config, pool: { ...pool, requests: requestsOn(pool, pools) } } : config
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
