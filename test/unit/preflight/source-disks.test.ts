import { expect, test } from 'vitest'
import { checkAll } from '../../../src/preflight/rules.ts'
import { factsOf, poolOf } from '../../fixtures/rule-examples.ts'

const MOUNTING = poolOf('render', 10, { startTask: { commandLine: '/opt/mount' } })

test.each([
  ['in-place', [MOUNTING], false],
  ['in-place', [poolOf('render', 10)], true],
  ['in-place', [], true],
  // The new pool gets what the spec says, and no more.
  ['blue-green', [MOUNTING], true],
  ['replace', [MOUNTING], true],
])('data disks, and a spec without start task, strategy %s', (strategy, pools, isWarned) => {
  const found = checkAll([factsOf({ 'pool-spec': '', strategy }, { pools })])
  expect(found.some(({ id }) => id === 'data-disks-mounted')).toBe(isWarned)
})
