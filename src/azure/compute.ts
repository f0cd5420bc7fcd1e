import { ComputeManagementClient } from '@azure/arm-compute'
import type { TokenCredential } from '@azure/core-auth'
import { createDefaultHttpClient, createPipelineRequest, type PipelinePolicy } from '@azure/core-rest-pipeline'
import type { LongOperation } from '../model/arm.ts'
import { type ArmId, partsOf } from '../model/arm-id.ts'
import type { Compute } from '../model/compute.ts'
import type { Clock } from '../run/runner.ts'
import type { Cloud } from './cloud.ts'
import { toDefinition, toDisk, toGallery, toImage, toSnapshot, toVersion, toVirtualMachine } from './compute-model.ts'
import { type Attempt, failedCall, type RawAnswer, trusted } from './failure.ts'
import { imageBody, versionBody } from './image-bodies.ts'
import { follow, operationOf, PACES, type Pace } from './long-operation.ts'
import { runCommandInput, scriptOutput } from './run-command.ts'
import type { TransportOptions } from './transport.ts'

/** Options that every call of arm-compute takes; `onResponse` sees the answer before the SDK drops parts of it. */
interface CallOptions {
  readonly onResponse: (answer: RawAnswer) => void
  readonly abortSignal?: AbortSignal
}

interface Started {
  submitted(): Promise<void>
}

