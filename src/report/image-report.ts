/** Pure: the image of a run, as the report has it. */
import type { Config } from '../config/config.ts'
import { baseImageOf } from '../image/base-image.ts'
import type { ImagePlan, SnapshotReport } from '../image/image-plan.ts'
import { sourceContent } from '../image/source.ts'
import { nameOf, parseArmId } from '../model/arm-id.ts'
import { observedAcross } from '../observe/observed.ts'
import type { Progress } from './progress.ts'
import type { ImageReport } from './run-report.ts'

export function imageReport(
  image: ImagePlan,
  config: Config,
  { snapshots, replication, observed, isInLatest = false }: Progress,
): ImageReport {
  const parts = parseArmId(image.id)
  const isVersion = parts?.names.length === 3
  const sourceId = observed && sourceContent(config.source, observedAcross(observed))?.sourceId
  const baseImage = observed && config.source.kind === 'vm' ? baseImageOf(observedAcross(observed)) : undefined
  const action = image.kind === 'given' ? 'given' : image.kind === 'reuse' ? 'reused' : replication ? 'created' : 'planned'
  const planned = image.kind === 'build' ? image.snapshots.map(({ id, disk }): SnapshotReport => ({ id, disk, state: 'planned' })) : []
  return {
    kind: isVersion ? 'gallery' : 'managed',
    id: image.id,
    name: config.image?.name ?? parts?.names.at(-2) ?? nameOf(image.id),
    version: image.kind === 'given' ? nameOf(image.id) : image.version,
    action,
    reason: image.reason,
    replication: replication ?? [],
    snapshots: snapshots.length > 0 ? snapshots : planned,
    ...(image.kind !== 'given' && image.isExcludedFromLatest && { latest: isInLatest ? ('included' as const) : ('excluded' as const) }),
    ...(sourceId && { sourceId }),
    ...(baseImage && { baseImage }),
    ...(image.kind === 'build' && image.previousVersion && { previousVersion: image.previousVersion }),
  }
}
