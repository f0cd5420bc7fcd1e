/** Pure: the regions that an image version is replicated to, and how many replicas each gets. */
import type { FleetSettings, ImageSettings } from '../config/config.ts'
import { type ArmId, regionName, sameId } from '../model/arm-id.ts'
import type { TargetRegion } from '../model/compute.ts'
import type { ObservedAccount } from '../observe/observed.ts'
import type { BuiltVersion } from './managed-images.ts'

/**
 * Pools of one run grow side by side and pull the same version: the nodes of all of them count, not those of the largest.
 * https://learn.microsoft.com/azure/batch/batch-sig-images
 */
const NODES_PER_REPLICA = 300

/** Where nodes of the run are. */
export interface BatchRegion {
  readonly name: string
  /** Of all its pools together. */
  readonly nodes: number
}

/** The regions of the accounts, each once; without an account, that of the source. */
export function batchRegions(
  pool: FleetSettings | undefined,
  accounts: readonly ObservedAccount[],
  sourceRegion: string,
): readonly BatchRegion[] {
  const nodes = new Map<string, number>()
  for (const { id, account } of accounts) {
    const name = regionName(account?.location ?? sourceRegion)
    nodes.set(name, (nodes.get(name) ?? 0) + nodesIn(id, pool))
  }
  if (nodes.size === 0) return [{ name: regionName(sourceRegion), nodes: 0 }]
  return [...nodes].map(([name, sum]) => ({ name, nodes: sum }))
}

function nodesIn(account: ArmId, pool: FleetSettings | undefined): number {
  const own = (pool?.requests ?? []).filter((request) => sameId(request.account, account))
  return own.reduce((sum, { target }) => sum + target.dedicated + target.lowPriority, 0)
}

/** The regions of the source and of the Batch accounts are always in; `target-regions` adds to them, and sets replicas and storage. */
export function targetRegions(
  image: ImageSettings,
  { sourceRegion, batch }: { readonly sourceRegion: string; readonly batch: readonly BatchRegion[] },
): readonly TargetRegion[] {
  if (image.replication === 'Shallow') return [{ name: regionName(sourceRegion), replicas: 1 }]
  const replicasFor = (nodes: number) => (image.replicas === 'auto' ? Math.max(1, Math.ceil(nodes / NODES_PER_REPLICA)) : image.replicas)
  const regions = new Map<string, TargetRegion>()
  regions.set(regionName(sourceRegion), { name: regionName(sourceRegion), replicas: 1 })
  for (const { name, nodes } of batch) regions.set(name, { name, replicas: replicasFor(nodes) })
  for (const { name, replicas: asked, storageAccountType } of image.targetRegions) {
    const key = regionName(name)
    const own = regions.get(key)?.replicas ?? 1
    regions.set(key, { name: key, replicas: asked ?? own, ...(storageAccountType && { storageAccountType }) })
  }
  return [...regions.values()]
}

/** Regions that a version was not made for. */
export function missingRegions(
  { targetRegions: made }: Pick<BuiltVersion, 'targetRegions'>,
  asked: readonly { readonly name: string }[],
): readonly string[] {
  if (!made) return []
  const has = new Set(made.map(({ name }) => regionName(name)))
  return asked.map(({ name }) => regionName(name)).filter((name) => !has.has(name))
}
