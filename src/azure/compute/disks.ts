import type * as sdk from '@azure/arm-compute'
import type { Compute } from '../../model/compute.ts'
import { PACES } from '../pace.ts'
import { type ComputeCalls, placeOf } from './calls.ts'
import { toDisk, toSnapshot } from './model.ts'

type Disks = Pick<Compute, 'getDisk' | 'getDiskEncryptionSet' | 'getSnapshot' | 'listSnapshots' | 'createSnapshot' | 'deleteSnapshot'>

/** Managed disks and snapshots of them. */
export function disks(calls: ComputeCalls): Disks {
  const { disk: pace } = PACES
  return {
    async getDisk(id) {
      const { group, name } = placeOf(id)
      const disk = await calls.read('read disk', id, (options) => calls.for(id).disks.get(group, name, options))
      return disk && toDisk(disk)
    },

    async getDiskEncryptionSet(id) {
      const { group, name } = placeOf(id)
      const set = await calls.read('read disk encryption set', id, (options) => calls.for(id).diskEncryptionSets.get(group, name, options))
      return set && { id: set.id ?? id, location: set.location }
    },

    async getSnapshot(id) {
      const { group, name } = placeOf(id)
      const snapshot = await calls.read('read snapshot', id, (options) => calls.for(id).snapshots.get(group, name, options))
      return snapshot && toSnapshot(snapshot)
    },

    async listSnapshots(group) {
      const all = await calls.list('list snapshots', group, (options) =>
        calls.for(group).snapshots.listByResourceGroup(placeOf(group).group, options),
      )
      return all?.map(toSnapshot)
    },

    async createSnapshot(id, { location, sourceResourceId, tags }, signal) {
      const { group, name } = placeOf(id)
      const body: sdk.Snapshot = {
        location,
        tags: { ...tags },
        incremental: true,
        creationData: { createOption: 'Copy', sourceResourceId },
      }
      const send: Parameters<ComputeCalls['run']>[0]['send'] = (options) =>
        calls.for(id).snapshots.createOrUpdate(group, name, body, options)
      await calls.run({ operation: 'create snapshot', method: 'PUT', id, pace, signal, send })
    },

    deleteSnapshot(id, signal) {
      const { group, name } = placeOf(id)
      return calls.remove({
        operation: 'delete snapshot',
        id,
        pace,
        signal,
        send: (options) => calls.for(id).snapshots.delete(group, name, options),
      })
    },
  }
}
