/** Microsoft.Compute/disks and snapshots (DiskRP): 202 with both headers, the resource in the last poll. */
import { randomUUID } from 'node:crypto'
import { type Arm, create, list, plainRegion, remove, required, retag, routesOf, routeToAll, show, sourceOf } from '../arm/resources.ts'
import { type Answer, type Call, Refusal, type Route } from '../route.ts'
import type { Resource } from '../world.ts'
import { originOf } from './disk-kinds.ts'

export const DISK =
  '2020-06-30 2020-09-30 2020-12-01 2021-04-01 2021-08-01 2021-12-01 2022-03-02 2022-07-02 2023-01-02 2023-04-02 2023-10-02 2024-03-02 2025-01-02 2026-03-02'.split(
    ' ',
  )
const DISKS = { type: 'Microsoft.Compute/disks', path: 'DiskOperations', isDiskRp: true } as const
const SNAPSHOTS = { type: 'Microsoft.Compute/snapshots', path: 'DiskOperations', isDiskRp: true } as const
/** Of a disk or snapshot, and of a disk restore point. */
const COPIES = new Set(['Copy', 'Restore'])
/** Medians of recorded Azure. */
const DURATION_MS = { disk: 200, snapshot: 700, tags: 100, delete: 200 }

export function diskRoutes(arm: Arm): readonly Route[] {
  const route = routesOf('Microsoft.Compute', DISK)
  const collection = (kind: typeof DISKS | typeof SNAPSHOTS, afterMs: number): readonly Route[] => {
    const name = kind.type.slice(kind.type.indexOf('/') + 1)
    return [
      routeToAll(arm, DISK, kind.type),
      route('GET', `/${name}`, `${name}/read`, list(arm)),
      route('GET', `/${name}/:name`, `${name}/read`, show(arm)),
      route('PUT', `/${name}/:name`, `${name}/write`, (call) =>
        put(arm, call, kind, kind === SNAPSHOTS ? arm.durations.next('snapshot', afterMs) : afterMs),
      ),
      route('PATCH', `/${name}/:name`, `${name}/write`, retag(arm, kind, DURATION_MS.tags)),
      route('DELETE', `/${name}/:name`, `${name}/delete`, remove(arm, kind, DURATION_MS.delete, refuseAttached)),
    ]
  }
  return [...collection(DISKS, DURATION_MS.disk), ...collection(SNAPSHOTS, DURATION_MS.snapshot)]
}

function put(arm: Arm, call: Call, kind: typeof DISKS | typeof SNAPSHOTS, afterMs: number): Answer {
  const { incremental = false, osType, hyperVGeneration, supportedCapabilities } = call.body?.properties ?? {}
  const creationData = required(call.body?.properties, 'creationData')
  const createOption: string = required(creationData, 'createOption', 'creationData')
  const region = plainRegion(String(required(call.body, 'location')))
  const before = arm.world.get(call.path)?.properties
  const copied = COPIES.has(createOption) ? sourceOf(arm, required(creationData, 'sourceResourceId', 'creationData'), region) : undefined
  const source =
    copied !== undefined
      ? copied.properties
      : createOption === 'Import'
        ? importedFrom(required(creationData, 'sourceUri', 'creationData'))
        : { diskSizeGB: required(call.body.properties, 'diskSizeGB') }
  const inherited = {
    osType: osType ?? source.osType,
    hyperVGeneration: hyperVGeneration ?? source.hyperVGeneration,
    supportedCapabilities: supportedCapabilities ?? source.supportedCapabilities,
    securityProfile: source.securityProfile,
    purchasePlan: source.purchasePlan,
    system: source.system,
    origin: originOf(copied),
  }
  return create(arm, call, kind, {
    afterMs,
    members: { sku: { name: call.body.sku?.name ?? 'Standard_LRS' } },
    properties: {
      ...Object.fromEntries(Object.entries(inherited).filter(([, value]) => value !== undefined)),
      creationData,
      ...(kind === SNAPSHOTS && { incremental }),
    },
    finish: (resource) => {
      // A PUT on what is there changes tags and the like, never what was copied.
      const diskSizeGB: number = call.body.properties.diskSizeGB ?? source.diskSizeGB
      if (diskSizeGB < source.diskSizeGB) throw new Refusal(400, 'InvalidParameter', 'Disks or snapshot cannot be resized down.')
      if (source.uniqueId) resource.properties.creationData = { ...creationData, sourceUniqueId: source.uniqueId }
      resource.sku = { ...(resource.sku as object), tier: String((resource.sku as { name: string }).name).split('_')[0] }
      Object.assign(resource.properties, {
        diskSizeGB,
        diskSizeBytes: diskSizeGB * 1_024 ** 3,
        // Copies of a disk with a key of the customer's have the same. https://learn.microsoft.com/azure/virtual-machines/disk-encryption
        encryption: source.encryption ?? { type: 'EncryptionAtRestWithPlatformKey' },
        networkAccessPolicy: 'AllowAll',
        publicNetworkAccess: 'Enabled',
        timeCreated: before?.timeCreated ?? arm.clock.now().toISOString(),
        diskState: 'Unattached',
        uniqueId: before?.uniqueId ?? randomUUID(),
      })
    },
  })
}

// biome-ignore lint/suspicious/noExplicitAny: properties of a disk
function importedFrom(uri: string): any {
  if (!/^https:\/\/[^/]+\/.+\.vhd$/i.test(uri)) {
    throw new Refusal(409, 'ImageBlobNotFound', `Unable to find VHD blob with URI ${uri}.`)
  }
  return { diskSizeGB: 30 }
}

function refuseAttached({ name, managedBy }: Resource): void {
  if (managedBy) throw new Refusal(409, 'OperationNotAllowed', `Disk ${name} is attached to VM ${managedBy}.`)
}
