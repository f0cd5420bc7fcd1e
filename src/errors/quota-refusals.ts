/** Refusals for quotas and limits that are used up. */
import type { Remedy } from './explanation.ts'
import { DOCS, type Rule } from './refusal-rule.ts'

const BATCH_QUOTA = `${DOCS}/batch/batch-quota-limit`
const COMPUTE_QUOTA = `${DOCS}/virtual-machines/quotas`
const SNAPSHOTS = `${DOCS}/virtual-machines/disks-incremental-snapshots`

export const QUOTAS: readonly Rule[] = [
  {
    codes: ['PoolQuotaReached'],
    remedy: {
      title: 'Pool quota reached',
      hint: 'Delete pools that nobody needs, or request more pools for the Batch account.',
      link: BATCH_QUOTA,
    },
  },
  {
    codes: ['ActiveJobAndScheduleQuotaReached'],
    remedy: {
      title: 'Job quota reached',
      hint: 'End jobs that nobody needs, or request more active jobs for the Batch account.',
      link: BATCH_QUOTA,
    },
  },
  {
    words: /snapshots?\b.*\b(?:limit|maximum|exceed|at most)|(?:limit|maximum|exceed)\w*\b.*\bsnapshots?\b|SnapshotCountExceeded/is,
    service: 'compute',
    remedy: ({ message }) => (/rate|minute|frequen|throttl|too many requests|try again/i.test(message) ? SNAPSHOT_RATE : SNAPSHOT_COUNT),
  },
  { codes: ['SnapshotCountExceeded'], remedy: () => SNAPSHOT_COUNT },
  { codes: ['SnapshotOperationRateExceeded', 'SnaphotOperationRateExceeded'], remedy: () => SNAPSHOT_RATE },
  {
    codes: [
      'PublicIPCountLimitReached',
      'PublicIPPrefixCountLimitReached',
      'NetworkSecurityGroupCountLimitReached',
      'LoadBalancerCountLimitReached',
    ],
    remedy: {
      title: 'Network quota of the subscription reached',
      hint: 'Request more of what the message names for the subscription in this region, or delete what nobody needs.',
      link: `${DOCS}/azure-resource-manager/management/azure-subscription-service-limits#networking-limits`,
    },
  },
  {
    codes: ['SubnetIsFull', 'SubnetDoesNotHaveEnoughCapacity'],
    remedy: {
      title: 'Subnet is full',
      hint: 'The subnet has no free addresses left: use a larger one, or a smaller target.',
      link: `${DOCS}/batch/batch-virtual-network`,
    },
  },
  {
    words: /quota/i,
    service: 'compute',
    remedy: {
      title: 'Compute quota of the subscription reached',
      hint: 'This is a quota of the subscription in this region, not of the Batch account: request more, or use another VM size. `capture: copy` needs cores for its throw-away machine; the other ways do not.',
      link: COMPUTE_QUOTA,
    },
  },
  {
    words: /quota/i,
    remedy: { title: 'Quota reached', hint: 'Request more quota, or use a smaller target or another VM size.', link: BATCH_QUOTA },
  },
]

const SNAPSHOT_COUNT: Remedy = {
  title: 'Too many snapshots of the disk',
  hint: 'A disk has at most 500 incremental snapshots: delete old ones of this disk; `retain-versions` lets this action delete its own.',
  link: SNAPSHOTS,
}
const SNAPSHOT_RATE: Remedy = {
  title: 'Snapshots of the disk in too quick succession',
  hint: 'A disk takes at most 7 incremental snapshots in five minutes. Run again in some minutes, and give workflows with the same source one `concurrency` group.',
  link: SNAPSHOTS,
}
