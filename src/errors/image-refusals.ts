/** Refusals because of an image, its source or its network. */
import { DOCS, type Rule } from './refusal-rule.ts'

export const NETWORK: readonly Rule[] = [
  {
    codes: ['PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled'],
    remedy: {
      title: "Subnet's private-link policies are on",
      hint: 'Batch makes a private link service in the subnet of a pool without public addresses. Turn its policies off there: az network vnet subnet update --ids <subnet id> --private-link-service-network-policies Disabled',
      link: `${DOCS}/private-link/disable-private-link-service-network-policy`,
    },
  },
  {
    codes: ['PrivateEndpointCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled'],
    remedy: {
      title: "Subnet's private-endpoint policies are on",
      hint: 'Turn them off in that subnet: az network vnet subnet update --ids <subnet id> --private-endpoint-network-policies Disabled',
      link: `${DOCS}/private-link/disable-private-endpoint-network-policy`,
    },
  },
]

export const IMAGES: readonly Rule[] = [
  {
    codes: ['ReplicationFailed'],
    remedy: {
      title: 'Replication failed',
      hint: 'The next run has Azure try the failed region again. If that does not help, remove the region from the version and add it again, or ask Azure support.',
      link: `${DOCS}/virtual-machines/troubleshooting-shared-images`,
    },
  },
  {
    words: /must be of the format .*Microsoft\.Compute\/galleries/is,
    remedy: {
      title: 'Managed images are retired in Batch',
      hint: 'Batch takes no managed image here: pools from managed images were retired on 31 March 2026. Set `image-kind: gallery` and `gallery`; the same snapshots are then published as a gallery image version.',
      link: `${DOCS}/batch/batch-custom-image-pools-to-azure-compute-gallery-migration-guide`,
    },
  },
  {
    codes: ['TrustedLaunchNotSupported'],
    remedy: {
      title: 'Trusted Launch is not supported here',
      hint: 'Use a VM size and an image that support Trusted Launch, or a definition and a pool without it.',
      link: `${DOCS}/virtual-machines/trusted-launch`,
    },
  },
  {
    words: /security type '[^']*' is not supported for the source/i,
    remedy: {
      title: 'Image definition does not take this source',
      hint: 'Azure makes versions of this definition only from VHD blobs, managed images and other versions. Use another `image-name`: its definition gets the security type of the disks.',
      link: `${DOCS}/virtual-machines/trusted-launch`,
    },
  },
  {
    words: /TrustedLaunch/i,
    remedy: {
      title: 'Trusted Launch does not match',
      hint: 'The source has Trusted Launch: use `image-kind: gallery` with a definition whose feature SecurityType is TrustedLaunch, and `securityProfile.securityType: trustedLaunch` on the pool.',
      link: `${DOCS}/virtual-machines/trusted-launch`,
    },
  },
  {
    codes: ['DiskEncryptionSetNotFound'],
    remedy: {
      title: 'Disk encryption set not found',
      hint: 'Check the ids in `disk-encryption-sets` and in the pool spec: a disk encryption set must be in the region where it is used.',
      link: `${DOCS}/virtual-machines/disk-encryption`,
    },
  },
  {
    codes: ['ImageVersionDeprecated'],
    remedy: {
      title: 'Image version is withdrawn',
      hint: 'The publisher has withdrawn this image version: build from a newer one.',
      link: `${DOCS}/virtual-machines/deprecated-images`,
    },
  },
  {
    codes: ['OSProvisioningClientError', 'OSProvisioningTimedOut', 'OSProvisioningInternalError'],
    remedy: {
      title: 'Image does not start',
      hint: 'The system in the image did not finish its first start; mostly it was not generalized (Windows: Sysprep; Linux: waagent -deprovision). Use `capture: copy`, which generalizes a throw-away copy.',
      link: `${DOCS}/virtual-machines/generalize`,
    },
  },
  {
    codes: ['VMMarketplaceInvalidInput', 'MarketplacePurchaseEligibilityFailed', 'ResourcePurchaseValidationFailed'],
    remedy: {
      title: 'Purchase plan missing or not accepted',
      hint: 'Accept the terms of the Marketplace image in the subscription (az vm image terms accept), and keep its purchase plan on the image definition.',
      link: `${DOCS}/virtual-machines/marketplace-images`,
    },
  },
  {
    codes: [
      'SkuNotAvailable',
      'AllocationFailed',
      'ZonalAllocationFailed',
      'OverconstrainedAllocationRequest',
      'OverconstrainedZonalAllocationRequest',
    ],
    remedy: {
      title: 'No capacity for this VM size',
      hint: 'Azure has no room for this VM size in the region now. Run again later, or use another VM size, zone or region.',
      link: `${DOCS}/azure-resource-manager/troubleshooting/error-sku-not-available`,
    },
  },
]
