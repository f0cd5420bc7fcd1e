import type { Facts, Rule } from './facts.ts'
import type { Finding } from './finding.ts'
import { IMAGE_RULES } from './image.ts'
import { LIMIT_RULES } from './limits.ts'
import { NETWORK_RULES } from './network.ts'
import { POOL_RULES } from './pool.ts'
import { SOURCE_RULES } from './source.ts'

export const RULES: readonly Rule[] = [...SOURCE_RULES, ...IMAGE_RULES, ...POOL_RULES, ...LIMIT_RULES, ...NETWORK_RULES]

/** Every finding of every rule; nothing was written yet. */
export function checkAll(facts: Facts): readonly Finding[] {
  return RULES.flatMap(({ id, severity, link, check }) => check(facts).map((found) => ({ id, severity, link, ...found })))
}
