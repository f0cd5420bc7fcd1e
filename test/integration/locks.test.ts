/** Resource groups that are locked. Without a look at the OpenAPI documents: those of snapshots know no refusal at all. */
import { describe, expect, test } from 'vitest'
import { GROUP_ID } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { annotations, run } from '../fixtures/whole-runs.ts'

describe('a resource group with a lock against deletions', () => {
  const lock = ({ world }: EmbeddedAzure) => {
    const [name, type] = ['keep', 'Microsoft.Authorization/locks']
    world.put({ id: `${GROUP_ID}/providers/${type}/${name}`, name, type, location: '', properties: { level: 'CanNotDelete' } })
  }

  test('red for the snapshots that stay, with the way out; the pool is healthy', async () => {
    const ran = await run('happy', {}, {}, lock)
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)).toEqual([expect.stringMatching(/ScopeLocked.*`keep-snapshots: true`/)])
    expect(ran.summary).toContain('10 of 10 nodes of pool `render` are healthy')
  })

  test('green with that way out', async () => {
    const ran = await run('happy', { 'keep-snapshots': 'true' }, {}, lock)
    expect({ exitCode: ran.exitCode, errors: annotations(ran) }).toEqual({ exitCode: 0, errors: [] })
  })
})
