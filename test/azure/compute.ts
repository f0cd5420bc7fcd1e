/** Microsoft.Compute: VMs, disks, snapshots, managed images and galleries, with the statuses, headers and refusals of recorded Azure. */
import { randomUUID } from 'node:crypto'
import type { AzureClock } from './clock.ts'
import type { Operations } from './operations.ts'
import { type Answer, type Call, Refusal, type Route } from './route.ts'
import { GROUP, REGION, type Scenario, SUBSCRIPTION } from './scenario.ts'
import type { Resource, World } from './world.ts'

const COMPUTE = ['2024-03-01', '2024-07-01', '2024-11-01', '2025-04-01', '2026-03-01', '2026-04-01']
const DISK = ['2022-03-02', '2022-07-02', '2023-10-02', '2024-03-02', '2025-01-02', '2026-03-02']
const GALLERY = ['2021-10-01', '2022-03-03', '2023-07-03', '2025-03-03', '2025-12-03']
const IN_GROUP = '/subscriptions/:subscriptionId/resourceGroups/:resourceGroup/providers/Microsoft.Compute'
/** Medians of recorded Azure. */
const DURATION_MS = {
  snapshot: 700,
  image: 5_300,
  gallery: 300,
  definition: 100,
  version: 474_000,
  deallocate: 40_500,
  delete: 200,
  deleteVersion: 91_000,
}

