/** Refusals because of the state of a resource or of Azure itself, which may pass. */
import type { Remedy } from './explanation.ts'
import { BATCH_CODES, DOCS, type Rule } from './refusal-rule.ts'

const THROTTLING = `${DOCS}/azure-resource-manager/management/request-limits-and-throttling`

export const STATES: readonly Rule[] = [
  {
    codes: ['ConditionNotMet'],
    remedy: {
      title: 'Pool changed meanwhile',
      hint: 'Someone else created or changed the pool meanwhile; nothing was overwritten. Look at the change, then run again.',
      link: BATCH_CODES,
    },
  },
  {
    codes: ['PropertyCannotBeUpdated'],
    remedy: {
      title: 'Property cannot be changed on this pool',
      hint: 'This property changes only on a pool without nodes, or not at all: use `strategy: in-place` or `strategy: replace`.',
      link: `${DOCS}/batch/batch-pool-update-properties`,
    },
  },
  {
    codes: ['Conflict'],
    words: /run command extension/i,
    remedy: {
      title: 'Run Command is busy',
      hint: 'Another run command has not ended in this VM. Wait for it, or remove it with az vm run-command invoke --command-id RemoveRunCommandLinuxExtension (Windows: RemoveRunCommandWindowsExtension), then run again.',
      link: `${DOCS}/virtual-machines/linux/run-command`,
    },
  },
  {
    codes: ['VMExtensionProvisioningTimeout', 'VMExtensionProvisioningError'],
    words: /RunCommand/i,
    remedy: {
      title: 'Run Command hangs in the VM',
      hint: 'Running again will not help while Run Command hangs. Remove it with az vm run-command invoke --command-id RemoveRunCommandLinuxExtension (Windows: RemoveRunCommandWindowsExtension), or restart the VM; a script must not wait for input.',
      link: `${DOCS}/virtual-machines/linux/run-command`,
    },
  },
  {
    codes: [
      'AnotherOperationInProgress',
      'OperationPreempted',
      'CanceledAndSupersededDueToAnotherOperation',
      'RetryableErrorDueToAnotherOperation',
      'PoolBeingResized',
    ],
    remedy: busy,
  },
  { codes: ['Conflict', 'OperationNotAllowed'], words: /concurrent request|another operation/i, remedy: busy },
  {
    codes: ['PoolNotFound', 'PoolBeingDeleted'],
    remedy: { title: 'Pool is gone', hint: 'Someone deleted the pool during the run. Run again to create it.', link: BATCH_CODES },
  },
  {
    codes: [
      'ParentResourceNotFound',
      'AccountNotFound',
      'ResourceNotFound',
      'ResourceGroupNotFound',
      'NotFound',
      'GalleryImageNotFound',
      'ImageNotFound',
      'PlatformImageNotFound',
    ],
    remedy: {
      title: 'Resource not found',
      hint: 'Check the name, the resource group, the subscription and the region; a name without a resource id is looked for in `resource-group`.',
      link: 'https://aka.ms/ARMResourceNotFoundFix',
    },
  },
  {
    codes: ['NotSupported', 'OperationNotSupported'],
    remedy: {
      title: 'Not supported by Azure',
      hint: 'Azure does not support this here, and retrying will not help: change what the message names.',
      link: `${DOCS}/azure-resource-manager/troubleshooting/common-deployment-errors`,
    },
  },
]

export const PASSING: readonly Rule[] = [
  {
    codes: ['ResourceRequestsThrottled', 'SubscriptionRequestsThrottled', 'TooManyRequests', 'Throttled', 'Http429', 'ServerBusyThrottled'],
    remedy: throttled,
  },
  { words: /too many requests|throttled/i, remedy: throttled },
  {
    codes: [
      'ECONNRESET',
      'ETIMEDOUT',
      'ServerTimeout',
      'InternalServerError',
      'InternalExecutionError',
      'InternalError',
      'ServerBusy',
      'NoAnswer',
    ],
    remedy: passed,
  },
]

function busy(): Remedy {
  return {
    title: 'Another operation is in progress',
    hint: 'Another operation on this resource has not ended, or started meanwhile. Wait for it to end, then run again: what is complete is reused. Give workflows with the same source, image or pool one `concurrency` group.',
    link: 'https://docs.github.com/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency',
  }
}

function throttled(): Remedy {
  return {
    title: 'Azure throttled the requests',
    hint: 'Azure throttled the subscription for longer than this action retried. Run again later.',
    link: THROTTLING,
  }
}

/** A failure of Azure that passes. */
export function passed(): Remedy {
  return {
    title: 'Azure failed for a while',
    hint: 'A temporary failure of Azure lasted longer than the retries. Run again: what is complete is reused.',
    link: 'https://azure.status.microsoft',
  }
}
