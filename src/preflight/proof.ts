/** Rules about the pools that prove a new image beside the pools that get it. They look at the plan of the run. */
import type { Facts, Rule } from './facts.ts'

const QUOTA = 'https://learn.microsoft.com/azure/batch/batch-quota-limit'

export const PROOF_RULES: readonly Rule[] = [
  {
    id: 'proof-pool-name',
    severity: 'error',
    title: 'The name of the proof pool is free',
    objection: 'Name of the proof pool is taken',
    link: 'https://learn.microsoft.com/rest/api/batchservice/pools/create-pool',
    check: ({ proofs }) =>
      (proofs?.taken ?? []).map(({ name, proves }) => ({
        seen: `pool ${name} was not made by this action as a proof pool; the new image of ${poolsOf(proves)} is proven in a pool of that name`,
        fix: 'Rename or delete that pool, or set `canary-nodes: 0` to skip this proof.',
      })),
  },
  {
    id: 'proof-pool-quota',
    severity: 'error',
    title: 'The quotas leave room for the requested number of canary nodes',
    objection: 'Quota too small for the canary nodes',
    link: QUOTA,
    check: (facts) =>
      unproven(facts, true).map(({ proves, shortage }) => ({
        seen: `the proof pool of ${poolsOf(proves)} does not fit into ${shortage}`,
        fix: 'Request more quota, lower `canary-nodes`, or set `canary-nodes: auto`, which skips the proof where quotas leave no room.',
      })),
  },
  {
    id: 'no-proof',
    severity: 'warning',
    title: 'The new image is proven on a separate node before an existing pool loses a node',
    objection: 'No proof of the new image',
    link: QUOTA,
    check: (facts) =>
      unproven(facts, false).map(({ proves, shortage }) => ({
        seen: `${poolsOf(proves)} would go to the new image without a proof, which does not fit into ${shortage}`,
        fix: 'Request more quota. Until then, an image that does not work is noticed only after the pool was drained; `on-failure: rollback` then restores the previous image.',
      })),
  },
]

const poolsOf = (names: readonly string[]): string => `pool${names.length === 1 ? '' : 's'} ${names.join(', ')}`

const unproven = ({ proofs }: Facts, isDemanded: boolean) => (proofs?.unproven ?? []).filter((one) => one.isDemanded === isDemanded)