/** Microsoft.Compute through `@azure/arm-compute`, whose pollers are not used: they lose Azure's error details and cannot be slowed down. */
export function createCompute(credential: TokenCredential, cloud: Cloud, transport: TransportOptions, clock: Clock): Compute {
  const clients = new Map<string, ComputeManagementClient>()
  const httpClient = createDefaultHttpClient()
  const origin = new URL(cloud.resourceManagerUrl).origin

  const clientOf = (id: ArmId): ComputeManagementClient => {
    const { subscriptionId } = partsOf(id)
    const client =
      clients.get(subscriptionId) ??
      new ComputeManagementClient(credential, subscriptionId, {
        endpoint: cloud.resourceManagerUrl,
        credentials: { scopes: [cloud.resourceManagerScope] },
        ...transport,
        additionalPolicies: [...transport.additionalPolicies, { policy: stayAt(origin), position: 'perCall' }],
      })
    clients.set(subscriptionId, client)
    return client
  }

  /** One call; a refusal becomes an `AzureError` that knows the whole answer. */
  const call = async <T>(attempt: Attempt, signal: AbortSignal | undefined, send: (options: CallOptions) => Promise<T>) => {
    let answer: RawAnswer | undefined
    const onResponse = (raw: RawAnswer) => {
      answer = raw
    }
    try {
      const value = await send({ onResponse, ...(signal && { abortSignal: signal }) })
      return { value, answer }
    } catch (error) {
      throw failedCall(attempt, error, answer)
    }
  }

  const read = async <T>(operation: string, id: ArmId, send: (options: CallOptions) => Promise<T>): Promise<T | undefined> => {
    try {
      return (await call({ operation, resourceId: id, method: 'GET', url: id }, undefined, send)).value
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  const list = async <T>(operation: string, id: ArmId, pages: (options: CallOptions) => AsyncIterable<T>): Promise<T[]> =>
    (await read(operation, id, (options) => Array.fromAsync(pages(options)))) ?? []

  /** Starts a long operation; it may be asked about with `poll`. */
  const start = async (attempt: Attempt, signal: AbortSignal, send: (options: CallOptions) => Started) => {
    const { answer } = await call(attempt, signal, (options) => send(options).submitted())
    const client = clientOf(attempt.resourceId as ArmId)
    const ask = (url: string) => client.pipeline.sendRequest(httpClient, createPipelineRequest({ url, abortSignal: signal }))
    return operationOf(answer ?? { status: 200, headers: new Headers() as never }, attempt, ask, origin)
  }

  const run = async (attempt: Attempt, pace: Pace, signal: AbortSignal, send: (options: CallOptions) => Started): Promise<void> =>
    follow(await start(attempt, signal, send), pace, clock, signal)

  const remove = async (what: string, id: ArmId, pace: Pace, signal: AbortSignal, send: (options: CallOptions) => Started) => {
    try {
      await run({ operation: `delete ${what}`, resourceId: id, method: 'DELETE', url: id }, pace, signal, send)
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  const put = (what: string, id: ArmId): Attempt => ({ operation: `create ${what}`, resourceId: id, method: 'PUT', url: id })
  const post = (what: string, id: ArmId): Attempt => ({ operation: what, resourceId: id, method: 'POST', url: id })

  const at = (id: ArmId) => {
    const { resourceGroup, names } = partsOf(id)
    const [name = '', child = '', grandchild = ''] = names
    return { group: resourceGroup, name, child, grandchild }
  }

  const compute: Compute = {
    async getVm(id) {
      const { group, name } = at(id)
      const vm = await read('read virtual machine', id, (options) =>
        clientOf(id).virtualMachines.get(group, name, { ...options, expand: 'instanceView' }),
      )
      return vm && toVirtualMachine(vm)
    },

    async listVmExtensions(id) {
      const { group, name } = at(id)
      const answer = await read('list VM extensions', id, (options) => clientOf(id).virtualMachineExtensions.list(group, name, options))
      return (answer?.value ?? []).map((extension) => ({
        name: extension.name ?? '',
        publisher: extension.publisher ?? '',
        type: extension.typePropertiesType ?? '',
      }))
    },

    async getDisk(id) {
      const disk = await read('read disk', id, (options) => clientOf(id).disks.get(at(id).group, at(id).name, options))
      return disk && toDisk(disk)
    },

    deallocateVm: (id, signal) =>
      run(post('deallocate virtual machine', id), PACES.vm, signal, (options) =>
        clientOf(id).virtualMachines.deallocate(at(id).group, at(id).name, options),
      ),

    startVm: (id, signal) =>
      run(post('start virtual machine', id), PACES.vm, signal, (options) =>
        clientOf(id).virtualMachines.start(at(id).group, at(id).name, options),
      ),

    async runScript(id, osType, script, signal) {
      const attempt = post('run script in virtual machine', id)
      const operation = await start(attempt, signal, (options) =>
        clientOf(id).virtualMachines.runCommand(at(id).group, at(id).name, runCommandInput(osType, script), options),
      )
      await follow(operation, PACES.vm, clock, signal)
      return scriptOutput(at(id).name, await operation.output())
    },

    async getSnapshot(id) {
      const snapshot = await read('read snapshot', id, (options) => clientOf(id).snapshots.get(at(id).group, at(id).name, options))
      return snapshot && toSnapshot(snapshot)
    },

    async listSnapshots(group) {
      const { resourceGroup } = partsOf(group)
      const all = await list('list snapshots', group, (options) => clientOf(group).snapshots.listByResourceGroup(resourceGroup, options))
      return all.map(toSnapshot)
    },

    async createSnapshot(id, { location, sourceResourceId, tags }, signal) {
      const { group, name } = at(id)
      await run(put('snapshot', id), PACES.disk, signal, (options) =>
        clientOf(id).snapshots.createOrUpdate(
          group,
          name,
          { location, tags: { ...tags }, incremental: true, creationData: { createOption: 'Copy', sourceResourceId } },
          options,
        ),
      )
    },

    deleteSnapshot: (id, signal) =>
      remove('snapshot', id, PACES.disk, signal, (options) => clientOf(id).snapshots.delete(at(id).group, at(id).name, options)),

    async getGallery(id) {
      const gallery = await read('read gallery', id, (options) => clientOf(id).galleries.get(at(id).group, at(id).name, options))
      return gallery && toGallery(gallery)
    },

    async createGallery(id, location, tags, signal) {
      await run(put('gallery', id), PACES.gallery, signal, (options) =>
        clientOf(id).galleries.createOrUpdate(at(id).group, at(id).name, { location, tags: { ...tags } }, options),
      )
    },

    async getImageDefinition(id) {
      const { group, name, child } = at(id)
      const definition = await read('read image definition', id, (options) => clientOf(id).galleryImages.get(group, name, child, options))
      return definition && toDefinition(definition)
    },

    async createImageDefinition(id, request, signal) {
      const { group, name, child } = at(id)
      const { publisher, offer, sku } = request.identifier
      await run(put('image definition', id), PACES.gallery, signal, (options) =>
        clientOf(id).galleryImages.createOrUpdate(
          group,
          name,
          child,
          {
            location: request.location,
            tags: { ...request.tags },
            osType: request.osType,
            osState: request.osState,
            hyperVGeneration: request.hyperVGeneration,
            architecture: request.architecture,
            identifier: { publisher, offer, sku },
            features: Object.entries(request.features).map(([feature, value]) => ({ name: feature, value })),
            ...(request.purchasePlan && { purchasePlan: request.purchasePlan }),
          },
          options,
        ),
      )
    },

    async listImageVersions(definition) {
      const { group, name, child } = at(definition)
      const all = await list('list image versions', definition, (options) =>
        clientOf(definition).galleryImageVersions.listByGalleryImage(group, name, child, options),
      )
      return all.map(toVersion)
    },

    async getImageVersion(id) {
      const { group, name, child, grandchild } = at(id)
      const version = await read('read image version', id, (options) =>
        clientOf(id).galleryImageVersions.get(group, name, child, grandchild, { ...options, expand: 'ReplicationStatus' }),
      )
      return version && toVersion(version)
    },

    createImageVersion: (request, signal): Promise<LongOperation> => {
      const { group, name, child, grandchild } = at(request.id)
      return start(put('image version', request.id), signal, (options) =>
        clientOf(request.id).galleryImageVersions.createOrUpdate(group, name, child, grandchild, versionBody(request), options),
      )
    },

    deleteImageVersion: (id, signal) => {
      const { group, name, child, grandchild } = at(id)
      return remove('image version', id, PACES.version, signal, (options) =>
        clientOf(id).galleryImageVersions.delete(group, name, child, grandchild, options),
      )
    },

    async getImage(id) {
      const image = await read('read managed image', id, (options) => clientOf(id).images.get(at(id).group, at(id).name, options))
      return image && toImage(image)
    },

    async listImages(group) {
      const { resourceGroup } = partsOf(group)
      const all = await list('list managed images', group, (options) => clientOf(group).images.listByResourceGroup(resourceGroup, options))
      return all.map(toImage)
    },

    async createImage(request, signal) {
      const { id } = request
      await run(put('managed image', id), PACES.image, signal, (options) =>
        clientOf(id).images.createOrUpdate(at(id).group, at(id).name, imageBody(request), options),
      )
    },

    deleteImage: (id, signal) =>
      remove('managed image', id, PACES.image, signal, (options) => clientOf(id).images.delete(at(id).group, at(id).name, options)),

    async listUsages(of, location) {
      const region = `/subscriptions/${partsOf(of).subscriptionId}/providers/Microsoft.Compute/locations/${location}` as ArmId
      const all = await list('list usages of Compute', region, (options) => clientOf(of).usage.list(location, options))
      return all.map(({ name, currentValue, limit }) => ({ name: name.value ?? '', currentValue, limit }))
    },
  }
  return compute
}

/** arm-compute follows the links of its lists by itself, wherever they lead. */
function stayAt(origin: string): PipelinePolicy {
  return {
    name: 'stayAtPolicy',
    async sendRequest(request, next) {
      trusted(request.url, origin, 'the next page')
      return next(request)
    },
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'status' in error && error.status === 404
}
