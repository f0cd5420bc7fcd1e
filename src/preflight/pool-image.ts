/** Rules about what a pool spec says of its nodes' machines, against what the image is. */
import type { PoolRequest } from '../config/config.ts'
import { sameId } from '../model/arm-id.ts'
import { type BatchVmSize, poolNamed, type VirtualMachineConfiguration, vmSizeNamed } from '../model/batch.ts'
import type { Facts, Rule } from './facts.ts'
import { disksOf } from './source-disks.ts'

const TRUSTED_LAUNCH = 'https://learn.microsoft.com/azure/virtual-machines/trusted-launch'

interface OsDisk {
  readonly ephemeralOSDiskSettings?: { readonly placement?: string }
  readonly managedDisk?: { readonly storageAccountType?: string }
}

export const POOL_IMAGE_RULES: readonly Rule[] = [
  {
    id: 'pool-security-type',
    severity: 'error',
    title: 'The security type of a pool is that of the image',
    objection: 'Security type of pool and image differ',
    link: TRUSTED_LAUNCH,
    check: (facts) => {
      const needs = facts.imageTraits?.features.SecurityType ?? 'Standard'
      return requestsOf(facts).flatMap(({ id, configuration }) => {
        const given = configuration.securityProfile?.securityType
        const asked = typeof given === 'string' ? given : undefined
        // Trusted Launch is filled in where the spec says nothing of security at all.
        const gets = asked ?? (configuration.securityProfile === undefined && needs === 'TrustedLaunch' ? 'TrustedLaunch' : 'Standard')
        if (!facts.imageTraits || isAllowed(needs, gets)) return []
        return [
          {
            seen: `pool ${id} has security type ${gets}, the image ${needs}`,
            fix: /Standard|Supported/.test(needs)
              ? 'Leave `securityProfile.securityType` out, or build the golden VM with that security type.'
              : `Set \`securityProfile.securityType: ${needs === 'TrustedLaunch' ? 'trustedLaunch' : 'confidentialVM'}\`.`,
          },
        ]
      })
    },
  },
  {
    id: 'pool-spec-image',
    severity: 'warning',
    title: 'A pool spec names no other image than that of the run',
    objection: 'Image of the pool spec is not used',
    link: 'https://learn.microsoft.com/azure/batch/batch-sig-images',
    check: (facts) =>
      requestsOf(facts).flatMap(({ id, configuration: { imageReference } }) => {
        const { source } = facts.config
        if (!imageReference || (source.kind === 'image-id' && sameId(source.id, imageReference.id))) return []
        const { id: imageId, publisher, offer, sku, version } = imageReference
        const named = imageId ?? [publisher, offer, sku, version].filter(Boolean).join(':')
        return [
          {
            seen: `the spec of pool ${id} names the image ${named}; the pool gets that of this run`,
            fix: 'Leave `imageReference` out of the spec; for a pool on an existing image, give the image as `image-id`.',
          },
        ]
      }),
  },
  {
    id: 'pool-ephemeral-os-disk',
    severity: 'error',
    title: 'A pool with ephemeral OS disks has no Spot nodes, and a size that supports them',
    objection: 'Ephemeral OS disk does not fit the pool',
    link: 'https://learn.microsoft.com/azure/batch/create-pool-ephemeral-os-disk',
    check: (facts) =>
      requestsOf(facts).flatMap(({ id, configuration, request: { target, properties } }) => {
        if (!(configuration.osDisk as OsDisk | undefined)?.ephemeralOSDiskSettings) return []
        const size = vmSizeNamed(properties.vmSize, facts.observed.vmSizes)
        return [
          ...(target.lowPriority > 0
            ? [
                {
                  seen: `pool ${id} has ephemeral OS disks and ${target.lowPriority} Spot nodes`,
                  fix: 'Leave `osDisk.ephemeralOSDiskSettings` out, or use dedicated nodes only.',
                },
              ]
            : []),
          ...(size?.capabilities.EphemeralOSDiskSupported === 'False'
            ? [
                {
                  seen: `pool ${id} has ephemeral OS disks, which ${size.name} does not support`,
                  fix: 'Leave `osDisk.ephemeralOSDiskSettings` out, or use another `vm-size`.',
                },
              ]
            : []),
          ...cacheProblems(id, size, osDiskGiB(facts)),
        ]
      }),
  },
  {
    id: 'pool-os-upgrade',
    severity: 'warning',
    title: 'Automatic OS upgrades are not requested for a pool on one version of an image',
    objection: 'Automatic OS upgrades do not apply',
    link: 'https://learn.microsoft.com/azure/batch/batch-upgrade-policy',
    check: (facts) =>
      requestsOf(facts)
        .filter(({ request: { properties } }) => isUpgradedByItself(properties.upgradePolicy))
        .map(({ id }) => ({
          seen: `pool ${id} requests automatic OS upgrades, and each run puts it on one version of the image`,
          fix: 'Leave `upgradePolicy.automaticOSUpgradePolicy` out: Azure requires `latest` as the version of the image for it. Refresh the pool on a schedule instead.',
        })),
  },
  {
    id: 'task-slots-fewer',
    severity: 'warning',
    title: 'A pool that takes over jobs has no fewer task slots than before',
    objection: 'Fewer task slots than before',
    link: 'https://learn.microsoft.com/azure/batch/batch-parallel-node-tasks',
    check: (facts) =>
      requestsOf(facts).flatMap(({ id, request: { properties } }) => {
        const before = Number(poolNamed(id, facts.observed.pools)?.properties.taskSlotsPerNode ?? 1)
        const slots = Number(properties.taskSlotsPerNode ?? before)
        return slots < before
          ? [
              {
                seen: `pool ${id} has ${before} task slots per node, and would have ${slots}`,
                fix: 'Tasks that require more slots than a node has never run: check `requiredSlots` of the jobs that stay, or keep `taskSlotsPerNode`.',
              },
            ]
          : []
      }),
  },
  {
    id: 'pool-os-disk-type',
    severity: 'error',
    title: 'The OS disk type of a pool is not one that the image definition disallows',
    objection: 'OS disk type is not allowed',
    link: 'https://learn.microsoft.com/azure/virtual-machines/shared-image-galleries#image-definitions',
    check: (facts) => {
      const { definition, givenImage } = facts.observed
      const of = definition ?? (givenImage?.kind === 'gallery' ? givenImage.definition : undefined)
      return requestsOf(facts).flatMap(({ id, configuration }) => {
        const type = (configuration.osDisk as OsDisk | undefined)?.managedDisk?.storageAccountType
        return type && of?.disallowedDiskTypes?.some((one) => one.toLowerCase() === type.toLowerCase())
          ? [
              {
                seen: `pool ${id} has OS disks of type ${type}, which definition ${of.name} disallows`,
                fix: `Use another \`osDisk.managedDisk.storageAccountType\`; disallowed are ${of.disallowedDiskTypes.join(', ')}.`,
              },
            ]
          : []
      })
    },
  },
]

