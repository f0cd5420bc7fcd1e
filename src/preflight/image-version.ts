/** Rules about a version that is requested by its number. */
import { imageTargetId } from '../config/config.ts'
import { reasonToRefresh } from '../image/freshness.ts'
import { type BuiltVersion, poolImages } from '../image/managed-images.ts'
import { namesakes, reasonToStayOf } from '../image/plan-version.ts'
import { isUsable } from '../image/standing.ts'
import { fingerprintOf, isOwn, sourceTag, TAGS } from '../image/tags.ts'
import { missingRegions } from '../image/target-regions.ts'
import { sameId } from '../model/arm-id.ts'
import type { Facts, Rule } from './facts.ts'

const IMAGE_VERSION = 'https://learn.microsoft.com/azure/virtual-machines/image-version'

export const IMAGE_VERSION_RULES: readonly Rule[] = [
  {
    id: 'image-version-taken',
    severity: 'error',
    title: 'A requested version does not belong to another source',
    objection: 'Image version belongs to another source',
    link: IMAGE_VERSION,
    check: (facts) =>
      asked(facts)
        .filter((taken) => !isOfSource(taken, facts))
        .map(({ name, tags: { [TAGS.source]: source } }) => ({
          seen: `${name} exists and was made ${source ? `from ${source}` : 'by something else'}`,
          fix: 'A version cannot be changed: choose another `image-version`, or `auto`.',
        })),
  },
  {
    id: 'image-version-failed',
    severity: 'error',
    title: 'A requested version has not failed while something needs it',
    objection: 'Image version has failed and is in use',
    link: IMAGE_VERSION,
    check: (facts) => {
      const { observed, batchRegions } = facts
      return asked(facts)
        .filter((taken) => taken.provisioningState === 'Failed' && isOfSource(taken, facts) && !isUsableIn(batchRegions, taken))
        .flatMap((taken) => {
          const reason = reasonToStayOf(taken, observed)
          return reason
            ? [
                {
                  seen: `${taken.name} failed, and ${reason}`,
                  fix: 'It is neither deleted nor overwritten: choose another `image-version`, or `auto`.',
                },
              ]
            : []
        })
    },
  },
  {
    id: 'image-version-older',
    severity: 'warning',
    title: 'A requested version is of the source as it is now, and no older than `rebuild` allows',
    objection: 'Requested image version is out of date',
    link: IMAGE_VERSION,
    check: (facts) => {
      const { image } = facts.config
      if (!image || !facts.content) return []
      const fingerprint = fingerprintOf(facts.content.identity, { imageId: imageTargetId(image), kind: image.kind })
      return reused(facts).flatMap((version) => {
        const reason =
          version.tags[TAGS.fingerprint] === fingerprint
            ? reasonToRefresh({ ...version, name: image.version }, image.rebuild, new Date(facts.observed.azureTime ?? facts.now))
            : 'its source has changed since'
        return reason
          ? [
              {
                seen: `${version.name} exists, and ${reason}: it is used as it is`,
                fix: 'Choose another `image-version`, or `auto`, to publish the source as it is now.',
              },
            ]
          : []
      })
    },
  },
  {
    id: 'image-version-region',
    severity: 'error',
    title: 'A requested version has a replica in the region of the Batch account',
    objection: 'Image version has no replica in the Batch region',
    link: 'https://learn.microsoft.com/azure/batch/batch-sig-images',
    check: (facts) => {
      const { account } = facts.observed
      if (!account) return []
      return reused(facts)
        .filter((taken) => missingRegions(taken, [{ name: account.location }]).length > 0)
        .map(({ name }) => ({
          seen: `${name} exists, without a replica in ${account.location}`,
          fix: 'Choose another `image-version`, or `auto`; or replicate it there first: `az sig image-version update --add publishingProfile.targetRegions name=<region>`.',
        }))
    },
  },
  {
    id: 'image-version-soft-deleted',
    severity: 'error',
    title: 'A requested version is not soft-deleted in its gallery',
    objection: 'Image version is soft-deleted',
    link: 'https://learn.microsoft.com/azure/virtual-machines/soft-delete-gallery',
    check: ({ config: { image }, observed: { softDeletedVersions = [] } }) =>
      image && softDeletedVersions.includes(image.version)
        ? [
            {
              seen: `version ${image.version} of ${image.name} was deleted, and the gallery still holds it: a new one of that number would be the old one restored, or be refused`,
              fix: 'Choose another `image-version`, or `auto`; or delete it for good: **Show soft deleted versions** on the definition in the portal.',
            },
          ]
        : [],
  },
  {
    id: 'snapshot-name-taken',
    severity: 'error',
    title: 'The snapshot names of a requested version are free',
    objection: 'Snapshot name is taken',
    link: IMAGE_VERSION,
    check: (facts) => {
      const { image } = facts.config
      const isThere = asked(facts).some(({ provisioningState }) => provisioningState !== 'Failed')
      if (!image || !facts.content || isThere) return []
      return namesakes(image, image.version, facts.content.captured, facts.observed.snapshots).map(({ name }) => ({
        seen: `snapshot ${name} belongs to something else and has the name of one that this run would take`,
        fix: 'Choose another `image-version`, or `auto`; or delete the snapshot if nothing needs it.',
      }))
    },
  },
]

type Named = Pick<BuiltVersion, 'id' | 'name' | 'provisioningState' | 'tags' | 'targetRegions' | 'replication'>

/** Whatever exists under the requested version, whoever made it, finished or not. */
function asked({ config: { image, pool }, observed: { versions, images } }: Facts): readonly Named[] {
  if (!image || image.version === 'auto') return []
  if (image.kind === 'gallery')
    return versions
      .filter(({ name }) => name === image.version)
      .map((version) => ({ ...version, name: `version ${version.name} of ${image.name}` }))
  const ids = poolImages(image, image.version, pool, images).map(({ id }) => id)
  return images.filter(({ id }) => ids.some((one) => sameId(one, id))).map((one) => ({ ...one, name: `managed image ${one.name}` }))
}

/** Whatever exists under that version and of this source; one that failed everywhere is rebuilt. */
export const reused = (facts: Facts): readonly Named[] =>
  asked(facts).filter(
    (taken) => isOfSource(taken, facts) && (taken.provisioningState !== 'Failed' || isUsableIn(facts.batchRegions, taken)),
  )

function isOfSource({ tags }: Named, { config: { image }, content }: Facts): boolean {
  if (!image || !content) return true
  return isOwn(tags, image.name) && tags[TAGS.source]?.toLowerCase() === sourceTag(content.sourceId).toLowerCase()
}

/** Somewhere: accounts in regions where it failed wait for a new attempt. */
const isUsableIn = (regions: Facts['batchRegions'], version: BuiltVersion): boolean => regions.some(({ name }) => isUsable(version, name))
