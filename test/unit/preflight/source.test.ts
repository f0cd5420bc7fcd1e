import { expect, test } from 'vitest'
import { checkAll } from '../../../src/preflight/rules.ts'
import { factsOf } from '../../fixtures/rule-examples.ts'

const [osDisk] = factsOf().observed.vm?.disks ?? []

test.each([
  ['Succeeded', undefined, []],
  ['Succeeded', 100, []],
  // `CopyStart` answers at once, and goes on behind that.
  ['Succeeded', 40, ['snapshot golden is still being copied (40 %)']],
  ['Updating', undefined, ['snapshot golden is Updating']],
])('a snapshot that is %s, copied to %s %%: %j', (provisioningState, percent, expected) => {
  const id = osDisk?.id.replace('/disks/golden-os', '/snapshots/golden') ?? ''
  const snapshot = {
    ...osDisk,
    id,
    name: 'golden',
    provisioningState,
    tags: {},
    ...(percent !== undefined && { completionPercent: percent }),
  }
  const facts = factsOf({ vm: '', snapshots: 'os=golden' }, { sourceSnapshots: [snapshot as never] })
  const found = checkAll([facts]).filter((finding) => finding.id === 'snapshots-exist')
  expect(found.map(({ seen }) => seen)).toEqual(expected)
})
