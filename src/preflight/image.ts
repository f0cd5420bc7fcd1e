/** Rules about the image, its definition and its region. */
import { imageTargetId } from '../config/config.ts'
import { type BuiltVersion, poolImages } from '../image/managed-images.ts'
import { namesakes, reasonToStayOf } from '../image/plan-version.ts'
import { isUsable } from '../image/standing.ts'
import { fingerprintOf, isOwn, sourceTag, TAGS } from '../image/tags.ts'
import { missingRegions } from '../image/target-regions.ts'
import { regionName, sameId } from '../model/arm-id.ts'
import { fitsSecurityType, STANDARD } from '../model/image-traits.ts'
import type { Facts, Rule } from './facts.ts'

const IMAGE_VERSION = 'https://learn.microsoft.com/azure/virtual-machines/image-version'
const MIGRATION = 'https://learn.microsoft.com/azure/batch/batch-custom-image-pools-to-azure-compute-gallery-migration-guide'
const TRUSTED_LAUNCH = 'https://learn.microsoft.com/azure/virtual-machines/trusted-launch'

/** Features that Azure does not check but nodes depend on, each with the default that Azure assumes where it is absent. */
const DEFAULT_FEATURES: Readonly<Record<string, string>> = { DiskControllerTypes: 'SCSI', IsAcceleratedNetworkSupported: 'False' }
const FEATURES = Object.keys(DEFAULT_FEATURES)

