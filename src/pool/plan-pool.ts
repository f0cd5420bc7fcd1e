/** Pure: what to do about one pool, from the request and the existing pool. */
import type { PoolRequest, PoolSettings } from '../config/config.ts'
import { guidanceMs } from '../config/resize-timeout.ts'
import { sameId } from '../model/arm-id.ts'
import { imageOf, type Pool, type PoolProperties } from '../model/batch.ts'
import { isoDuration } from '../model/duration.ts'
import { type Differences, differencesOf, isItem, needsPut, patchOf } from './differences.ts'
import { poolFor } from './family.ts'
import { lastStateOf } from './marks.ts'
import { isNothing, propertyOf } from './members.ts'
import { notedOn } from './noted.ts'
import { greenIdOf, planGreen } from './plan-green.ts'
import type { PoolPlan, PoolQuestion } from './pool-plan.ts'
import { compareSecrets } from './secret-fingerprints.ts'
import { targetFrom } from './size.ts'
import { propertiesOf } from './spec-properties.ts'
import { wantedOf } from './wanted.ts'

/** All other properties can be changed only on a pool without nodes. https://learn.microsoft.com/azure/batch/batch-pool-update-properties */
const CHANGEABLE_AT_ANY_TIME = new Set(['startTask', 'metadata', 'applicationPackages', 'scaleSettings'])

export function planPool(question: PoolQuestion): PoolPlan {
  const { existing, imageId, strategy, salt } = question
  if (!existing) return planNew(question)
  const request = withExistingSize(question.request, existing)
  const properties = propertiesOf({ ...question, request })
  const isGreen = strategy === 'blue-green' && !sameId(greenIdOf(question), existing.id)
  const isChanged = strategy !== 'replace' && !isGreen
  const found = differencesOf({ request, properties, existing, salt, isChanged })
  const isOnImage = sameId(imageOf(existing), imageId)
  const needingEmptyPool = found.properties.filter((name) => !CHANGEABLE_AT_ANY_TIME.has(name))
  if (strategy !== 'resize-only' && (!isOnImage || needingEmptyPool.length > 0)) {
    if (isGreen) return planGreen({ ...question, request }, existing, { properties, found })
    if (strategy === 'replace') return planReplacement({ ...question, request, existing, found })
    const planned = planReimage({ ...question, request, existing, properties, found })
    return strategy === 'fail' && isOnImage ? { ...planned, withheld: needingEmptyPool } : planned
  }
  return planUpdate({ ...question, request, existing, found, needingEmptyPool })
}

function planNew(question: PoolQuestion): PoolPlan {
  const { id, request, salt } = question
  const properties = propertiesOf(question)
  const secrets = compareSecrets(properties, undefined, salt)
  const { whole } = wantedOf(request, properties)
  return { id, request, action: 'create', ...whole, removed: [], marks: notedOn({ poolName: request.id, request, secrets }) }
}

/** An existing pool, and how it differs from the request. */
interface ComparedPool extends PoolQuestion {
  readonly existing: Pool
  readonly found: Differences
}

function planReplacement({ id, request, existing, found }: ComparedPool): PoolPlan {
  const { whole, removed, unreadable } = found.wanted
  const marks = notedOn({ poolName: request.id, request, secrets: found.secrets })
  return { id, request, existing, action: 'replace', ...whole, removed, marks, ...some({ lost: unreadable }) }
}

