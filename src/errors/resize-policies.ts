/** Pure: the policy table of resize errors, by Batch's own code. */

/** What an error means, and what to do about it. */
export interface Policy {
  /** For people, e.g. `Core quota reached`. */
  readonly title: string
  /** `fatal`: stop at once. `retry`: back off and request it again. `wait`: Batch keeps trying (Spot). */
  readonly class: 'fatal' | 'retry' | 'wait'
  /** Requested again only once, because nobody knows whether it passes. */
  readonly once?: true
  /** What to do. */
  readonly fix: string
  readonly link: string
}

const RESIZING = 'https://learn.microsoft.com/troubleshoot/azure/hpc/batch/azure-batch-pool-resizing-failure'
export const CHECKING = 'https://learn.microsoft.com/azure/batch/batch-pool-node-error-checking'
const QUOTA = 'https://learn.microsoft.com/azure/batch/batch-quota-limit'

export const fatal = (title: string, fix: string, link = RESIZING): Policy => ({ title, class: 'fatal', fix, link })
export const retry = (title: string, fix: string, link = RESIZING): Policy => ({ title, class: 'retry', fix, link })
export const once = (title: string, fix: string, link = RESIZING): Policy => ({ title, class: 'retry', once: true, fix, link })

/**
 * By the code of Batch, in lower case: the service writes `AllocationTimedout` where its SDK says `AllocationTimedOut`.
 * https://learn.microsoft.com/dotnet/api/microsoft.azure.batch.common.poolresizeerrorcodes
 */
export const BY_CODE: Readonly<Record<string, Policy>> = {
  allocationtimedout: retry('Resize timed out', 'Raise `resize-timeout`, or the replicas of the image in the region.', CHECKING),
  allocationfailed: retry(
    'Nodes could not be allocated',
    'Azure had no capacity or an internal error; another VM size or region may have room.',
  ),
  accountcorequotareached: fatal(
    'Core quota reached',
    'Request more dedicated cores for the Batch account, or use a smaller target.',
    QUOTA,
  ),
  accountvmseriescorequotareached: fatal(
    'Core quota of the VM series reached',
    'Request more cores of this VM series for the Batch account, or use another VM size.',
    QUOTA,
  ),
  accountlowprioritycorequotareached: fatal(
    'Spot core quota reached',
    'Request more Spot (low-priority) cores for the Batch account, or use a smaller Spot target.',
    QUOTA,
  ),
  accountspotcorequotareached: fatal(
    'Spot core quota reached',
    'Request more Spot cores for the Batch account, or use a smaller Spot target.',
    QUOTA,
  ),
  overconstrainedallocationrequesterror: retry(
    'Too many constraints for the available capacity',
    'Drop a constraint (zones, accelerated networking, ephemeral OS disk), or use another VM size.',
    CHECKING,
  ),
  communicationenabledpoolreachedmaxvmcount: fatal(
    'Inter-node communication pool is at its maximum',
    'A pool with inter-node communication takes no more nodes: lower the target.',
    QUOTA,
  ),
  unsupportedvmsize: fatal(
    'VM size is not offered',
    'Batch does not offer this VM size to the account in this region: use another size.',
    CHECKING,
  ),
  incompatiblevmsize: fatal(
    'VM size does not fit the pool',
    'The VM size does not fit the configuration of the pool: use another size.',
    CHECKING,
  ),
  dependentresourcenotfound: fatal(
    'A resource of the pool is gone',
    'An image, subnet or address that the pool needs was deleted: restore it, or run with a new image.',
    CHECKING,
  ),
  diskencryptionfailure: fatal('Disk encryption failed', 'Correct the disk encryption settings of the pool.', CHECKING),
  failedidentityoperation: once('Identity of the pool failed', "Check the permissions of the pool's identity.", CHECKING),
  missingpublisherpropertyinmarketplaceplan: fatal(
    'Purchase plan is incomplete',
    'Put the complete purchase plan on the image definition.',
    CHECKING,
  ),
  resizestopped: fatal('Resize was stopped', 'Someone stopped the resize; run again when that is settled.', CHECKING),
  removenodesfailed: retry('Nodes could not be removed', 'Batch could not remove some nodes; the action requests it again.', CHECKING),
  unknown: once('Unknown resize error', 'Batch gives no reason; the action requests the resize once more.', CHECKING),
}
