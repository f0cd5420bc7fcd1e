/** Rules about the image, its definition and its region. */
import { regionName } from '../provenance.ts'
import type { Rule } from './facts.ts'

const IMAGE_VERSION = 'https://learn.microsoft.com/azure/virtual-machines/image-version'
const MIGRATION = 'https://learn.microsoft.com/azure/batch/batch-custom-image-pools-to-azure-compute-gallery-migration-guide'
const TRUSTED_LAUNCH = 'https://learn.microsoft.com/azure/virtual-machines/trusted-launch'

export const IMAGE_RULES: readonly Rule[] = [
  {
    id: 'managed-image-retired',
    severity: 'warning',
    title: 'Pools from managed images are retired',
    link: MIGRATION,
    check: ({ config: { image } }) =>
      image?.kind === 'managed'
        ? [
            {
              seen: 'Azure retired Batch pools made from managed images on 31 March 2026',
              fix: 'Use `image-kind: gallery` with `gallery`.',
            },
          ]
        : [],
  },
  {
    id: 'managed-image-region',
    severity: 'error',
    title: 'A managed image is in the region of the Batch account',
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
    link: TRUSTED_LAUNCH,
    check: ({ config: { image }, derived }) =>
      image?.kind === 'managed' && derived?.features.SecurityType
        ? [
            {
              seen: `the disks have security type ${derived.features.SecurityType}`,
              fix: 'Use `image-kind: gallery`; Azure makes no managed images of such disks.',
            },
          ]
        : [],
  },
  {
    id: 'managed-image-per-pool',
    severity: 'error',
    title: 'A managed image serves one pool only',
    link: MIGRATION,
    check: ({ config: { image, pool } }) =>
      image?.kind === 'managed' && pool && pool.requests.length > 1
        ? [
            {
              seen: `${pool.requests.length} pools are to share one managed image: ${pool.requests.map(({ id }) => id).join(', ')}`,
              fix: 'Use `image-kind: gallery`, whose versions any number of pools may share, or one run per pool.',
            },
          ]
        : [],
  },
  {
    id: 'gallery-region',
    severity: 'warning',
    title: 'The image is made near the Batch account',
    link: IMAGE_VERSION,
    check: ({ config: { image }, content, observed: { account } }) =>
      image?.kind === 'gallery' && content && account && regionName(content.location) !== regionName(account.location)
        ? [
            {
              seen: `the source is in ${content.location}, the account in ${account.location}: the version is replicated across regions, which takes longer and is paid for`,
              fix: 'Keep the golden machine in the region of the account if time matters.',
            },
          ]
        : [],
  },
  {
    id: 'definition-matches',
    severity: 'error',
    title: 'An existing image definition fits the disks',
    link: IMAGE_VERSION,
    check: ({ observed: { definition }, derived }) => {
      if (!definition || !derived) return []
      const differences: readonly (readonly [string, string, string])[] = [
        ['OS type', definition.osType, derived.osType],
        ['OS state', definition.osState, 'Generalized'],
        ['generation', definition.hyperVGeneration, derived.generation],
        ['architecture', definition.architecture, derived.architecture],
        ['security type', definition.features.SecurityType ?? 'Standard', derived.features.SecurityType ?? 'Standard'],
        ['purchase plan', JSON.stringify(definition.purchasePlan ?? null), JSON.stringify(derived.purchasePlan ?? null)],
      ]
      return differences
        .filter(([, has, needs]) => has !== needs)
        .map(([what, has, needs]) => ({
          seen: `definition ${definition.name} has ${what} ${has}, the disks need ${needs}`,
          fix: 'A definition cannot be changed: choose another `image-name`, or build from a VM that fits.',
        }))
    },
  },
]