/** Changes the pool by PATCH, which leaves alone what it does not name; by PUT of the whole pool where no PATCH can remove something. */
function planReimage({ id, request, existing, properties, found }: ComparedPool & { readonly properties: PoolProperties }): PoolPlan {
  const { whole, removed, unreadable } = found.wanted
  const isWhole = removed.some(needsPut)
  const named = [
    ...Object.keys(properties).filter((name) => !isNothing(properties[name])),
    ...removed.filter((name) => !isItem(name)).map(propertyOf),
    ...(found.properties.includes('metadata') ? ['metadata'] : []),
  ]
  const { tags } = whole.envelope
  const envelope = { ...(request.identity && { identity: request.identity }), ...(found.tags && tags && { tags }) }
  return {
    ...{ id, request, existing, whole, removed, unrepeatable: unreadable },
    action: 'reimage',
    ...(isWhole ? { ...whole, isWhole } : { properties: patchOf([...new Set(named)], whole), envelope }),
    marks: notedOn({ poolName: existing.name, request, secrets: found.secrets, staying: found.stuck }),
    ...some({ stuck: found.stuck, lost: unreadable.filter((name) => propertyOf(name) === 'deploymentConfiguration') }),
  }
}

/** Changes neither the image nor anything else that needs a pool without nodes. */
function planUpdate({
  id,
  request,
  existing,
  found,
  needingEmptyPool,
}: ComparedPool & { readonly needingEmptyPool: readonly string[] }): PoolPlan {
  const resize = !request.autoScale && isOffTarget(request, existing)
  const { whole, removed } = found.wanted
  const changed = found.properties.filter((name) => CHANGEABLE_AT_ANY_TIME.has(name))
  const isSent = (member: string) => changed.includes(propertyOf(member))
  const base = {
    id,
    request,
    existing,
    ...some({ withheld: needingEmptyPool, stuck: found.stuck, uncompared: found.secrets.unknown.filter((name) => !isSent(name)) }),
  }
  if (changed.length === 0 && !found.tags) return { ...base, action: resize ? 'resize' : 'none' }
  const staying = [...found.stuck, ...removed.filter((name) => !isItem(name) && !isSent(name))]
  return {
    ...base,
    action: 'update',
    resize,
    properties: patchOf(changed, whole),
    envelope: found.tags ? { tags: whole.envelope.tags ?? {} } : {},
    removed: removed.filter((name) => isItem(name) || isSent(name)),
    marks: notedOn({ poolName: existing.name, request, secrets: found.secrets, isSent, staying }),
  }
}

/** The lists without the empty ones. */
const some = <T extends Readonly<Record<string, readonly string[]>>>(lists: T): Partial<T> =>
  Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0)) as Partial<T>

/**
 * Where no size was requested, the pool keeps its own, even if an interrupted run has drained it. A formula that was too long for the mark is
 * lost; then the request stays as it is.
 */
function withExistingSize(asked: PoolRequest, existing: Pool): PoolRequest {
  const { autoScale, fixedScale } = lastStateOf(existing).scaleSettings
  if (asked.sizeSource === 'requested' || !(autoScale || fixedScale)) return asked
  const request: PoolRequest = { ...asked, sizeSource: 'requested' }
  if (autoScale) return { ...request, autoScale: true, properties: { ...request.properties, scaleSettings: { autoScale } } }
  const target = targetFrom(fixedScale)
  const { resizeTimeoutFor: kind } = request
  return { ...request, target, ...(kind && { resizeTimeout: isoDuration(guidanceMs(target.dedicated + target.lowPriority, kind)) }) }
}

/** The requests as preflight rules need them: under the name of the serving pool, and with its size where none is requested. */
export function requestsOn(settings: PoolSettings, pools: readonly Pool[]): readonly PoolRequest[] {
  return settings.requests.map((request) => {
    const existing = poolFor(request.id, settings, pools)
    return existing ? { ...withExistingSize(request, existing), id: existing.name } : request
  })
}

function isOffTarget({ target }: PoolRequest, { properties }: Pool): boolean {
  const { fixedScale } = properties.scaleSettings ?? {}
  return (
    !fixedScale ||
    (fixedScale.targetDedicatedNodes ?? 0) !== target.dedicated ||
    (fixedScale.targetLowPriorityNodes ?? 0) !== target.lowPriority ||
    properties.currentDedicatedNodes !== target.dedicated ||
    // Batch seeks missing Spot nodes on its own, but takes none away.
    properties.currentLowPriorityNodes > target.lowPriority
  )
}
