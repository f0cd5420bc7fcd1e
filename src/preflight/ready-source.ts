/** Rules about disks that are ready to become the image: snapshots, VHDs, a managed image. */
import { nameOf, regionName } from '../model/arm-id.ts'
import type { Rule } from './facts.ts'

const IMAGE_VERSION = 'https://learn.microsoft.com/azure/virtual-machines/image-version'

export const READY_SOURCE_RULES: readonly Rule[] = [
  {
    id: 'snapshots-exist',
    severity: 'error',
    title: 'The given snapshots exist, are complete, and are in one region',
    objection: 'Snapshots cannot be used',
    link: IMAGE_VERSION,
    check: ({ config: { source }, observed: { sourceSnapshots = [] } }) => {
      if (source.kind !== 'snapshots') return []
      const found = (id: string) => sourceSnapshots.find((snapshot) => snapshot.id.toLowerCase() === id.toLowerCase())
      const missing = source.disks.filter(({ source: id }) => !found(id))
      const half = sourceSnapshots.filter(({ provisioningState }) => provisioningState !== 'Succeeded')
      // A copy from another region is `Succeeded` at once, and continues behind that.
      const copied = sourceSnapshots.filter(
        ({ provisioningState, completionPercent = 100 }) => provisioningState === 'Succeeded' && completionPercent < 100,
      )
      const regions = [...new Set(sourceSnapshots.map(({ location }) => regionName(location)))]
      return [
        ...missing.map(({ disk, source: id }) => ({
          seen: `snapshot ${nameOf(id)} (${disk}) was not found: ${id}`,
          fix: 'Check `snapshots`, `resource-group` and `subscription-id`.',
        })),
        ...half.map(({ name, provisioningState }) => ({
          seen: `snapshot ${name} is ${provisioningState}`,
          fix: 'Wait until it is complete, or take another.',
        })),
        ...copied.map(({ name, completionPercent }) => ({
          seen: `snapshot ${name} is still being copied (${completionPercent} %)`,
          fix: 'Wait until it is complete, or take another.',
        })),
        ...(regions.length > 1
          ? [
              {
                seen: `the snapshots are in ${regions.join(' and ')}`,
                fix: 'Copy them to one region: an image is created in the region of its disks.',
              },
            ]
          : []),
      ]
    },
  },
  {
    id: 'managed-image-exists',
    severity: 'error',
    title: 'The given managed image exists and is generalized',
    objection: 'Managed image not found or not generalized',
    link: IMAGE_VERSION,
    check: ({ config: { source }, observed: { sourceImage } }) => {
      if (source.kind !== 'managed-image') return []
      if (!sourceImage) {
        return [
          {
            seen: `managed image ${nameOf(source.id)} was not found: ${source.id}`,
            fix: 'Check `managed-image`, `resource-group` and `subscription-id`.',
          },
        ]
      }
      return sourceImage.osState === 'Specialized'
        ? [
            {
              seen: `managed image ${sourceImage.name} is specialized`,
              fix: 'Batch starts nodes only from generalized images: use another one.',
            },
          ]
        : []
    },
  },
  {
    id: 'vhd-storage-account',
    severity: 'error',
    title: 'The storage accounts of the VHDs are visible in the subscription',
    objection: 'Storage account of the VHD not found',
    link: IMAGE_VERSION,
    check: ({ config: { source }, observed: { storageAccounts = [] } }) => {
      if (source.kind !== 'vhd') return []
      const hosts = new Set(source.disks.map(({ source: address }) => new URL(address).hostname.toLowerCase()))
      return [...hosts]
        .filter((host) => !storageAccounts.some((account) => account.host === host))
        .map((host) => ({
          seen: `no storage account ${source.storageAccount ?? host.split('.')[0]} is visible in the subscription`,
          fix: 'Name it with `vhd-storage-account` (name or resource id), and give the identity a role that can read it.',
        }))
    },
  },
  {
    id: 'vhd-regions',
    severity: 'error',
    title: 'All VHDs are in one region',
    objection: 'VHDs are in several regions',
    link: IMAGE_VERSION,
    check: ({ observed: { storageAccounts = [] } }) => {
      const regions = [...new Set(storageAccounts.map(({ location }) => regionName(location)))]
      return regions.length > 1
        ? [
            {
              seen: `the VHDs are in ${regions.join(' and ')}`,
              fix: 'Copy them to one region: an image is created in the region of its disks.',
            },
          ]
        : []
    },
  },
]
