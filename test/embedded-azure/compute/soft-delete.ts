/**
 * Galleries with soft delete: what is deleted there is held for a week, restorable, under its number.
 * https://learn.microsoft.com/azure/virtual-machines/soft-delete-gallery
 */
import { type Arm, type Kind, page, remove, routesOf, shown } from '../arm/resources.ts'
import { type Answer, type Call, Refusal, type Route } from '../route.ts'
import type { Resource, World } from '../world.ts'

const TYPE = 'Microsoft.Compute/galleries/softDeletedArtifactTypes/artifacts/versions'
const RETENTION_MS = 7 * 86_400_000
const VERSION_ID = /^(.*\/galleries\/[^/]+)\/images\/([^/]+)\/versions\/([^/]+)$/i

/** Where a soft-deleted version is, by the id that it had. */
const heldAt = (versionId: string): string => versionId.replace(VERSION_ID, '$1/softDeletedArtifactTypes/images/artifacts/$2/versions/$3')

const hasSoftDelete = (world: World, versionId: string): boolean =>
  world.get(versionId.replace(VERSION_ID, '$1'))?.properties.softDeletePolicy?.isSoftDeleteEnabled === true

/** The permission has no page of its own: [INFERRED]. */
export function softDeletedRoutes(arm: Arm, apiVersions: readonly string[]): readonly Route[] {
  const route = routesOf('Microsoft.Compute', apiVersions)
  return [
    route(
      'GET',
      '/galleries/:gallery/softDeletedArtifactTypes/:type/artifacts/:definition/versions',
      'galleries/images/versions/read',
      (call) => page(call, arm.world.list(call.path).map(shown)),
    ),
  ]
}

/** A DELETE of a version; one that failed stays where the gallery has soft delete. The words are [INFERRED]. */
export function removeVersion(arm: Arm, kind: Kind, afterMs: number) {
  return (call: Call): Answer => {
    const version = arm.world.get(call.path)
    if (!version || !hasSoftDelete(arm.world, version.id)) return remove(arm, kind, afterMs)(call)
    if (version.properties.provisioningState === 'Failed')
      throw new Refusal(409, 'OperationNotAllowed', `Gallery image version '${version.name}' has failed and cannot be soft-deleted.`)
    const answer = remove(arm, kind, afterMs)(call)
    arm.clock.after(afterMs, () => hold(arm, version))
    return answer
  }
}

function hold({ world, clock }: Arm, { id, name, location }: Resource): void {
  const held = world.put({
    ...{ id: heldAt(id), name, type: TYPE, location },
    properties: { resourceArmId: id, softDeletedArtifactType: 'Images', softDeletedTime: clock.now().toISOString() },
  })
  clock.after(RETENTION_MS, () => world.delete(held.id))
}

/** A PUT restores a version that is held, and makes no other under its number. The words are [INFERRED]. @throws Refusal */
export function refuseTaken({ world }: Arm, { path }: Call): void {
  if (world.get(heldAt(path)))
    throw new Refusal(409, 'Conflict', `Gallery image version '${path}' is soft-deleted. Restore it, or delete it permanently.`)
}

/**
 * Neither a gallery nor a definition goes while it holds soft-deleted versions. The words are [INFERRED].
 * https://learn.microsoft.com/azure/virtual-machines/soft-delete-gallery#limitations
 * @throws Refusal
 */
export function refuseSoftDeletedParts(world: World, id: string): void {
  const held = world
    .all()
    .some(({ type, properties }) => type === TYPE && `${properties.resourceArmId}`.toLowerCase().startsWith(`${id}/`.toLowerCase()))
  if (held) throw new Refusal(409, 'CannotDeleteResource', `'${id}' has soft-deleted resources.`)
}
