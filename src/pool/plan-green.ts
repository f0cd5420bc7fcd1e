/** Pure: the plan of a blue-green pool, which is made beside the one that serves and then takes its place. */
import { type ArmId, sameId } from '../model/arm-id.ts'
import { imageOf, type Pool, type PoolProperties } from '../model/batch.ts'
import { type Differences, differencesOf } from './differences.ts'
import { greenName, isBeingDeleted, poolAndSuccessors } from './family.ts'
import { MARKS, writeSuccessorMark } from './marks.ts'
import { notedOn } from './noted.ts'
import type { PoolPlan, PoolQuestion } from './pool-plan.ts'

/** The id of the new pool, which is named after the version. If the serving pool has that name already, no new pool is needed. */
export const greenIdOf = ({ id, name, imageId }: PoolQuestion): ArmId =>
  `${id.slice(0, id.lastIndexOf('/'))}/${greenName(name, imageId)}` as ArmId

/**
 * A pool beside the old one, named after the image's version. A pool that an earlier run began is used, or replaced where the request has
 * changed since. Leftovers of interrupted runs for other versions are retired together with the old pool.
 */
export function planGreen(
  question: PoolQuestion,
  old: Pool,
  { properties, found }: { readonly properties: PoolProperties; readonly found: Differences },
): PoolPlan {
  const { request, imageId, siblings, salt } = question
  const { whole, removed, unreadable } = found.wanted
  const name = greenName(question.name, imageId)
  const greenId = greenIdOf(question)
  const marks = {
    ...notedOn({ poolName: name, request, secrets: found.secrets }),
    [MARKS.successorOf]: writeSuccessorMark({ serves: question.name, own: name }),
  }
  const green = siblings.find((pool) => sameId(pool.id, greenId) && !isBeingDeleted(pool))
  const ofGreen = green && differencesOf({ request, properties, existing: green, salt, isChanged: false })
  const isOutdated = green && !(sameId(imageOf(green), imageId) && ofGreen?.properties.length === 0)
  const abandonedSuccessors = poolAndSuccessors(question.name, siblings).filter((pool) => pool !== old && pool !== green)
  return {
    ...{ id: greenId, request: { ...request, id: name }, existing: old, old, abandonedSuccessors },
    action: 'blue-green',
    ...{ ...whole, removed, marks },
    ...(unreadable.length > 0 && { lost: unreadable }),
    ...(green && { green }),
    ...(isOutdated && { isOutdated }),
  }
}
