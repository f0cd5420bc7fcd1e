/** Rules about an image that is used as it is: `image-id`. */
import { nameOf, regionName } from '../model/arm-id.ts'
import type { Rule } from './facts.ts'

const IMAGE_VERSION = 'https://learn.microsoft.com/azure/virtual-machines/image-version'
const SIG_IMAGES = 'https://learn.microsoft.com/azure/batch/batch-sig-images'

export const GIVEN_IMAGE_RULES: readonly Rule[] = [
  {
    id: 'image-id-exists',
    severity: 'error',
    title: 'The given image exists and is complete',
    link: IMAGE_VERSION,
    check: ({ config: { source }, observed: { givenImage } }) => {
      if (source.kind !== 'image-id') return []
      if (!givenImage)
        return [
          {
            seen: `image ${source.id} was not found`,
            fix: 'Check `image-id`, and that the identity may read the image and its definition.',
          },
        ]
      const { provisioningState } = givenImage.kind === 'gallery' ? givenImage.version : givenImage.image
      return provisioningState === 'Succeeded'
        ? []
        : [{ seen: `image ${source.id} is ${provisioningState}`, fix: 'Wait until it is published, or use another one.' }]
    },
  },
  {
    id: 'image-id-generalized',
    severity: 'error',
    title: 'The given image is generalized',
    link: SIG_IMAGES,
    check: ({ config: { source }, observed: { givenImage } }) => {
      const osState = givenImage?.kind === 'gallery' ? givenImage.definition.osState : givenImage?.image.osState
      return source.kind === 'image-id' && osState === 'Specialized'
        ? [{ seen: `image ${source.id} is specialized`, fix: 'Batch starts nodes only from generalized images: use another one.' }]
        : []
    },
  },
  {
    id: 'image-id-region',
    severity: 'error',
    title: 'The given image is in the region of the Batch account, or has a replica there',
    link: SIG_IMAGES,
    check: ({ observed: { givenImage, account } }) => {
      if (!givenImage || !account) return []
      const region = regionName(account.location)
      if (givenImage.kind === 'managed') {
        return regionName(givenImage.image.location) === region
          ? []
          : [
              {
                seen: `managed image ${givenImage.image.name} is in ${givenImage.image.location}, the account in ${account.location}`,
                fix: 'Publish it to a gallery with `managed-image`: versions are replicated to the region of the account.',
              },
            ]
      }
      const { id, name, targetRegions, replication } = givenImage.version
      const replica = replication.find((one) => regionName(one.region) === region)
      const hasReplica = targetRegions.some((one) => regionName(one.name) === region)
      if (hasReplica && (!replica || replica.state === 'Completed')) return []
      const state = hasReplica ? `its replica in ${region} is ${replica?.state} (${replica?.progress} %)` : `has no replica in ${region}`
      return [
        {
          seen: `version ${name} of ${nameOf(id.replace(/\/versions\/.*$/i, ''))}: ${state}`,
          fix: 'Replicate it there first: `az sig image-version update --add publishingProfile.targetRegions name=<region>`.',
        },
      ]
    },
  },
]
