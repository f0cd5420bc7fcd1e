/** Rules about the image, its definition and its region. */
import { regionName } from '../model/arm-id.ts'
import { fitsSecurityType, STANDARD } from '../model/image-traits.ts'
import type { Rule } from './facts.ts'

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
    // In a fleet over several regions all but one are elsewhere, as intended.
    title: 'The image is created in the region of a Batch account',
    objection: 'Image is created in another region',
    link: IMAGE_VERSION,
    check: ({ config: { image }, content, observed: { account }, batchRegions }) =>
      image?.kind === 'gallery' && content && account && !batchRegions.some(({ name }) => name === regionName(content.location))
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
]

/** `SCSI, NVMe` and `NVMe,SCSI` are one. */
function featureOf(features: Readonly<Record<string, string>>, name: string): string {
  const value = features[name] ?? DEFAULT_FEATURES[name] ?? ''
  return value.split(/,\s*/).toSorted().join(', ')
}
