/** Rules about the Batch account and the pools. */
import { twoSubscriptions } from '../config/config.ts'
import { type BatchVmSize, poolNamed, vmSizeNamed } from '../model/batch.ts'
import { existingIn, missingActions, neededActions, showScope } from '../observe/permissions.ts'
import { resolveNodeAgent } from '../pool/node-agent.ts'
import type { Facts, Rule } from './facts.ts'
import { isGroupInDoubt } from './resource-group.ts'

const SUPPORTED_IMAGES = 'https://learn.microsoft.com/rest/api/batchservice/account/list-supported-images'
const QUOTA = 'https://learn.microsoft.com/azure/batch/batch-quota-limit'

export const POOL_RULES: readonly Rule[] = [
  {
    id: 'account-exists',
    severity: 'error',
    title: 'The Batch account exists',
    objection: 'Batch account not found',
    link: QUOTA,
    check: (facts) => {
      const { pool } = facts.config
      return pool && !facts.observed.account && !isGroupInDoubt(facts)
        ? [
            {
              seen: `Batch account ${pool.account} was not found`,
              fix: 'Check `batch-account` (in `pool-spec`: `batchAccount`), `resource-group` and `subscription-id`.',
            },
          ]
        : []
    },
  },
  {
    id: 'node-agent-sku',
    severity: 'error',
    title: 'The node agent SKU is known',
    objection: 'Node agent SKU is not known',
    link: SUPPORTED_IMAGES,
    check: (facts) =>
      pendingAgents(facts).map((id) => ({
        seen: facts.observed.dataPlaneRefusal
          ? `pool ${id}: the node agent SKU is unknown, because the list of supported images is on the data plane, which does not answer this run`
          : `pool ${id}: no supported image of Batch is the base image of the VM, so the node agent SKU is unknown`,
        fix: 'Set `node-agent-sku-id`, e.g. `batch.node.ubuntu 24.04`.',
      })),
  },
  {
    id: 'image-end-of-life',
    severity: 'warning',
    title: 'The base image is verified and supported by Batch',
    objection: 'Support of the base image is limited',
    link: SUPPORTED_IMAGES,
    check: ({ imageTraits, now, observed: { supportedImages = [] } }) => {
      const image = imageTraits?.imageReference && resolveNodeAgent(imageTraits.imageReference, supportedImages)
      if (!image) return []
      const name = `${image.imageReference.offer} ${image.imageReference.sku}`
      const end = image.batchSupportEndOfLife
      return [
        ...(end && Date.parse(end) > now.getTime()
          ? [{ seen: `Batch supports ${name} until ${end.slice(0, 10)}`, fix: 'Move the golden VM to a newer base image before that day.' }]
          : []),
        ...(image.verificationType === 'unverified'
          ? [{ seen: `Batch has not verified ${name}`, fix: 'Prefer a verified base image.' }]
          : []),
      ]
    },
  },
  {
    id: 'image-support-ended',
    severity: 'error',
    title: 'Batch still supports the base image',
    objection: 'Base image is no longer supported',
    link: SUPPORTED_IMAGES,
    check: ({ imageTraits, now, config: { pool }, observed: { supportedImages = [] } }) => {
      const image = imageTraits?.imageReference && resolveNodeAgent(imageTraits.imageReference, supportedImages)
      const end = image?.batchSupportEndOfLife
      return pool && image && end && Date.parse(end) <= now.getTime()
        ? [
            {
              seen: `Batch supported ${image.imageReference.offer} ${image.imageReference.sku} until ${end.slice(0, 10)}: it creates no pools of it any more`,
              fix: 'Build the golden VM on a newer base image.',
            },
          ]
        : []
    },
  },
  {
    id: 'vm-size',
    severity: 'error',
    title: 'Batch offers the VM size, and it starts the image',
    objection: 'VM size does not fit',
    link: 'https://learn.microsoft.com/azure/batch/batch-pool-vm-sizes',
    check: ({ config: { pool }, observed: { vmSizes }, imageTraits }) =>
      (pool && vmSizes.length > 0 ? pool.requests : []).flatMap(({ id, properties }) => {
        const size = vmSizeNamed(properties.vmSize, vmSizes)
        if (!size) return [{ seen: `pool ${id}: Batch does not offer ${properties.vmSize} in the region`, fix: 'Use another `vm-size`.' }]
        return mismatches(size, imageTraits).map((seen) => ({
          seen: `pool ${id}: ${seen}`,
          fix: 'Use another `vm-size`, or another golden VM.',
        }))
      }),
  },
  {
    id: 'node-agent-os',
    severity: 'error',
    title: 'The node agent is one for the operating system of the image',
    objection: 'Node agent is for another operating system',
    link: SUPPORTED_IMAGES,
    check: ({ config: { pool }, imageTraits }) =>
      (pool?.requests ?? [])
        .filter(
          ({ nodeAgentSkuId }) => imageTraits && nodeAgentSkuId && /windows/i.test(nodeAgentSkuId) !== (imageTraits.osType === 'Windows'),
        )
        .map(({ id, nodeAgentSkuId }) => ({
          seen: `pool ${id}: node agent ${nodeAgentSkuId}, but the image is ${imageTraits?.osType}`,
          fix: 'Correct `node-agent-sku-id`, or leave it out to have it looked up.',
        })),
  },
  {
    id: 'disk-encryption-configuration',
    severity: 'error',
    title: 'No disk encryption configuration for a custom Linux image',
    objection: 'Disk encryption configuration is not supported',
    link: 'https://learn.microsoft.com/azure/batch/disk-encryption',
    check: ({ config: { pool }, imageTraits }) =>
      (pool?.requests ?? [])
        .filter(({ nodeAgentSkuId, properties: { deploymentConfiguration } }) => {
          const { diskEncryptionConfiguration } = deploymentConfiguration?.virtualMachineConfiguration ?? {}
          const isLinux = imageTraits ? imageTraits.osType === 'Linux' : nodeAgentSkuId !== undefined && !/windows/i.test(nodeAgentSkuId)
          return diskEncryptionConfiguration !== undefined && isLinux
        })
        .map(({ id }) => ({
          seen: `pool ${id} has diskEncryptionConfiguration; Batch does not support it for Linux pools from a custom image`,
          fix: 'Leave it out; `securityProfile.encryptionAtHost: true` encrypts at the host.',
        })),
  },
  {
    id: 'image-subscription',
    severity: 'warning',
    title: 'Image and account are in one subscription',
    objection: 'Image is in another subscription',
    link: 'https://learn.microsoft.com/azure/batch/batch-sig-images',
    check: ({ config }) => {
      const subscriptions = twoSubscriptions(config)
      return subscriptions
        ? [
            {
              seen: `the image is in subscription ${subscriptions.ofImage}, the account in ${subscriptions.ofAccount}`,
              fix: 'Register `Microsoft.Batch` in the subscription of the image; both must be in one Microsoft Entra tenant.',
            },
          ]
        : []
    },
  },
  {
    id: 'same-tenant',
    severity: 'error',
    title: 'Image and account are in one Microsoft Entra tenant',
    objection: 'Image is in another tenant',
    link: 'https://learn.microsoft.com/azure/batch/batch-sig-images',
    check: ({ observed: { imageSubscription: { tenantId, accountTenantId } = {} } }) =>
      tenantId && accountTenantId && tenantId !== accountTenantId
        ? [
            {
              seen: `the image is in tenant ${tenantId}, the account in ${accountTenantId}`,
              fix: 'Batch uses images of its own tenant only: publish to a gallery in a subscription of the same tenant.',
            },
          ]
        : [],
  },
  {
    id: 'batch-provider-registered',
    severity: 'error',
    title: 'The subscription of the image has `Microsoft.Batch` registered',
    objection: 'Microsoft.Batch is not registered',
    link: 'https://learn.microsoft.com/azure/batch/batch-sig-images',
    check: ({ observed: { imageSubscription } }) =>
      imageSubscription?.isBatchRegistered === false
        ? [
            {
              seen: '`Microsoft.Batch` is not registered in the subscription of the image',
              fix: '`az provider register --namespace Microsoft.Batch --subscription <subscription of the image>`.',
            },
          ]
        : [],
  },
  {
    id: 'permissions',
    severity: 'error',
    title: 'The identity has the permissions that the run needs, where Azure reports them',
    objection: 'Permissions are missing',
    link: 'https://learn.microsoft.com/azure/role-based-access-control/permissions-reference',
    check: ({ config, observed }) =>
      neededActions(config, existingIn(observed)).flatMap((need) => {
        const missing = missingActions(need, observed.permissions ?? [])
        return missing.length > 0
          ? [
              {
                seen: `the identity lacks ${missing.join(', ')} on ${showScope(need.scope)}`,
                fix: `Give it a role with these actions; those of this action are in \`.github/roles\`: \`az role assignment create --assignee <client id> --role "<role>" --scope "${need.scope}"\`.`,
              },
            ]
          : []
      }),
  },
]

