/** Rules about an image that is used as it is: `image-id`. */
import { failedRegions, publishedState, replicaIn } from '../image/standing.ts'
import { nameOf, regionName } from '../model/arm-id.ts'
import type { Rule } from './facts.ts'

const IMAGE_VERSION = 'https://learn.microsoft.com/azure/virtual-machines/image-version'
const SIG_IMAGES = 'https://learn.microsoft.com/azure/batch/batch-sig-images'

export const GIVEN_IMAGE_RULES: readonly Rule[] = [
  {
    id: 'image-id-exists',
    severity: 'error',
    title: 'The given image exists and is complete',
    objection: 'Image not found or not complete',
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
      // The run waits for operations in progress. Whether a failed version can be used depends on its region.
      const awaited = givenImage.kind === 'gallery' ? ['Succeeded', 'Creating', 'Updating', 'Failed'] : ['Succeeded']
      return awaited.includes(provisioningState)
        ? []
        : [{ seen: `image ${source.id} is ${provisioningState}`, fix: 'Wait until it is published, or use another one.' }]
    },
  },
  {
    id: 'image-id-generalized',
    severity: 'error',
    title: 'The given image is generalized',
    objection: 'Image is not generalized',
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
    objection: 'Image is not in the region of the Batch account',
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
      const { version } = givenImage
      if (publishedState(version, region) !== 'failed') return []
      const seen = `version ${version.name} of ${nameOf(version.id.replace(/\/versions\/.*$/i, ''))}`
      const replica = replicaIn(version.replication, region)
      return [
        replica?.state === 'Failed'
          ? {
              seen: `${seen}: its replica in ${region} failed`,
              fix: 'Remove the region from the version and add it again: `az sig image-version update`.',
            }
          : {
              seen: `${seen}: has no replica in ${region}`,
              fix: 'Replicate it there first: `az sig image-version update --add publishingProfile.targetRegions name=<region>`.',
            },
      ]
    },
  },
  {
    id: 'image-id-failed-regions',
    severity: 'warning',
    title: 'The given image is complete in every region',
    objection: 'Image failed in another region',
    link: IMAGE_VERSION,
    check: ({ observed: { givenImage, account } }) => {
      if (givenImage?.kind !== 'gallery' || !account || publishedState(givenImage.version, account.location) === 'failed') return []
      const { version } = givenImage
      return failedRegions(version).map((region) => ({
        seen: `the replica of version ${version.name} in ${region} failed; the one in ${account.location} is what counts here`,
        fix: 'Remove that region from the version and add it again: `az sig image-version update`.',
      }))
    },
  },
]
