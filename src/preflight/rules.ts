import { DISK_KIND_RULES } from './disk-kinds.ts'
import { ENCRYPTION_RULES } from './encryption.ts'
import type { Facts, Rule } from './facts.ts'
import type { Finding } from './finding.ts'
import { GIVEN_IMAGE_RULES } from './given-image.ts'
import { IMAGE_RULES } from './image.ts'
import { IMAGE_VERSION_RULES } from './image-version.ts'
import { LIMIT_RULES } from './limits.ts'
import { NETWORK_RULES } from './network.ts'
import { POOL_RULES } from './pool.ts'
import { POOL_IMAGE_RULES } from './pool-image.ts'
import { PROOF_RULES } from './proof.ts'
import { QUOTA_RULES } from './quotas.ts'
import { SHARING_RULES } from './sharing.ts'
import { SOURCE_RULES } from './source.ts'
import { SOURCE_DISK_RULES } from './source-disks.ts'

export const RULES: readonly Rule[] = [
  ...SOURCE_RULES,
  ...SOURCE_DISK_RULES,
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

/** Every finding of every rule; nothing was written yet. */
export const checkAll = (facts: Facts): readonly Finding[] => check(RULES, facts)

/** Findings of the rules that look at the plan; nothing was written yet. */
export const checkPlan = (facts: Facts & Required<Pick<Facts, 'proofs'>>): readonly Finding[] => check(PROOF_RULES, facts)

function check(rules: readonly Rule[], facts: Facts): readonly Finding[] {
  return rules.flatMap(({ id, severity, objection: title, link, check }) =>
    check(facts).map((found) => ({ id, severity, title, link, ...found })),
  )
}

/** How many rules had nothing to object to, and how many findings the others have of each severity. */
export function countsOf(findings: readonly Finding[]): { readonly passed: number; readonly warnings: number; readonly errors: number } {
  const errors = findings.filter(({ severity }) => severity === 'error').length
  return { passed: RULES.length - new Set(findings.map(({ id }) => id)).size, warnings: findings.length - errors, errors }
}
