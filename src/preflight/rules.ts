import { type ArmId, labelAmong } from '../model/arm-id.ts'
import type { ProofPlans } from '../pool/proof-plan.ts'
import { DISK_KIND_RULES } from './disk-kinds.ts'
import { ENCRYPTION_RULES } from './encryption.ts'
import { acrossAccounts, type Facts, type Rule, withAllRequests } from './facts.ts'
import type { Finding } from './finding.ts'
import { GIVEN_IMAGE_RULES } from './given-image.ts'
import { IMAGE_RULES } from './image.ts'
import { IMAGE_VERSION_RULES } from './image-version.ts'
import { LIMIT_RULES } from './limits.ts'
import { NETWORK_RULES } from './network.ts'
import { POOL_RULES } from './pool.ts'
import { POOL_IMAGE_RULES } from './pool-image.ts'
import { PROOF_RULES } from './proof.ts'
import { QUOTA_RULES, withSharedCores } from './quotas.ts'
import { READY_SOURCE_RULES } from './ready-source.ts'
import { SHARING_RULES } from './sharing.ts'
import { SOURCE_RULES } from './source.ts'
import { SOURCE_DISK_RULES } from './source-disks.ts'
import { SUBSCRIPTION_RULES } from './subscription.ts'

export const RULES: readonly Rule[] = [
  ...SOURCE_RULES,
  ...READY_SOURCE_RULES,
  ...SOURCE_DISK_RULES,
  ...SUBSCRIPTION_RULES,
  ...DISK_KIND_RULES,
  ...GIVEN_IMAGE_RULES,
  ...ENCRYPTION_RULES,
  ...IMAGE_RULES,
  ...IMAGE_VERSION_RULES,
  ...SHARING_RULES,
  ...POOL_RULES,
  ...POOL_IMAGE_RULES,
  ...LIMIT_RULES,
  ...QUOTA_RULES,
  ...NETWORK_RULES,
  ...PROOF_RULES,
]

/** Managed images are named after all pools of a run: these rules see the pools of every account. */
const WITH_ALL_REQUESTS: ReadonlySet<Rule> = new Set([...GIVEN_IMAGE_RULES, ...IMAGE_RULES, ...IMAGE_VERSION_RULES, ...ENCRYPTION_RULES])
/** Pools on managed images of the same disks count together, in whichever account they are. */
const ACROSS_ACCOUNTS: ReadonlySet<Rule> = new Set(SHARING_RULES)
/** Accounts in user subscription mode may share the quotas of one subscription. */
const WITH_SHARED_CORES: ReadonlySet<Rule> = new Set(QUOTA_RULES)

/** Every finding of every rule; nothing was written yet. */
export function checkAll(views: readonly Facts[]): readonly Finding[] {
  const [across, withAll, withShared] = [acrossAccounts(views), withAllRequests(views), withSharedCores(views)]
  const viewsOf = (rule: Rule) => {
    if (ACROSS_ACCOUNTS.has(rule)) return across
    if (WITH_ALL_REQUESTS.has(rule)) return withAll
    return WITH_SHARED_CORES.has(rule) ? withShared : views
  }
  return RULES.flatMap((rule) => checkEach(rule, viewsOf(rule)))
}

/** Findings of the rules that look at the plan, whose proofs stand in the order of the accounts; nothing was written yet. */
export function checkPlan(views: readonly Facts[], proofs: readonly ProofPlans[]): readonly Finding[] {
  const planned = views.map((view, index) => ({ ...view, ...(proofs[index] && { proofs: proofs[index] }) }))
  return PROOF_RULES.flatMap((rule) => checkEach(rule, planned))
}

type Objected = ReturnType<Rule['check']>[number]

/** What a rule objects to in every account is reported once; what it objects to in some only, with the account. */
function checkEach({ id, severity, objection: title, link, check }: Rule, views: readonly Facts[]): readonly Finding[] {
  const found = views.map(check)
  const isEverywhere = (one: Objected) => found.every((those) => those.some(({ seen, fix }) => seen === one.seen && fix === one.fix))
  const accounts = views.flatMap(({ config }) => config.pool?.account ?? [])
  return found.flatMap((objections, index) =>
    objections
      .filter((one) => index === 0 || !isEverywhere(one))
      .map((one) => {
        const seen = isEverywhere(one) ? one.seen : inAccount(one.seen, accounts, accounts[index])
        return { id, severity, title, link, ...one, seen }
      }),
  )
}

function inAccount(seen: string, accounts: readonly ArmId[], account: ArmId | undefined): string {
  const label = account && labelAmong(accounts, account)
  return label === undefined || seen.includes(label) ? seen : `account ${label}: ${seen}`
}

/** How many rules had nothing to object to, and how many findings the others have of each severity. */
export function countsOf(findings: readonly Finding[]): { readonly passed: number; readonly warnings: number; readonly errors: number } {
  const errors = findings.filter(({ severity }) => severity === 'error').length
  return { passed: RULES.length - new Set(findings.map(({ id }) => id)).size, warnings: findings.length - errors, errors }
}
