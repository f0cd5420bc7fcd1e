/** What is left of a world when all that differs from run to run is taken away: two ends are the same if this is. */
import type { Pools } from '../embedded-azure/batch/pools.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import type { Recording } from './recording.ts'

/** Times, random ids, and what comes and goes with them. */
const VOLATILE = new Set([
  // Until when a script runs in a VM.
  'commandUntilMs',
  'LastOwnershipUpdateTime',
  'allocationStateTransitionTime',
  'createdTime',
  'creationTime',
  'diskState',
  // It holds the random id of the golden VM's disks.
  'image-pool-fingerprint',
  // It names the attempt, and is random besides.
  'image-pool-run',
  'lastModified',
  // When and how long the embedded Azure replicates. Azure shows no such thing.
  'replicas',
  'provisioningStateTransitionTime',
  'publishedDate',
  'sourceUniqueId',
  'startTime',
  'timeCreated',
  'uniqueId',
  'vmId',
])

export type WorldState = Readonly<Record<string, unknown>>

/** By id or name. `settledOf` first, where operations may still be under way. */
export function stateOf({ world, accountPools }: EmbeddedAzure): WorldState {
  const entries = [
    ...world.all().map(({ id, ...resource }): [string, unknown] => [id.toLowerCase(), resource]),
    ...accountPools.flatMap(({ account, pools }, index) => entriesOf(pools, index === 0 ? '' : `${account}/`)),
  ]
  const text = JSON.stringify(Object.fromEntries(entries), (key, value) =>
    VOLATILE.has(key) || (key === 'metadata' && Array.isArray(value) && value.length === 0) ? undefined : sorted(value),
  )
  const versions = new Set(world.all().flatMap(({ tags }) => tags?.['image-pool-version'] ?? []))
  const named = [...versions].sort().reduce((all, version, index) => {
    const name = index === 0 ? '<version>' : `<version ${index + 1}>`
    return all.replaceAll(version, name).replaceAll(version.replaceAll('.', '-'), name)
  }, text)
  return JSON.parse(named)
}

function entriesOf(pools: Pools, prefix: string): readonly [string, unknown][] {
  return [
    ...pools
      .all()
      .map((pool): [string, unknown] => [
        `pool ${prefix}${pool.name}`,
        { ...pool.properties, nodes: pool.nodes.map((node) => `${pools.states.of(pool, node)} ${node.isDedicated}`) },
      ]),
    ...pools.jobs.all.map(({ id, ...job }): [string, unknown] => [`job ${prefix}${id}`, job]),
    ...pools.jobs.schedules.map(({ id, ...schedule }): [string, unknown] => [`job schedule ${prefix}${id}`, schedule]),
  ]
}

/** The order of members says nothing. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => one.localeCompare(other)))
}

/** One line for each difference. */
export function differences(expected: WorldState, actual: WorldState): readonly string[] {
  return [...new Set([...Object.keys(expected), ...Object.keys(actual)])].flatMap((key) => {
    const [before, after] = [expected[key], actual[key]].map((value) => JSON.stringify(value))
    if (before === after) return []
    if (before === undefined) return [`${key} is there, and should not be`]
    if (after === undefined) return [`${key} is missing`]
    return [`${key} differs: ${excerpt(before, after)}`]
  })
}

/**
 * Where a run came after one that was disturbed: another version is no surprise if the source counts as changed. Snapshots of the first one,
 * if it was still being made when that run looked, go with the run after.
 */
const REBUILT = /\/(?:versions\/<version 2>|snapshots\/golden-<version>-(?:os|lun\d+)) is there/

export function afterAll({ flow, state }: Pick<Recording, 'flow' | 'state'>, azure: EmbeddedAzure): readonly string[] {
  return differences(state, stateOf(azure)).filter((line) => !(flow.rebuilds && REBUILT.test(line)))
}

function excerpt(before: string, after: string): string {
  let index = 0
  while (before[index] === after[index]) index += 1
  const from = Math.max(0, index - 60)
  return `expected …${before.slice(from, index + 80)}… but got …${after.slice(from, index + 80)}…`
}

/** Nothing is owed for what Azure changes in a complete resource, e.g. where a version is included in *latest*: Azure ends it alone. */
const COMPLETE = ['Succeeded', 'Updating']

/** Resources of this action that are not complete, or only there for a moment. */
export function halfMade({ world }: EmbeddedAzure): readonly string[] {
  return world
    .all()
    .filter(
      ({ tags = {}, properties }) =>
        tags['image-pool-tool'] !== undefined &&
        (!COMPLETE.includes(properties.provisioningState) || tags['image-pool-temporary'] !== undefined),
    )
    .map(({ id }) => id)
}

/** Whether nothing is under way any more. */
export function isSettled({ world, accountPools }: EmbeddedAzure): boolean {
  const isDone = world.all().every(({ properties = {} }) => [undefined, 'Succeeded', 'Failed'].includes(properties.provisioningState))
  return isDone && accountPools.every(({ pools }) => areSettled(pools))
}

function areSettled(pools: Pools): boolean {
  return (
    pools.jobs.all.every(({ state }) => state !== 'deleting') &&
    pools.all().every((pool) => {
      const states = pool.nodes.map((node) => pools.states.of(pool, node))
      const { allocationState, provisioningState } = pool.properties
      return (
        allocationState === 'Steady' &&
        provisioningState === 'Succeeded' &&
        states.every((state) => !/ing/i.test(state.replace('running', '')))
      )
    })
  )
}
