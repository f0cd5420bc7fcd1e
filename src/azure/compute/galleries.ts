import { nameOf } from '../../model/arm-id.ts'
import type { Compute } from '../../model/compute.ts'
import { PACES } from '../pace.ts'
import { definitionBody, updatedVersion, versionBody } from './bodies.ts'
import { type ComputeCalls, placeOf } from './calls.ts'
import { toDefinition, toGallery, toVersion } from './model.ts'
import { VersionDeletions } from './version-deletions.ts'

type Galleries = Pick<Compute, 'getGallery' | 'createGallery' | 'getImageDefinition' | 'createImageDefinition'>
type Versions = Pick<
  Compute,
  'listImageVersions' | 'listSoftDeletedVersions' | 'getImageVersion' | 'createImageVersion' | 'updateImageVersion' | 'deleteImageVersion'
>

/** Galleries, image definitions and image versions. */
export function galleries(calls: ComputeCalls): Galleries & Versions {
  const { gallery: pace } = PACES
  return {
    ...versions(calls),

    async getGallery(id) {
      const { group, name } = placeOf(id)
      const gallery = await calls.read('read gallery', id, (options) => calls.for(id).galleries.get(group, name, options))
      return gallery && toGallery(gallery)
    },

    async createGallery({ id, location, tags }, signal) {
      const { group, name } = placeOf(id)
      const body = { location, tags: { ...tags } }
      await calls.run({
        operation: 'create gallery',
        method: 'PUT',
        id,
        pace,
        signal,
        isBelieved: true,
        send: (options) => calls.for(id).galleries.createOrUpdate(group, name, body, options),
      })
    },

    async getImageDefinition(id) {
      const { group, name, child } = placeOf(id)
      const definition = await calls.read('read image definition', id, (options) =>
        calls.for(id).galleryImages.get(group, name, child, options),
      )
      return definition && toDefinition(definition)
    },

    async createImageDefinition(id, request, signal) {
      const { group, name, child } = placeOf(id)
      await calls.run({
        operation: 'create image definition',
        method: 'PUT',
        id,
        pace,
        signal,
        isBelieved: true,
        send: (options) => calls.for(id).galleryImages.createOrUpdate(group, name, child, definitionBody(request), options),
      })
    },
  }
}

function versions(calls: ComputeCalls): Versions {
  const { version: pace } = PACES
  const listImageVersions: Versions['listImageVersions'] = async (definition) => {
    const { group, name, child } = placeOf(definition)
    const all = await calls.list('list image versions', definition, (options) =>
      calls.for(definition).galleryImageVersions.listByGalleryImage(group, name, child, options),
    )
    return all?.map(toVersion)
  }
  const deletions = new VersionDeletions(calls.clock)
  return {
    listImageVersions,

    async listSoftDeletedVersions(definition) {
      const { group, name, child } = placeOf(definition)
      const all = await calls.list('list soft-deleted image versions', definition, (options) =>
        calls.for(definition).softDeletedResource.listByArtifactName(group, name, 'images', child, options),
      )
      return all?.flatMap((deleted) => nameOf(deleted.resourceArmId ?? deleted.id ?? '') || [])
    },

    async getImageVersion(id) {
      const { group, name, child, grandchild } = placeOf(id)
      const version = await calls.read('read image version', id, (options) =>
        calls.for(id).galleryImageVersions.get(group, name, child, grandchild, { ...options, expand: 'ReplicationStatus' }),
      )
      return version && toVersion(version)
    },

    createImageVersion(request, signal) {
      const { id } = request
      const { group, name, child, grandchild } = placeOf(id)
      return calls.start({
        operation: 'create image version',
        method: 'PUT',
        id,
        signal,
        send: (options) => calls.for(id).galleryImageVersions.createOrUpdate(group, name, child, grandchild, versionBody(request), options),
      })
    },

    async updateImageVersion(id, update, signal) {
      const { group, name, child, grandchild } = placeOf(id)
      const versions = calls.for(id).galleryImageVersions
      const version = await calls.read('read image version', id, (options) => versions.get(group, name, child, grandchild, options))
      const body = updatedVersion(version ?? { location: '' }, update)
      return calls.start({
        operation: 'update image version',
        method: 'PUT',
        id,
        signal,
        send: (options) => versions.createOrUpdate(group, name, child, grandchild, body, options),
      })
    },

    deleteImageVersion(id, signal) {
      const { group, name, child, grandchild } = placeOf(id)
      return calls.remove({
        operation: 'delete image version',
        id,
        pace,
        signal,
        followedBy: (operation) => deletions.follow(id, operation),
        send: (options) => calls.for(id).galleryImageVersions.delete(group, name, child, grandchild, options),
      })
    },
  }
}