interface UpgradePolicy {
  readonly automaticOSUpgradePolicy?: { readonly enableAutomaticOSUpgrade?: boolean }
}

const isUpgradedByItself = (policy: unknown): boolean =>
  (policy as UpgradePolicy | undefined)?.automaticOSUpgradePolicy?.enableAutomaticOSUpgrade === true

const GIB = 1_024 ** 3

/** The OS disk of the source, which nodes get as it is; `undefined` where Azure does not tell. */
const osDiskGiB = (facts: Facts): number | undefined => disksOf(facts).find(({ isData }) => !isData)?.disk.diskSizeGB

/** Batch puts ephemeral OS disks into the cache of the size. https://learn.microsoft.com/azure/virtual-machines/ephemeral-os-disks */
function cacheProblems(id: string, size: BatchVmSize | undefined, diskGiB = 0): readonly { seen: string; fix: string }[] {
  const cacheGiB = Math.floor(Number(size?.capabilities.CachedDiskBytes ?? 0) / GIB)
  if (!size || cacheGiB === 0 || diskGiB <= cacheGiB) return []
  return [
    {
      seen: `pool ${id} has ephemeral OS disks of ${diskGiB} GiB, and ${size.name} has a cache of ${cacheGiB} GiB`,
      fix: 'Leave `osDisk.ephemeralOSDiskSettings` out, use a larger `vm-size`, or build the golden VM with a smaller OS disk.',
    },
  ]
}

function requestsOf({
  config: { pool },
}: Facts): readonly { id: string; request: PoolRequest; configuration: VirtualMachineConfiguration }[] {
  return (pool?.strategy === 'resize-only' ? [] : (pool?.requests ?? [])).map((request) => ({
    id: request.id,
    request,
    configuration: request.properties.deploymentConfiguration?.virtualMachineConfiguration ?? {},
  }))
}

/** By the image's security type, which ones its machines may have. https://learn.microsoft.com/azure/virtual-machines/trusted-launch */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  standard: ['standard'],
  trustedlaunch: ['trustedlaunch'],
  trustedlaunchsupported: ['standard', 'trustedlaunch'],
  confidentialvm: ['confidentialvm'],
  confidentialvmsupported: ['standard', 'confidentialvm'],
  trustedlaunchandconfidentialvmsupported: ['standard', 'trustedlaunch', 'confidentialvm'],
}

function isAllowed(image: string, pool: string): boolean {
  return ALLOWED[image.toLowerCase()]?.includes(pool.toLowerCase()) ?? true
}
