/** Pure: the regions that an image version is replicated to, and how many replicas each gets. */
import type { ImageSettings, PoolSettings } from '../config/config.ts'
import { regionName } from '../model/arm-id.ts'
import type { TargetRegion } from '../model/compute.ts'
import type { BuiltVersion } from './managed-images.ts'

/**
 * Pools of one run grow side by side and pull the same version: the nodes of all of them count, not those of the largest.
 * https://learn.microsoft.com/azure/batch/batch-sig-images
 */
const NODES_PER_REPLICA = 300

/** The regions of the source and of the Batch account are always in; `target-regions` adds to them, and sets replicas and storage. */
export function targetRegions(
  image: ImageSettings,
  pool: PoolSettings | undefined,
  { sourceRegion, batchRegion }: { readonly sourceRegion: string; readonly batchRegion: string },
): readonly TargetRegion[] {
  if (image.replication === 'Shallow') return [{ name: regionName(sourceRegion), replicas: 1 }]
  const nodes = (pool?.requests ?? []).reduce((sum, { target }) => sum + target.dedicated + target.lowPriority, 0)
  const replicas = image.replicas === 'auto' ? Math.max(1, Math.ceil(nodes / NODES_PER_REPLICA)) : image.replicas
  const regions = new Map<string, TargetRegion>()
  regions.set(regionName(sourceRegion), { name: regionName(sourceRegion), replicas: 1 })
  regions.set(regionName(batchRegion), { name: regionName(batchRegion), replicas })
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
