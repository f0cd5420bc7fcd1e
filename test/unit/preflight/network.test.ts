/** Rules about the network: what cannot be reached, and who can do without it. */
import { expect, test } from 'vitest'
import { checkAll } from '../../../src/preflight/rules.ts'
import { factsOf } from '../../fixtures/rule-examples.ts'

const dataPlaneRefusal = { reason: 'nobody answers', fix: 'Use another runner.' }
const findings = (inputs: Readonly<Record<string, string>>) =>
  checkAll([factsOf(inputs, { dataPlaneRefusal })]).filter(({ id }) => id === 'data-plane')

test.each<[string, Readonly<Record<string, string>>, RegExp | undefined]>([
  ['in place, waiting for nodes', {}, /With `wait: steady` the run does not look at nodes/],
  ['in place, waiting for allocation', { wait: 'steady' }, undefined],
  ['replaced, waiting for nobody', { strategy: 'replace', wait: 'none' }, undefined],
  ['blue-green, waiting for nodes', { strategy: 'blue-green' }, /`in-place` or `replace` with `wait: steady` does not/],
  ['blue-green, waiting for allocation', { strategy: 'blue-green', wait: 'steady' }, /needs the data plane to move jobs/],
])('without the data plane, a pool %s', (_, inputs, fix) => {
  expect(findings(inputs).map((finding) => finding.fix)).toEqual(fix ? [expect.stringMatching(fix)] : [])
})

test('a node agent that is unknown only because nobody answers is reported so', () => {
  const { supportedImages: _images, ...observed } = factsOf().observed
  const facts = factsOf({}, { ...observed, dataPlaneRefusal })
  const agents = checkAll([{ ...facts, observed: { ...observed, dataPlaneRefusal } }]).filter(({ id }) => id === 'node-agent-sku')
  expect(agents.map(({ seen }) => seen)).toEqual([expect.stringContaining('the list of supported images is on the data plane')])
})
