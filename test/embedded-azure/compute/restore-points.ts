/**
 * Microsoft.Compute/restorePointCollections: all disks of a VM at one moment. A collection answers at once, a restore point takes its time,
 * and what is in a collection goes with it.
 * https://github.com/Azure/azure-rest-api-specs/blob/main/specification/compute/resource-manager/Microsoft.Compute/ComputeRP/stable/2024-03-01/restorePoint.json
 */
import { randomUUID } from 'node:crypto'
import {
  type Arm,
  create,
  found,
  list,
  parentOf,
  plainRegion,
  remove,
  required,
  routesOf,
  routeToAll,
  show,
  shown,
} from '../arm/resources.ts'
import { type Answer, type Call, Refusal, type Route } from '../route.ts'
import type { Resource } from '../world.ts'
import { vmHere } from './images.ts'
import { COMPUTE } from './virtual-machines.ts'

const COLLECTIONS = { type: 'Microsoft.Compute/restorePointCollections', path: 'operations' } as const
const POINTS = { type: 'Microsoft.Compute/restorePointCollections/restorePoints', path: 'operations' } as const
/** [INFERRED] */
const DURATION_MS = { point: 15_000, delete: 10_000 }

export function restorePointRoutes(arm: Arm): readonly Route[] {
  const route = routesOf('Microsoft.Compute', COMPUTE)
  const collection = '/restorePointCollections/:collection'
  return [
    routeToAll(arm, COMPUTE, COLLECTIONS.type),
    route('GET', '/restorePointCollections', 'restorePointCollections/read', list(arm)),
    route('GET', collection, 'restorePointCollections/read', show(arm)),
    route('PUT', collection, 'restorePointCollections/write', (call) => putCollection(arm, call)),
    route('DELETE', collection, 'restorePointCollections/delete', (call) => {
      const answer = remove(arm, COLLECTIONS, DURATION_MS.delete)(call)
      const prefix = `${call.path.toLowerCase()}/`
      arm.clock.after(DURATION_MS.delete, () => {
        for (const { id } of arm.world.all()) if (id.toLowerCase().startsWith(prefix)) arm.world.delete(id)
      })
      return answer
    }),
    route('GET', `${collection}/restorePoints/:point`, 'restorePointCollections/restorePoints/read', (call) => ({
      status: 200,
      body: proxied(found(arm, call)),
    })),
    route('PUT', `${collection}/restorePoints/:point`, 'restorePointCollections/restorePoints/write', (call) => putPoint(arm, call)),
  ]
}

function putCollection(arm: Arm, call: Call): Answer {
  const location = plainRegion(String(required(call.body, 'location')))
  const source: string = required(call.body?.properties?.source, 'id', 'source')
  vmHere(arm, source, location)
  const before = arm.world.get(call.path)
  const collection = arm.world.put({
    ...{ id: call.path, name: call.params.collection ?? '', type: COLLECTIONS.type, location, tags: call.body.tags ?? {} },
    createdTime: before?.createdTime ?? arm.clock.now().toISOString(),
    properties: { source: { id: source, location }, restorePointCollectionId: randomUUID(), provisioningState: 'Succeeded' },
  })
  return { status: before ? 200 : 201, body: shown(collection) }
}

const MODES = ['CrashConsistent', 'FileSystemConsistent', 'ApplicationConsistent']

function putPoint(arm: Arm, call: Call): Answer {
  const collection = parentOf(arm, call, /\/restorePoints\/[^/]+$/i)
  if (arm.world.get(call.path))
    throw new Refusal(409, 'OperationNotAllowed', 'Updating properties of an existing restore point is not allowed.')
  const { consistencyMode } = call.body?.properties ?? {}
  if (consistencyMode && consistencyMode !== MODES[0])
    throw new Refusal(400, 'InvalidParameter', `The value '${consistencyMode}' of parameter 'consistencyMode' is invalid.`)
  const vm = vmHere(arm, collection.properties.source.id, collection.location)
  // Without a wish, the extension in the VM makes it consistent for applications, or the file system.
  const properties = { consistencyMode: consistencyMode ?? MODES[2], timeCreated: arm.clock.now().toISOString() }
  const sourceMetadata = { vmId: vm.properties.vmId, location: vm.location, storageProfile: profileOf(arm, call.path, vm) }
  const withLocation: Call = { ...call, body: { ...call.body, location: collection.location } }
  const answer = create(arm, withLocation, POINTS, { afterMs: DURATION_MS.point, properties: { ...properties, sourceMetadata } })
  return { ...answer, body: proxied(answer.body as Resource) }
}

/** A restore point has neither place nor tags of its own. */
function proxied(resource: Resource): object {
  const { location: _location, tags: _tags, ...rest } = shown(resource)
  return rest
}

/** Each disk gets a restore point of its own, with what is on it now. */
function profileOf(arm: Arm, pointId: string, { properties: { storageProfile } }: Resource): object {
  const pointOf = (disk: { name: string; managedDisk: { id: string } }) => {
    const source = arm.world.get(disk.managedDisk.id)
    const name = `${disk.name}_${randomUUID()}`
    const id = `${pointId}/diskRestorePoints/${name}`
    const type = `${POINTS.type}/diskRestorePoints`
    arm.world.put({
      id,
      name,
      type,
      location: source?.location ?? '',
      sku: source?.sku,
      properties: structuredClone(source?.properties ?? {}),
    })
    return { name: disk.name, managedDisk: disk.managedDisk, diskRestorePoint: { id } }
  }
  const { osDisk, dataDisks = [] } = storageProfile
  return {
    osDisk: { osType: osDisk.osType, caching: osDisk.caching, ...pointOf(osDisk) },
    dataDisks: dataDisks.map((disk: { lun: number; caching: string; name: string; managedDisk: { id: string } }) => ({
      lun: disk.lun,
      caching: disk.caching,
      ...pointOf(disk),
    })),
  }
}
