import { expect, test } from 'vitest'
import { missingPermission } from '../../../src/errors/missing-permission.ts'

test('a missing permission names the action, the scope and the command', () => {
  const { hint, title } = missingPermission(
    "The client 'c' with object id 'o1' does not have authorization to perform action 'Microsoft.Compute/snapshots/write' over scope '/subscriptions/1/x' or the scope is invalid.",
  )
  expect(title).toBe('Permission missing')
  expect(hint).toContain('az role assignment create --assignee-object-id o1')
  expect(hint).toContain('Microsoft.Compute/snapshots/write')
  expect(hint).toContain('--scope "/subscriptions/1/x"')
})

test('a linked permission names the linked action, not the one that the identity has', () => {
  const { hint } = missingPermission(
    "The client has permission to perform action 'Microsoft.Compute/snapshots/write' on scope 'a'; however, it does not have permission to perform action 'Microsoft.Compute/disks/beginGetAccess/action' on the linked scope(s) '/d'",
  )
  expect(hint).toContain('role with Microsoft.Compute/disks/beginGetAccess/action')
})
