/** Cores that a plan needs, with the pools that prove its image. */
import { expect, test } from 'vitest'
import type { ArmId } from '../../../src/model/arm-id.ts'
import type { Observed } from '../../../src/observe/observed.ts'
import { NO_PROOFS, type ProofPlan, type ProofPlans } from '../../../src/pool/proof-plan.ts'
import { coreDemand } from '../../../src/preflight/quotas.ts'
import { factsOf, poolOf } from '../../fixtures/rule-examples.ts'

const vmSizes: Observed['vmSizes'] = [{ name: 'Standard_D4s_v5', familyName: 'standardDSv5Family', capabilities: { vCPUs: '4' } }]

const proofs = (goesFirst: boolean): ProofPlans => {
  const proof: ProofPlan = {
    id: '/proof' as ArmId,
    name: 'render-proof',
    proves: ['render'],
    properties: { vmSize: 'Standard_D4s_v5' },
    envelope: {},
    leftOut: [],
    target: { dedicated: 2, lowPriority: 0 },
    resizeTimeout: 'PT15M',
    isOptional: true,
    goesFirst,
  }
  return { ...NO_PROOFS, proofs: [proof] }
}

test.each<[string, ProofPlans | undefined, number, number]>([
  ['without a proof', undefined, 10, 40],
  ['a proof beside the pool as it grows', proofs(false), 10, 48],
  ['a proof that is gone before the pool grows', proofs(true), 5, 40],
  ['a proof beside a pool that is larger now', proofs(true), 20, 88],
])('%s', (_, planned, nodes, needed) => {
  const { config, observed } = factsOf({}, { vmSizes, pools: [poolOf('render', nodes)] })
  const demand = coreDemand([{ config, observed, ...(planned && { proofs: planned }) }], 'target')
  expect(demand.find(({ name }) => name === 'dedicated cores')?.needed).toBe(needed)
})