export const groupPath = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}`
const idAt = (type: string, name: string) => `${groupPath}/providers/Microsoft.Compute/${type}/${name}`

/** The golden VM and its disks, as the scenario has them. */
export function seedCompute(world: World, { vm }: Scenario, clock: AzureClock): void {
  const created = new Date(clock.now().getTime() - 86_400_000).toISOString()
  const disk = (name: string, sizeGiB: number, more: object): { id: string } => {
    const id = idAt('disks', name)
    world.put({
      id,
      name,
      type: 'Microsoft.Compute/disks',
      location: REGION,
      properties: {
        creationData: { createOption: 'FromImage' },
        diskSizeGB: sizeGiB,
        uniqueId: randomUUID(),
        timeCreated: created,
        provisioningState: 'Succeeded',
        diskState: 'Reserved',
        ...more,
      },
    })
    return { id }
  }
  const osDisk = disk(`${vm.name}-os`, 30, {
    osType: 'Linux',
    hyperVGeneration: vm.generation,
    supportedCapabilities: { architecture: 'x64' },
  })
  world.put({
    id: idAt('virtualMachines', vm.name),
    name: vm.name,
    type: 'Microsoft.Compute/virtualMachines',
    location: REGION,
    properties: {
      vmId: randomUUID(),
      hardwareProfile: { vmSize: 'Standard_D2s_v5' },
      storageProfile: {
        imageReference: vm.image,
        osDisk: { osType: 'Linux', name: `${vm.name}-os`, createOption: 'FromImage', caching: 'ReadWrite', managedDisk: osDisk },
        dataDisks: vm.dataDisks.map(({ lun, sizeGiB }) => ({
          lun,
          name: `${vm.name}-data${lun}`,
          createOption: 'Empty',
          caching: 'None',
          managedDisk: disk(`${vm.name}-data${lun}`, sizeGiB, {}),
        })),
      },
      provisioningState: 'Succeeded',
      statuses: [...vm.statuses],
      extensions: vm.extensions ?? [],
    },
  })
}

export function computeRoutes(world: World, operations: Operations, clock: AzureClock): readonly Route[] {
  const route = (
    method: Route['method'],
    path: string,
    apiVersions: readonly string[],
    action: string,
    handle: Route['handle'],
  ): Route => ({
    method,
    path: `${IN_GROUP}${path}`,
    apiVersions,
    action: `Microsoft.Compute/${action}`,
    handle,
  })
  const found = (call: Call): Resource => {
    const resource = world.get(call.path)
    if (resource) return resource
    const type = call.path.replace(/^.*\/providers\/Microsoft\.Compute\//i, '')
    throw new Refusal(
      404,
      'ResourceNotFound',
      `The Resource 'Microsoft.Compute/${type}' under resource group '${GROUP}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
    )
  }
  const show = (call: Call): Answer => ({ status: 200, body: found(call) })
  const list = (call: Call): Answer => ({ status: 200, body: { value: world.list(call.path) } })

  /** A PUT that begins `Creating` or `Updating` and ends `Succeeded`. */
  const create = (
    call: Call,
    {
      type,
      state,
      path,
      status,
      afterMs,
      hasLocation,
      retryAfterS,
      properties,
      finish,
    }: {
      type: string
      state: string
      path: 'operations' | 'DiskOperations' | 'capsOperations'
      status: number
      afterMs: number
      hasLocation: boolean
      retryAfterS?: number
      properties: object
      finish?: (resource: Resource) => void
    },
  ): Answer => {
    const before = world.get(call.path)
    const name = decodeURIComponent(call.path.slice(call.path.lastIndexOf('/') + 1))
    const resource = world.put({
      id: call.path,
      name,
      type: `Microsoft.Compute/${type}`,
      location: required(call.body, 'location').toLowerCase().replaceAll(' ', ''),
      tags: call.body.tags ?? {},
      properties: { ...properties, provisioningState: before && path !== 'DiskOperations' ? 'Updating' : state },
    })
    return operations.start(call, {
      path,
      status: before && status === 201 ? 200 : status,
      body: structuredClone(resource),
      hasLocation,
      ...(retryAfterS && { retryAfterS }),
      afterMs,
      end: () => {
        finish?.(resource)
        resource.properties.provisioningState = 'Succeeded'
        return path === 'DiskOperations' ? resource : undefined
      },
    })
  }

  const remove =
    (path: 'operations' | 'DiskOperations' | 'capsOperations', afterMs: number) =>
    (call: Call): Answer => {
      const resource = found(call)
      resource.properties.provisioningState = 'Deleting'
      return operations.start(call, { path, status: 202, hasLocation: true, afterMs, end: () => world.delete(call.path) })
    }

  const source = (id: string): Resource => {
    const resource = world.get(id)
    if (!resource || resource.location !== REGION)
      throw new Refusal(404, 'NotFound', `Resource ${id.slice(id.lastIndexOf('/') + 1)} is not found.`)
    return resource
  }

  return [
    route('GET', '/virtualMachines/:name', COMPUTE, 'virtualMachines/read', (call) => ({ status: 200, body: showVm(found(call), call) })),
    route('GET', '/virtualMachines/:name/instanceView', COMPUTE, 'virtualMachines/instanceView/read', (call) => ({
      status: 200,
      body: instanceView(world.get(call.path.replace(/\/instanceView$/i, '')) ?? found(call)),
    })),
    route('GET', '/virtualMachines/:name/extensions', COMPUTE, 'virtualMachines/extensions/read', (call) => {
      const vm = world.get(call.path.replace(/\/extensions$/i, '')) ?? found(call)
      const value = vm.properties.extensions.map((name: string) => ({
        id: `${vm.id}/extensions/${name}`,
        name,
        type: 'Microsoft.Compute/virtualMachines/extensions',
        location: REGION,
        properties: { publisher: 'Microsoft.Azure.Monitor', type: name, typeHandlerVersion: '1.0', provisioningState: 'Succeeded' },
      }))
      return { status: 200, body: { value } }
    }),
    ...(['deallocate', 'start'] as const).map((action) =>
      route('POST', `/virtualMachines/:name/${action}`, COMPUTE, `virtualMachines/${action}/action`, (call) => {
        const vm = world.get(call.path.replace(/\/\w+$/, '')) ?? found(call)
        const generalized = vm.properties.statuses.includes('OSState/generalized')
        if (action === 'start' && generalized) {
          throw new Refusal(
            409,
            'OperationNotAllowed',
            `Operation 'Start VM' is not allowed on VM '${vm.name}' since the VM is generalized.`,
          )
        }
        const power = action === 'start' ? 'PowerState/running' : 'PowerState/deallocated'
        const end = () => {
          vm.properties.statuses = [...vm.properties.statuses.filter((code: string) => !code.startsWith('PowerState')), power]
        }
        return operations.start(call, {
          path: 'operations',
          status: 202,
          hasLocation: true,
          retryAfterS: 10,
          afterMs: DURATION_MS.deallocate,
          end,
        })
      }),
    ),
    route('GET', '/disks/:name', DISK, 'disks/read', show),

    route('GET', '/snapshots', DISK, 'snapshots/read', list),
    route('GET', '/snapshots/:name', DISK, 'snapshots/read', show),
    route('DELETE', '/snapshots/:name', DISK, 'snapshots/delete', remove('DiskOperations', DURATION_MS.delete)),
    route('PUT', '/snapshots/:name', DISK, 'snapshots/write', (call) => {
      const { creationData, incremental = false } = call.body.properties ?? {}
      const disk = source(required(creationData, 'sourceResourceId', 'creationData'))
      const { osType, hyperVGeneration, supportedCapabilities, diskSizeGB } = disk.properties
      return create(call, {
        type: 'snapshots',
        state: 'Updating',
        path: 'DiskOperations',
        status: 202,
        hasLocation: true,
        retryAfterS: 2,
        afterMs: DURATION_MS.snapshot,
        properties: { creationData, incremental, osType, hyperVGeneration, supportedCapabilities },
        finish: ({ properties }) =>
          Object.assign(properties, {
            diskSizeGB,
            timeCreated: clock.now().toISOString(),
            diskState: 'Unattached',
            uniqueId: randomUUID(),
          }),
      })
    }),

    route('GET', '/images', COMPUTE, 'images/read', list),
    route('GET', '/images/:name', COMPUTE, 'images/read', show),
    route('DELETE', '/images/:name', COMPUTE, 'images/delete', remove('operations', DURATION_MS.image)),
    route('PUT', '/images/:name', COMPUTE, 'images/write', (call) => {
      const { storageProfile } = call.body.properties ?? {}
      source(required(storageProfile?.osDisk?.snapshot, 'id', 'storageProfile.osDisk'))
      return create(call, {
        type: 'images',
        state: 'Creating',
        path: 'operations',
        status: 201,
        hasLocation: false,
        afterMs: DURATION_MS.image,
        properties: { storageProfile, hyperVGeneration: required(call.body.properties, 'hyperVGeneration') },
      })
    }),

    route('GET', '/galleries/:gallery', GALLERY, 'galleries/read', show),
    route('PUT', '/galleries/:gallery', GALLERY, 'galleries/write', (call) =>
      create(call, {
        type: 'galleries',
        state: 'Creating',
        path: 'capsOperations',
        status: 201,
        hasLocation: false,
        afterMs: DURATION_MS.gallery,
        properties: { identifier: { uniqueName: `${SUBSCRIPTION}-${call.params.gallery?.toUpperCase()}` } },
      }),
    ),
    route('GET', '/galleries/:gallery/images/:definition', GALLERY, 'galleries/images/read', show),
    route('PUT', '/galleries/:gallery/images/:definition', GALLERY, 'galleries/images/write', (call) => {
      parentOf(world, call, /\/images\/[^/]+$/i)
      const properties = call.body.properties ?? {}
      for (const name of ['osType', 'osState', 'identifier']) required(properties, name)
      return create(call, {
        type: 'galleries/images',
        state: 'Creating',
        path: 'capsOperations',
        status: 201,
        hasLocation: false,
        afterMs: DURATION_MS.definition,
        properties: { hyperVGeneration: 'V1', architecture: 'x64', ...properties },
      })
    }),
    route('GET', '/galleries/:gallery/images/:definition/versions', GALLERY, 'galleries/images/versions/read', (call) => {
      parentOf(world, call, /\/versions$/i)
      return { status: 200, body: { value: world.list(call.path).map(withoutReplication) } }
    }),
    route('GET', '/galleries/:gallery/images/:definition/versions/:version', GALLERY, 'galleries/images/versions/read', (call) => {
      const version = found(call)
      return {
        status: 200,
        body: call.query.get('$expand') === 'ReplicationStatus' ? replicating(version, clock) : withoutReplication(version),
      }
    }),
    route(
      'DELETE',
      '/galleries/:gallery/images/:definition/versions/:version',
      GALLERY,
      'galleries/images/versions/delete',
      remove('capsOperations', DURATION_MS.deleteVersion),
    ),
    route('PUT', '/galleries/:gallery/images/:definition/versions/:version', GALLERY, 'galleries/images/versions/write', (call) => {
      const definition = parentOf(world, call, /\/versions\/[^/]+$/i)
      if (!/^\d+\.\d+\.\d+$/.test(call.params.version ?? ''))
        throw new Refusal(400, 'InvalidParameter', 'The gallery image version name must be Major.Minor.Patch.')
      const { storageProfile, publishingProfile = {}, safetyProfile = {} } = call.body.properties ?? {}
      const os = source(required(storageProfile?.osDiskImage?.source, 'id', 'storageProfile.osDiskImage'))
      for (const disk of storageProfile.dataDiskImages ?? []) source(required(disk.source, 'id', 'storageProfile.dataDiskImages'))
      const regions = (publishingProfile.targetRegions ?? []).map(
        ({
          name,
          regionalReplicaCount = 1,
          storageAccountType = 'Standard_LRS',
        }: {
          name: string
          regionalReplicaCount?: number
          storageAccountType?: string
        }) => ({
          name: displayName(name),
          regionalReplicaCount,
          storageAccountType,
          excludeFromLatest: false,
        }),
      )
      if (new Set(regions.map(({ name }: { name: string }) => name)).size !== regions.length) {
        throw new Refusal(400, 'InvalidParameter', 'Duplicate regions are not allowed in target publishing regions.')
      }
      const { hyperVGeneration } = definition.properties
      return create(call, {
        type: 'galleries/images/versions',
        state: 'Creating',
        path: 'capsOperations',
        status: 201,
        hasLocation: false,
        afterMs: DURATION_MS.version,
        properties: {
          storageProfile,
          safetyProfile: { reportedForPolicyViolation: false, ...safetyProfile },
          publishingProfile: {
            replicationMode: 'Full',
            excludeFromLatest: false,
            ...publishingProfile,
            targetRegions: regions,
            publishedDate: clock.now().toISOString(),
          },
        },
        finish: () => {
          if (os.properties.hyperVGeneration && os.properties.hyperVGeneration !== hyperVGeneration) {
            throw new Refusal(
              409,
              'Conflict',
              `The resource with id '${os.id}' has a different Hypervisor generation ['${os.properties.hyperVGeneration}'] than the parent gallery image Hypervisor generation ['${hyperVGeneration}'].`,
            )
          }
        },
      })
    }),
    ...operations.routes([...COMPUTE, ...DISK, ...GALLERY]),
  ]
}

