/** Nodes in words: a reader who never asked for Spot nodes does not read of them. */
import { expect, test } from 'vitest'
import { nodesOf, nodesOutOf, shortNodes } from '../../../src/model/nodes.ts'

test.each([
  ['dedicated only', [0, 0], [10, 0], '0 of 10 dedicated nodes'],
  ['Spot only', [0, 3], [0, 1_000], '3 of 1,000 Spot nodes'],
  ['both', [790, 3], [800, 100], '790 of 800 dedicated and 3 of 100 Spot nodes'],
  ['Spot nodes there that nobody asks for', [0, 2], [10, 0], '0 of 10 dedicated and 2 of 0 Spot nodes'],
  ['dedicated nodes there that nobody asks for', [2, 0], [0, 10], '2 of 0 dedicated and 0 of 10 Spot nodes'],
] as const)('of a target, %s', (_, [dedicated, lowPriority], [wanted, wantedSpot], words) => {
  expect(nodesOutOf({ dedicated, lowPriority }, { dedicated: wanted, lowPriority: wantedSpot })).toBe(words)
})

test.each([
  [0, 0, '0 dedicated nodes', '0'],
  [1, 0, '1 dedicated node', '1'],
  [0, 1, '1 Spot node', '1 Spot'],
  [1_800, 100, '1,800 dedicated and 100 Spot nodes', '1,800 + 100 Spot'],
])('%i dedicated and %i Spot', (dedicated, lowPriority, words, cell) => {
  expect(nodesOf({ dedicated, lowPriority })).toBe(words)
  expect(shortNodes({ dedicated, lowPriority })).toBe(cell)
})
