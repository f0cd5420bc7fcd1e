import { expect, test } from 'vitest'
import { regionsReady } from '../../../src/image/regions-ready.ts'
import type { ArmId } from '../../../src/model/arm-id.ts'
import type { RegionReplication } from '../../../src/model/compute.ts'
import type { StepContext } from '../../../src/run/context.ts'

const ID = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/i/images/golden/versions/1.0.0' as ArmId
type States = Readonly<Record<string, RegionReplication['state']>>

/** What each region came to, with the reading at which it did. */
async function outcomes(readings: readonly (States & { readonly version?: never })[], provisioningState: readonly string[] = []) {
  let reading = -1
  let nowMs = 0
  const compute = {
    getImageVersion: async () => {
      reading += 1
      const states = readings[Math.min(reading, readings.length - 1)] ?? {}
      const replication = Object.entries(states).map(([region, state]) => ({
        region,
        state,
        progress: 50,
        details: state === 'Failed' ? 'no room' : '',
      }))
      return { provisioningState: provisioningState[reading] ?? provisioningState.at(-1) ?? 'Creating', replication, targetRegions: [] }
    },
  }
  const clock = {
    now: () => new Date(nowMs),
    sleep: async (ms: number, signal: AbortSignal) => {
      if (ms === 5_000) return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      nowMs += ms
    },
  }
  const context = { compute, clock, events: { emit: () => undefined }, signal: new AbortController().signal } as unknown as StepContext
  const regions = Object.keys(readings[0] ?? {})
  const waits = regionsReady({ id: ID, version: '1.0.0', regions }, context)
  const seen = await Promise.all(
    regions.map(async (region) => {
      const outcome = await waits.get(region)?.then(
        () => 'ready',
        (error: Error) => error.message,
      )
      return [region, `${outcome} at ${reading + 1}`] as const
    }),
  )
  return Object.fromEntries(seen)
}

test('each region is ready on its own', async () => {
  const seen = await outcomes([
    { west: 'Completed', north: 'Replicating' },
    { west: 'Completed', north: 'Replicating' },
    { west: 'Completed', north: 'Completed' },
  ])
  expect(Number(seen.west?.slice(-1))).toBeLessThan(Number(seen.north?.slice(-1)))
  expect(Object.values(seen)).toEqual([expect.stringContaining('ready'), expect.stringContaining('ready')])
})

test('a region that failed takes none along that is still at it', async () => {
  const seen = await outcomes(
    [
      { uk: 'Failed', north: 'Replicating' },
      { uk: 'Failed', north: 'Replicating' },
      { uk: 'Failed', north: 'Completed' },
    ],
    ['Failed'],
  )
  expect(seen.north).toContain('ready')
  expect(seen.uk).toContain('no room')
})

test('a region that makes no progress any more, once the version has failed, is given up', async () => {
  const seen = await outcomes([{ uk: 'Failed', north: 'Replicating' }], ['Failed'])
  expect(seen.north).toContain('no room')
})