export const IMAGE_RULES: readonly Rule[] = [
  {
    id: 'managed-image-retired',
    severity: 'warning',
    title: 'Pools from managed images are retired',
    objection: 'Managed images are retired in Batch',
    link: MIGRATION,
    check: ({ config: { image }, observed: { givenImage } }) =>
      image?.kind === 'managed' || givenImage?.kind === 'managed'
        ? [
            {
              seen: 'Azure retired Batch pools made from managed images on 31 March 2026',
              fix: 'Use `image-kind: gallery` with `gallery`; `managed-image` publishes an existing managed image there.',
            },
          ]
        : [],
  },
  {
    id: 'managed-image-region',
    severity: 'error',
    title: 'A managed image is in the region of the Batch account',
    objection: 'Managed image is in another region',
    link: MIGRATION,
    check: ({ config: { image }, content, observed: { account } }) =>
      image?.kind === 'managed' && content && account && regionName(content.location) !== regionName(account.location)
        ? [
            {
              seen: `the source is in ${content.location}, the account in ${account.location}`,
              fix: 'Use `image-kind: gallery`: versions are replicated to the region of the account.',
            },
          ]
        : [],
  },
  {
    id: 'managed-image-trusted-launch',
    severity: 'error',
    title: 'Trusted Launch disks become gallery images',
    objection: 'Trusted Launch needs a gallery image',
    link: TRUSTED_LAUNCH,
    check: ({ config: { image }, imageTraits }) =>
      image?.kind === 'managed' && (imageTraits?.features.SecurityType ?? STANDARD) !== STANDARD
        ? [
            {
              seen: `the disks have security type ${imageTraits?.features.SecurityType}`,
              fix: 'Use `image-kind: gallery`: Azure does not create managed images from such disks.',
            },
          ]
        : [],
  },
  {
    id: 'gallery-region',
    severity: 'warning',
    title: 'The image is created near the Batch account',
    objection: 'Image is created in another region',
    link: IMAGE_VERSION,
    check: ({ config: { image }, content, observed: { account } }) =>
      image?.kind === 'gallery' && content && account && regionName(content.location) !== regionName(account.location)
        ? [
            {
              seen: `the source is in ${content.location}, the account in ${account.location}: the version is replicated across regions, which takes longer and costs more`,
              fix: 'Keep the golden VM in the region of the account if time matters.',
            },
          ]
        : [],
  },
  {
    id: 'definition-matches',
    severity: 'error',
    title: 'An existing image definition fits the disks',
    objection: 'Image definition does not fit the disks',
    link: IMAGE_VERSION,
    check: ({ observed: { definition }, content }) => {
      if (!definition || !content) return []
      const { imageTraits } = content
      const [security, needed] = [definition.features.SecurityType, imageTraits.features.SecurityType]
      const differences: readonly (readonly [string, string, string])[] = [
        ['OS type', definition.osType, imageTraits.osType],
        ['OS state', definition.osState, 'Generalized'],
        ['generation', definition.hyperVGeneration, imageTraits.generation],
        ['architecture', definition.architecture, imageTraits.architecture],
        ...(fitsSecurityType(security, needed) ? [] : [['security type', security ?? STANDARD, needed ?? STANDARD] as const]),
        ['purchase plan', JSON.stringify(definition.purchasePlan ?? null), JSON.stringify(imageTraits.purchasePlan ?? null)],
      ]
      return differences
        .filter(([, has, needs]) => has !== needs)
        .map(([what, has, needs]) => ({
          seen: `definition ${definition.name} has ${what} ${has}, the disks need ${needs}`,
          fix: 'A definition cannot be changed: choose another `image-name`, or build from a VM that fits.',
        }))
    },
  },
  {
    id: 'definition-features',
    severity: 'warning',
    title: 'An existing image definition has the features of the disks',
    objection: 'Image definition lacks features of the disks',
    link: 'https://learn.microsoft.com/azure/virtual-machines/shared-image-galleries#image-definitions',
    check: ({ observed: { definition }, content }) =>
      !definition || !content
        ? []
        : FEATURES.filter((name) => featureOf(definition.features, name) !== featureOf(content.imageTraits.features, name)).map((name) => ({
            seen: `definition ${definition.name} has ${name} ${featureOf(definition.features, name)}, the disks have ${featureOf(content.imageTraits.features, name)}`,
            fix: 'Azure goes by the definition, which cannot be changed: choose another `image-name` to get a definition that fits the disks.',
          })),
  },
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
      const { observed, content } = facts
      const region = observed.account?.location ?? content?.location ?? ''
      return asked(facts)
        .filter((taken) => taken.provisioningState === 'Failed' && isOfSource(taken, facts) && !isUsable(taken, region))
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
    id: 'shallow-region',
    severity: 'error',
    title: 'A shallow version is made in the region of the Batch account',
    objection: 'Shallow version needs a source in the Batch region',
    link: 'https://developer.hashicorp.com/packer/integrations/hashicorp/azure/latest/components/builder/arm#shallow-replication',
    check: ({ config: { image }, content, observed: { account } }) =>
      image?.replication === 'Shallow' && content && account && regionName(content.location) !== regionName(account.location)
        ? [
            {
              seen: `the source is in ${content.location}, the account in ${account.location}; a shallow version is not copied`,
              fix: 'Use `replication: full`.',
            },
          ]
        : [],
  },
  {
    id: 'end-of-life-past',
    severity: 'error',
    title: 'The end of life of a version is still to come',
    objection: 'End of life is in the past',
    link: IMAGE_VERSION,
    check: ({ config: { image }, now }) =>
      image?.endOfLife && 'date' in image.endOfLife && Date.parse(image.endOfLife.date) <= now.getTime()
        ? [
            {
              seen: `\`end-of-life\` is ${image.endOfLife.date.slice(0, 10)}, which is past`,
              fix: 'Give a later date, or an age such as 90d.',
            },
          ]
        : [],
  },
  {
    id: 'image-version-older',
    severity: 'warning',
    title: 'A requested version is of the source as it is now',
    objection: 'Image version is older than its source',
    link: IMAGE_VERSION,
    check: (facts) => {
      const { image } = facts.config
      if (!image || !facts.content) return []
      const fingerprint = fingerprintOf(facts.content.identity, { imageId: imageTargetId(image), kind: image.kind })
      return reused(facts)
        .filter(({ tags }) => tags[TAGS.fingerprint] !== fingerprint)
        .map(({ name }) => ({
          seen: `${name} exists, and its source has changed since: it is used as it is`,
          fix: 'Choose another `image-version`, or `auto`, to publish the source as it is now.',
        }))
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

/** `SCSI, NVMe` and `NVMe,SCSI` are one. */
function featureOf(features: Readonly<Record<string, string>>, name: string): string {
  const value = features[name] ?? DEFAULT_FEATURES[name] ?? ''
  return value.split(/,\s*/).toSorted().join(', ')
}

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
const reused = (facts: Facts): readonly Named[] =>
  asked(facts).filter(
    (taken) =>
      isOfSource(taken, facts) && (taken.provisioningState !== 'Failed' || isUsable(taken, facts.observed.account?.location ?? '')),
  )

function isOfSource({ tags }: Named, { config: { image }, content }: Facts): boolean {
  if (!image || !content) return true
  return isOwn(tags, image.name) && tags[TAGS.source]?.toLowerCase() === sourceTag(content.sourceId).toLowerCase()
}
