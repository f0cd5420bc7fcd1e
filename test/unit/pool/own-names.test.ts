/** What a mark remembers of a spec: names, and never a value. */
import { expect, test } from 'vitest'
import { MARKS } from '../../../src/pool/marks.ts'
import { namesIn, ownNamesOf, writeOwnNames } from '../../../src/pool/own-names.ts'
import { NEW, pool } from '../../fixtures/pools.ts'

const marked = (value: string) => pool(NEW, { metadata: [{ name: MARKS.sets, value }] })

test('names of members, items and tags, as they are read again', () => {
  const names = namesIn(
    { tags: { 'cost, center': 'secret-cost' }, identity: { type: 'UserAssigned' } },
    {
      startTask: { commandLine: 'secret-command' },
      applicationPackages: [],
      metadata: [{ name: 'team/a', value: 'secret-team' }],
      deploymentConfiguration: { virtualMachineConfiguration: { dataDisks: [{ lun: 0 }], nodeAgentSkuId: 'agent' } },
    },
  )
  expect(names).toEqual(['startTask', 'vm.dataDisks', 'metadata.team/a', 'tags.cost, center', 'identity'])
  const mark = writeOwnNames('render', names)
  expect(mark).not.toContain('secret')
  expect([...ownNamesOf(marked(mark))]).toEqual(names)
})

test('of another pool, nothing is believed; without a mark, nothing is known', () => {
  expect([...ownNamesOf(marked(writeOwnNames('other', ['startTask'])))]).toEqual([])
  expect([...ownNamesOf(pool(NEW))]).toEqual([])
})

test('names that no longer fit are left out, from the end', () => {
  const names = ['startTask', ...Array.from({ length: 400 }, (_, index) => `tags.tag-number-${index}`)]
  const mark = writeOwnNames('render', names)
  expect(mark.length).toBeLessThanOrEqual(2_000)
  expect([...ownNamesOf(marked(mark))][0]).toBe('startTask')
})