/** Ids of pools whose node agent is neither given, nor found, nor kept from the pool that exists. */
function pendingAgents({ config: { pool, source }, imageTraits, observed }: Facts): readonly string[] {
  const found = imageTraits?.imageReference && resolveNodeAgent(imageTraits.imageReference, observed.supportedImages ?? [])
  if (found || (source.kind === 'vm' && !observed.vm) || !observed.account) return []
  return (pool?.requests ?? []).filter(({ id, nodeAgentSkuId }) => !nodeAgentSkuId && !poolNamed(id, observed.pools)).map(({ id }) => id)
}

function mismatches({ name, capabilities }: BatchVmSize, imageTraits: Facts['imageTraits']): readonly string[] {
  if (!imageTraits) return []
  const { HyperVGenerations: generations, CpuArchitectureType: architecture, TrustedLaunchDisabled: noTrustedLaunch } = capabilities
  const { DiskControllerTypes: controllers } = capabilities
  const imageControllers = imageTraits.features.DiskControllerTypes ?? 'SCSI'
  return [
    ...(generations && !generations.split(',').includes(imageTraits.generation)
      ? [`${name} starts generation ${generations}, the image is ${imageTraits.generation}`]
      : []),
    ...(architecture && architecture !== imageTraits.architecture
      ? [`${name} is ${architecture}, the image is ${imageTraits.architecture}`]
      : []),
    ...(controllers && !controllers.split(',').some((controller) => imageControllers.includes(controller.trim()))
      ? [`${name} has disk controllers ${controllers}, the image ${imageControllers}`]
      : []),
    ...(noTrustedLaunch === 'True' && imageTraits.features.SecurityType === 'TrustedLaunch'
      ? [`${name} has no Trusted Launch, the image needs it`]
      : []),
  ]
}