function required(container: Record<string, string> | undefined, name: string, prefix = ''): string {
  const value = container?.[name]
  if (value === undefined || value === null) {
    const parameter = prefix ? `${prefix}.${name}` : name
    throw new Refusal(400, 'InvalidParameter', `Required parameter '${parameter}' is missing (null).`, { target: parameter })
  }
  return value
}

function parentOf(world: World, call: Call, ending: RegExp): Resource {
  const id = call.path.replace(ending, '')
  const parent = world.get(id)
  if (!parent)
    throw new Refusal(
      404,
      'ParentResourceNotFound',
      `Failed to perform 'write' on resource '${call.path}', because the parent resource '${id}' could not be found.`,
    )
  return parent
}

function showVm(vm: Resource, call: Call): object {
  const { statuses: _statuses, extensions: _extensions, ...properties } = vm.properties
  const view = call.query.get('$expand') === 'instanceView' ? { instanceView: instanceView(vm) } : {}
  return { ...vm, properties: { ...properties, ...view } }
}

function instanceView(vm: Resource): object {
  return {
    statuses: vm.properties.statuses.map((code: string) => ({ code, level: 'Info', displayStatus: code.slice(code.indexOf('/') + 1) })),
  }
}

function withoutReplication(version: Resource): Resource {
  return version
}

/** Regions go from 0 to 100 while the version is made. */
function replicating(version: Resource, clock: AzureClock): object {
  const { publishingProfile, provisioningState } = version.properties
  const isDone = provisioningState === 'Succeeded'
  const elapsedMs = clock.now().getTime() - Date.parse(publishingProfile.publishedDate)
  const progress = isDone ? 100 : Math.min(99, Math.floor((100 * elapsedMs) / DURATION_MS.version))
  const summary = publishingProfile.targetRegions.map(({ name }: { name: string }) => ({
    region: name,
    state: isDone ? 'Completed' : 'Replicating',
    details: '',
    progress,
  }))
  return {
    ...version,
    properties: { ...version.properties, replicationStatus: { aggregatedState: isDone ? 'Completed' : 'InProgress', summary } },
  }
}

const DISPLAY_NAMES: Readonly<Record<string, string>> = { westeurope: 'West Europe', northeurope: 'North Europe', eastus: 'East US' }

function displayName(region: string): string {
  return DISPLAY_NAMES[region.toLowerCase().replaceAll(' ', '')] ?? region
}
