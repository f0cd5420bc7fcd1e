import { expect, test } from 'vitest'
import { type Generalization, silentNodesAdvice } from '../../../src/errors/silent-nodes.ts'
import { generalizationOf } from '../../../src/image/source.ts'
import { factsOf } from '../../fixtures/rule-examples.ts'

const FIRST: Readonly<Record<Generalization, RegExp>> = {
  unknown: /^[^.]*not generalized/,
  'vouched-for': /^[^.]*BatchNodeManagement.*not generalized.*`capture: copy`/,
  'by-this-run': /^[^.]*BatchNodeManagement(?!.*not generalized)/,
}

test.each(Object.entries(FIRST))('generalization %s: the most probable cause comes first', (generalization, hint) => {
  expect(silentNodesAdvice({ generalization: generalization as Generalization, hasSubnet: true }).hint).toMatch(hint)
})

test.each(['unknown', 'vouched-for'] as const)(
  '%s, without a subnet: the image comes first, and no network of the user is blamed',
  (generalization) => {
    const { hint } = silentNodesAdvice({ generalization, hasSubnet: false })
    expect(hint).toMatch(/^[^.]*not generalized/)
    expect(hint).not.toContain('BatchNodeManagement')
  },
)

test.each([
  [{ capture: 'copy' }, 'by-this-run'],
  [{ capture: 'live' }, 'vouched-for'],
  [{ capture: 'deallocate' }, 'vouched-for'],
  [{ capture: 'generalized' }, 'vouched-for'],
  [{ vm: '', snapshots: 'os=golden' }, 'unknown'],
  [{ vm: '', 'managed-image': 'golden' }, 'unknown'],
] as const)('%j: generalization is %s', (inputs, expected) => {
  expect(generalizationOf(factsOf(inputs).config.source)).toBe(expected)
})
