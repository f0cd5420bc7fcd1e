/** Making, deleting and sweeping resources that exist only while disks are captured. */
import { type ArmId, partsOf, sameId } from '../model/arm-id.ts'
import { emit, type StepContext } from '../run/context.ts'
import { allSideBySide } from '../run/side-by-side.ts'
import { TAGS } from './tags.ts'
import { leftovers, TEMPORARY_TAG, type TemporaryOwner, type TemporaryResource } from './temporary.ts'

/**
 * Puts group by group. One that fails does not hide how the others of its group ended: all are waited for, so that none appears after the
 * deletion.
 */
export async function putTemporaries(groups: readonly (readonly TemporaryResource[])[], context: StepContext): Promise<void> {
  for (const group of groups) await allSideBySide(group, (resource) => put(resource, context))
}

/** Deletes group by group, the last one first. A group that is refused does not stop the others, since each of them costs money. */
export async function removeTemporaries(groups: readonly (readonly TemporaryResource[])[], context: StepContext): Promise<void> {
  const failures: unknown[] = []
  for (const group of groups.toReversed()) {
    context.signal.throwIfAborted()
    await allSideBySide(group, (resource) => remove(resource, context)).catch((error: unknown) => failures.push(error))
  }
  if (failures.length > 0) throw failures[0]
}

/**
 * What was captured. What existed only for that is being deleted, and what was stopped for it is being started, beside whatever comes
 * next; `finished` rejects where that fails.
 */
export interface Captured<T> {
  readonly captured: T
  readonly finished: Promise<void>
}

/** Begins to delete them, once their disks have been captured. */
export function removingBeside<T>(captured: T, groups: readonly (readonly TemporaryResource[])[], context: StepContext): Captured<T> {
  return finishing(captured, removeTemporaries(groups, context))
}

/** @param finished Its failure is reported by whoever waits for it. */
export function finishing<T>(captured: T, finished: Promise<void>): Captured<T> {
  finished.catch(() => {})
  return { captured, finished }
}

async function put({ id, apiVersion, body }: TemporaryResource, context: StepContext): Promise<void> {
  context.ledger.record({ id, kind: 'temporary' })
  emit(context, { kind: 'resource', change: 'creating', type: 'temporary resource', id })
  await context.arm.put({ id, apiVersion, body }, context.signal)
  emit(context, { kind: 'resource', change: 'created', type: 'temporary resource', id })
}

async function remove({ id, apiVersion }: Pick<TemporaryResource, 'id' | 'apiVersion'>, context: StepContext): Promise<void> {
  await context.arm.delete(id, apiVersion, context.signal)
  context.ledger.settle(id)
  emit(context, { kind: 'resource', change: 'deleted', type: 'temporary resource', id })
}

/** Deletes leftovers of interrupted runs of `owner` in a resource group. What may belong to an active run is reported and left alone. */
export async function sweepTemporaries(group: ArmId, owner: TemporaryOwner, context: StepContext): Promise<void> {
  const { subscriptionId, resourceGroup } = partsOf(group)
  const found = await context.arm.find(subscriptionId, `tagName eq '${TEMPORARY_TAG}' and tagValue eq '${owner.image}'`)
  const here = found.filter(({ id }) => id.toLowerCase().includes(`/resourcegroups/${resourceGroup.toLowerCase()}/`))
  const going = leftovers(here, owner, context.clock.now())
  for (const resource of going) await remove(resource, context)
  const staying = here.filter(({ id }) => !going.some((one) => sameId(one.id, id)))
  if (staying.length === 0) return
  const runs = [...new Set(staying.map(({ tags }) => tags[TAGS.run] ?? 'another run'))].join(', ')
  const text = `${staying.length} temporary resources of ${runs} are left alone, because that run may still be active. Once they are 6 hours old, the next run deletes them.`
  emit(context, { kind: 'notice', level: 'warning', text })
}
