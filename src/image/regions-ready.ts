/** The regions of a version that this run has made, each of which the pools there wait for. */
import type { ArmId } from '../model/arm-id.ts'
import type { StepContext } from '../run/context.ts'
import { followVersion } from './follow-version.ts'
import { publishedState } from './standing.ts'

/** A version that pools of several regions are put on. */
export interface AwaitedRegions {
  readonly id: ArmId
  /** Its number. */
  readonly version: string
  readonly regions: readonly string[]
}

/** One promise for each region: it resolves once pools of the region can be put on the version, and rejects where they never will. */
export function regionsReady({ id, version: name, regions }: AwaitedRegions, context: StepContext): ReadonlyMap<string, Promise<void>> {
  const waits = new Map(regions.map((region) => [region, Promise.withResolvers<void>()]))
  const follow = async (waitForRegions: readonly string[]): Promise<void> => {
    if (waitForRegions.length === 0) return
    const version = await followVersion({ id, version: name, waitForRegions }, context)
    const isReady = (region: string) => publishedState(version, region) === 'ready'
    for (const region of waitForRegions.filter(isReady)) waits.get(region)?.resolve()
    return follow(waitForRegions.filter((region) => !isReady(region)))
  }
  follow(regions).catch((error) => {
    for (const { reject } of waits.values()) reject(error)
  })
  return new Map([...waits].map(([region, { promise }]) => [region, promise]))
}
