import type { Compute } from '../../model/compute.ts'
import { PACES } from '../pace.ts'
import { imageBody } from './bodies.ts'
import { type ComputeCalls, placeOf } from './calls.ts'
import { toImage } from './model.ts'

type Images = Pick<Compute, 'getImage' | 'listImages' | 'createImage' | 'deleteImage'>

/** Managed images. */
export function images(calls: ComputeCalls): Images {
  const { image: pace } = PACES
  return {
    async getImage(id) {
      const { group, name } = placeOf(id)
      const image = await calls.read('read managed image', id, (options) => calls.for(id).images.get(group, name, options))
      return image && toImage(image)
    },

    async listImages(group) {
      const all = await calls.list('list managed images', group, (options) =>
        calls.for(group).images.listByResourceGroup(placeOf(group).group, options),
      )
      return all?.map(toImage)
    },

    async createImage(request, signal) {
      const { id } = request
      const { group, name } = placeOf(id)
      await calls.run({
        operation: 'create managed image',
        method: 'PUT',
        id,
        pace,
        signal,
        send: (options) => calls.for(id).images.createOrUpdate(group, name, imageBody(request), options),
      })
    },

    deleteImage(id, signal) {
      const { group, name } = placeOf(id)
      const operation = 'delete managed image'
      return calls.remove({ operation, id, pace, signal, send: (options) => calls.for(id).images.delete(group, name, options) })
    },
  }
}
