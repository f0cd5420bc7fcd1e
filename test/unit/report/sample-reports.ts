/** Reports as runs give them: built from events with the real recorder, so that the samples cannot drift from it. */
import type { Finding } from '../../../src/checks/finding.ts'
import { RULES } from '../../../src/checks/rules.ts'
import { explain, PreflightError } from '../../../src/errors.ts'
import type { NodeTotals, RunEvent } from '../../../src/events.ts'
import type { NodeCounts } from '../../../src/ports.ts'
import { type PoolOutcome, type RunEnding, recordEvent, startRecord, toReport } from '../../../src/report/record.ts'
import type { ImageReport, RunReport, UnhealthyNode } from '../../../src/report/run-report.ts'
import type { ResizeError } from '../../../src/resize.ts'

const SUBSCRIPTION = '/subscriptions/11111111-2222-3333-4444-555555555555'
const GROUP = `${SUBSCRIPTION}/resourceGroups/render-rg/providers`
const ACCOUNT = `${GROUP}/Microsoft.Batch/batchAccounts/renderfarm`
const START = Date.parse('2026-11-23T19:00:00Z')

export const versionId = (version: string): string => `${GROUP}/Microsoft.Compute/galleries/farm/images/golden/versions/${version}`
export const poolId = (name: string): string => `${ACCOUNT}/pools/${name}`
export const snapshotId = (disk: string): string => `${GROUP}/Microsoft.Compute/snapshots/golden-2026.1123.0-${disk}`
export const at = (seconds: number): string => new Date(START + seconds * 1_000).toISOString()
export const nodes = (dedicated: number, lowPriority = 0): NodeTotals => ({ dedicated, lowPriority })

const RUN = {
  mode: 'apply',
  startedAt: at(0),
  run: {
    repository: 'contoso/render-farm',
    sha: '4f2a9c1d5b6e7f8091a2b3c4d5e6f708192a3b4c',
    runUrl: 'https://github.com/contoso/render-farm/actions/runs/4711',
    actor: 'octocat',
    eventName: 'schedule',
  },
} as const

export const IMAGE: ImageReport = {
  kind: 'gallery',
  id: versionId('2026.1123.0'),
  name: 'golden',
  version: '2026.1123.0',
  action: 'created',
  reason: 'the source changed since 2026.1101.0',
  sourceId: `${GROUP}/Microsoft.Compute/virtualMachines/golden-vm`,
  previousVersion: '2026.1101.0',
  replication: [],
  snapshots: [
    { id: snapshotId('os'), disk: 'os', state: 'deleted' },
    { id: snapshotId('lun0'), disk: 0, state: 'deleted' },
  ],
}

const BUILD_CHANGES: RunEnding['changes'] = [
  { verb: 'create', type: 'snapshot', name: 'golden-2026.1123.0-os', id: snapshotId('os'), reason: 'OS disk' },
  { verb: 'create', type: 'snapshot', name: 'golden-2026.1123.0-lun0', id: snapshotId('lun0'), reason: 'data disk at LUN 0' },
  { verb: 'create', type: 'image version', name: '2026.1123.0', id: versionId('2026.1123.0'), reason: 'the source changed' },
]

const toTarget = ({ dedicated, lowPriority }: NodeTotals): RunEnding['changes'] => [
  ...BUILD_CHANGES,
  {
    verb: 'reimage',
    type: 'pool',
    name: 'render',
    id: poolId('render'),
    reason: `drain to 0, change the image, grow to ${dedicated} dedicated${lowPriority ? ` and ${lowPriority} Spot` : ''} nodes`,
  },
]

/** With what the rule of that name always says. */
function finding(id: string, seen: string, fix: string): Finding {
  const rule = RULES.find((one) => one.id === id)
  if (!rule) throw new Error(`there is no rule ${id}`)
  return { id, severity: rule.severity, link: rule.link, seen, fix }
}

const ENDING: RunEnding = {
  result: 'succeeded',
  finishedAt: at(1_450),
  findings: [],
  changes: toTarget(nodes(800, 100)),
  image: IMAGE,
  pools: [],
  accountPools: [],
  warnings: [],
  leftBehind: [],
  requests: { total: 214, writes: 9, retries: 2 },
}

/** The pools of the run as it left them, and the others of the account. */
const accountPoolsOf = (pools: readonly PoolOutcome[]): RunEnding['accountPools'] => [
  ...pools.map(({ name, imageAfter = '', current }) => ({ name, image: imageAfter, isBehind: imageAfter !== IMAGE.id, current })),
  { name: 'preview', image: versionId('2026.1004.0'), isBehind: true, current: nodes(12) },
  { name: 'tools', image: 'canonical:ubuntu-24_04-lts:server:latest', isBehind: false, current: nodes(2) },
]

const POOL: PoolOutcome = {
  name: 'render',
  id: poolId('render'),
  account: 'renderfarm',
  action: 'reimaged',
  vmSize: 'Standard_D4s_v5',
  imageBefore: versionId('2026.1101.0'),
  imageAfter: versionId('2026.1123.0'),
  targetBefore: nodes(600),
  target: nodes(800, 100),
  currentBefore: nodes(600),
  current: nodes(800, 100),
  autoScale: false,
  allocationState: 'Steady',
  resizeTimeout: 'PT30M',
  minHealthyPercentage: 100,
  required: 900,
  healthy: 900,
  nodeStates: { dedicated: { idle: 790, running: 10 }, lowPriority: { idle: 100 } },
  unhealthyNodes: [],
  unhealthyTotal: 0,
}

/** Nothing to drain. */
const EMPTY_BEFORE = { targetBefore: nodes(0), currentBefore: nodes(0) }

const QUOTA: ResizeError = {
  code: 'AccountVMSeriesCoreQuotaReached',
  message:
    'The specified account has reached VM series core quota for DSv5. Current limit: 1648, current usage: 1648, additional required: 1952.',
  class: 'fatal',
  fix: 'Ask for more cores of this VM series for the Batch account, or use another VM size.',
  link: 'https://learn.microsoft.com/azure/batch/batch-quota-limit',
}

const CAPACITY: ResizeError = {
  code: 'AllocationFailed',
  message: 'Desired number of dedicated nodes could not be allocated',
  innermostCode: 'OverconstrainedAllocationRequest',
  innermostMessage: 'Deployment allocation failed due to insufficient capacity for the requested VM size in the region.',
  class: 'retry',
  fix: 'Capacity or an internal error of Azure; another VM size or region may have room.',
  link: 'https://learn.microsoft.com/troubleshoot/azure/hpc/batch/azure-batch-pool-resizing-failure',
}

const phase = (
  name: Extract<RunEvent, { kind: 'phase-started' }>['phase'],
  from: number,
  to: number,
  outcome: 'succeeded' | 'failed' | 'cancelled' = 'succeeded',
): readonly RunEvent[] => [
  { at: at(from), kind: 'phase-started', phase: name },
  { at: at(to), kind: 'phase-ended', phase: name, outcome },
]

const PREPARED: readonly RunEvent[] = [
  ...phase('observe', 0, 9),
  ...phase('check', 9, 11),
  ...phase('plan', 11, 12),
  ...phase('capture', 12, 84),
  { at: at(20), kind: 'resource', change: 'created', type: 'snapshot', id: snapshotId('os') },
  ...phase('publish', 84, 512),
  {
    at: at(500),
    kind: 'replication',
    imageId: IMAGE.id,
    regions: [
      { region: 'West Europe', state: 'Completed', progress: 100 },
      { region: 'North Europe', state: 'Completed', progress: 100 },
    ],
  },
]

/** A resize whose nodes come in steps, evenly in time. */
function resize(
  pool: string,
  number: number,
  fromSeconds: number,
  toSeconds: number,
  steps: readonly NodeTotals[],
  target: NodeTotals,
  errors: readonly ResizeError[] = [],
): readonly RunEvent[] {
  const from = steps[0] ?? nodes(0)
  const current = steps.at(-1) ?? from
  return [
    {
      at: at(fromSeconds),
      kind: 'resize-started',
      pool,
      number,
      maxResizes: 5,
      from,
      request: {
        targetDedicatedNodes: target.dedicated,
        targetLowPriorityNodes: target.lowPriority,
        resizeTimeout: 'PT30M',
        nodeDeallocationOption: 'TaskCompletion',
      },
    },
    ...steps.slice(1).map(
      (totals, index): RunEvent => ({
        at: at(Math.round(fromSeconds + ((index + 1) * (toSeconds - fromSeconds)) / steps.length)),
        kind: 'node-count-changed',
        pool,
        allocationState: 'Resizing',
        current: totals,
        target,
        number,
        maxResizes: 5,
      }),
    ),
    {
      at: at(toSeconds),
      kind: 'resize-ended',
      pool,
      number,
      gained: nodes(current.dedicated - from.dedicated, current.lowPriority - from.lowPriority),
      current,
      errors,
    },
  ]
}

const states = (pool: string, seconds: number, counts: NodeCounts, healthy: number, target: NodeTotals): RunEvent => ({
  at: at(seconds),
  kind: 'node-states-changed',
  pool,
  counts,
  healthy,
  required: target.dedicated + target.lowPriority,
  target,
})

export function reportOf(events: readonly RunEvent[], ending: Partial<RunEnding>, start: Partial<RunReport> = {}): RunReport {
  const record = events.toSorted((one, other) => one.at.localeCompare(other.at)).reduce(recordEvent, startRecord({ ...RUN, ...start }))
  return toReport(record, { ...ENDING, accountPools: accountPoolsOf(ending.pools ?? []), ...ending })
}

const GROWTH = [0, 40, 130, 260, 395, 520, 610, 700, 760, 800].map((dedicated) => nodes(dedicated, Math.round(dedicated / 8)))

export const succeeded = (): RunReport =>
  reportOf(
    [
      ...PREPARED,
      ...phase('pool', 512, 770),
      ...resize('render', 1, 515, 760, [nodes(600), nodes(410), nodes(95), nodes(0)], nodes(0)),
      ...phase('follow', 770, 1_200),
      ...resize('render', 2, 771, 1_200, GROWTH, nodes(800, 100)),
      ...phase('verify', 1_200, 1_440),
      states(
        'render',
        1_215,
        { dedicated: { idle: 300, starting: 420, waitingForStartTask: 80 }, lowPriority: { idle: 20, starting: 80 } },
        320,
        nodes(800, 100),
      ),
      states('render', 1_300, { dedicated: { idle: 700, waitingForStartTask: 100 }, lowPriority: { idle: 100 } }, 800, nodes(800, 100)),
      states('render', 1_440, { dedicated: { idle: 790, running: 10 }, lowPriority: { idle: 100 } }, 900, nodes(800, 100)),
      ...phase('prune', 1_440, 1_449),
    ],
    { pools: [POOL] },
  )

export const unchanged = (): RunReport =>
  reportOf([...phase('observe', 0, 6), ...phase('check', 6, 7), ...phase('plan', 7, 8), ...phase('verify', 8, 10)], {
    result: 'unchanged',
    finishedAt: at(11),
    changes: [],
    image: { ...IMAGE, action: 'reused', reason: 'the source has the fingerprint of 2026.1123.0', snapshots: [] },
    pools: [{ ...POOL, action: 'none', imageBefore: versionId('2026.1123.0'), targetBefore: POOL.target, currentBefore: POOL.current }],
  })

export const planned = (): RunReport =>
  reportOf(
    [...phase('observe', 0, 8), ...phase('check', 8, 9), ...phase('plan', 9, 10)],
    {
      result: 'planned',
      finishedAt: at(10),
      cores: [
        { name: 'dedicated cores', quota: 3_000, used: 56, needed: 3_200 },
        { name: 'Spot cores', quota: 1_000, used: 0, needed: 400 },
      ],
      accountPools: accountPoolsOf([{ ...POOL, imageAfter: versionId('2026.1101.0'), current: nodes(600) }]),
      image: { ...IMAGE, action: 'planned', snapshots: IMAGE.snapshots.map((snapshot) => ({ ...snapshot, state: 'planned' })) },
      findings: [
        finding(
          'data-disks-mounted',
          'the image has data disks at LUN 0, and a pool has no start task',
          'Batch attaches data disks and does not mount them. If `/etc/fstab` of the image does not do it (by UUID, `nofail`), let a start task mount `/dev/disk/azure/scsi1/lun<N>`.',
        ),
        finding(
          'core-quota',
          '3200 dedicated cores are needed, 56 are in use besides, the quota is 3000',
          'Ask for more quota, or use a smaller target or VM size; in place needs less than blue-green.',
        ),
      ],
      pools: [
        {
          ...POOL,
          action: 'reimaged',
          current: nodes(600),
          healthy: 600,
          nodeStates: { dedicated: { idle: 550, running: 50 }, lowPriority: {} },
        },
      ],
    },
    { mode: 'plan' },
  )

export const quotaReached = (): RunReport => {
  const error = {
    title: 'Core quota reached on pool render',
    message: QUOTA.message,
    hint: 'Ask for 1,952 more cores of the DSv5 series for Batch account `renderfarm` in West Europe, or set `target-dedicated-nodes` to 412 at most.',
    link: QUOTA.link,
    code: QUOTA.code,
    correlationId: '9c3ad2c0-5a1f-4c0e-9d6e-1f6f0a6f2b11',
  }
  return reportOf(
    [
      ...PREPARED,
      {
        at: at(501),
        kind: 'replication',
        imageId: IMAGE.id,
        regions: [
          { region: 'West Europe', state: 'Completed', progress: 100 },
          { region: 'North Europe', state: 'Replicating', progress: 40 },
        ],
      },
      ...phase('pool', 512, 770),
      ...resize('render', 1, 515, 760, [nodes(600), nodes(410), nodes(95), nodes(0)], nodes(0)),
      ...phase('follow', 770, 1_020, 'failed'),
      ...resize(
        'render',
        2,
        771,
        1_020,
        [0, 60, 190, 300, 412].map((dedicated) => nodes(dedicated)),
        nodes(900),
        [QUOTA],
      ),
    ],
    {
      result: 'failed',
      finishedAt: at(1_024),
      error,
      pools: [
        {
          ...POOL,
          target: nodes(900),
          current: nodes(412),
          healthy: 397,
          nodeStates: { dedicated: { idle: 397, starting: 15 }, lowPriority: {} },
          error,
        },
      ],
      changes: toTarget(nodes(900)),
      image: { ...IMAGE, snapshots: IMAGE.snapshots.map((snapshot) => ({ ...snapshot, state: 'kept' })) },
    },
  )
}

const STDERR = [
  '+ apt-get install -y blender',
  'Reading package lists...',
  'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1432 (unattended-upgr)',
  'E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?',
  '\u001b[31m+ exit 100\u001b[0m',
].join('\n')

const failedNode = (index: number): UnhealthyNode => ({
  id: `tvmps_${(0xa1b2c3d4e5 + index * 7919).toString(16)}_d`,
  state: 'startTaskFailed',
  isDedicated: true,
  errors: [],
  exitCode: 100,
  ...(index < 3 && { stderrTail: STDERR }),
})

export const startTaskFailed = (): RunReport => {
  const error = {
    title: 'Start task failed on 47 of 50 nodes',
    message: 'E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?',
    hint: 'Correct the start task, or set `maxTaskRetryCount`; see its stderr below.',
    link: 'https://learn.microsoft.com/azure/batch/batch-pool-node-error-checking',
    code: 'FailureExitCode',
  }
  return reportOf(
    [
      ...PREPARED,
      ...phase('pool', 512, 515),
      { at: at(515), kind: 'resource', change: 'created', type: 'pool', id: poolId('render') },
      ...phase('follow', 515, 700),
      ...resize(
        'render',
        1,
        515,
        700,
        [0, 10, 50].map((dedicated) => nodes(dedicated)),
        nodes(50),
      ),
      ...phase('verify', 700, 1_300, 'failed'),
      states('render', 720, { dedicated: { starting: 50 }, lowPriority: {} }, 0, nodes(50)),
      states('render', 900, { dedicated: { startTaskFailed: 40, waitingForStartTask: 8, unusable: 2 }, lowPriority: {} }, 0, nodes(50)),
      states('render', 1_300, { dedicated: { idle: 1, startTaskFailed: 47, unusable: 2 }, lowPriority: {} }, 1, nodes(50)),
    ],
    {
      result: 'failed',
      finishedAt: at(1_301),
      changes: [...BUILD_CHANGES, { verb: 'create', type: 'pool', name: 'render', id: poolId('render'), reason: '50 dedicated nodes' }],
      error,
      pools: [
        {
          name: 'render',
          id: poolId('render'),
          account: 'renderfarm',
          action: 'created',
          vmSize: 'Standard_D4s_v5',
          imageAfter: IMAGE.id,
          target: nodes(50),
          current: nodes(50),
          autoScale: false,
          allocationState: 'Steady',
          resizeTimeout: 'PT15M',
          minHealthyPercentage: 90,
          required: 45,
          healthy: 1,
          nodeStates: { dedicated: { idle: 1, startTaskFailed: 47, unusable: 2 }, lowPriority: {} },
          unhealthyNodes: [
            ...Array.from({ length: 40 }, (_, index) => failedNode(index)),
            { id: 'tvmps_deadbeef01_d', state: 'unusable', isDedicated: true, errors: [] },
            {
              id: 'tvmps_deadbeef02_d',
              state: 'unusable',
              isDedicated: true,
              errors: [
                { code: 'DiskFull', message: 'There is not enough disk space on the node', details: [{ name: 'Drive', value: '/mnt' }] },
              ],
            },
          ],
          unhealthyTotal: 49,
          error,
        },
      ],
    },
  )
}

export const outOfCapacity = (): RunReport => {
  const error = {
    title: 'Pool render stayed at 310 of 900 nodes after 5 resizes',
    message: CAPACITY.innermostMessage ?? '',
    hint: 'Azure has no more room for Standard_D4s_v5 in West Europe now. Run again later, use another VM size, or set `min-healthy-percentage` to what is enough.',
    link: CAPACITY.link,
    code: 'OverconstrainedAllocationRequest',
  }
  const rounds = [
    [0, 80, 210],
    [210, 290],
    [290, 310],
    [310, 310],
    [310, 310],
  ]
  return reportOf(
    [
      ...PREPARED,
      ...phase('pool', 512, 520),
      ...phase('follow', 520, 6_000, 'failed'),
      ...rounds.flatMap((steps, index) =>
        resize(
          'render',
          index + 1,
          520 + index * 1_100,
          520 + index * 1_100 + 900,
          steps.map((dedicated) => nodes(dedicated)),
          nodes(900),
          [CAPACITY],
        ),
      ),
      {
        at: at(1_430),
        kind: 'data-plane-unreachable',
        host: 'renderfarm.westeurope.batch.azure.com',
        reason: 'connect ETIMEDOUT 10.0.0.4:443',
      },
    ],
    {
      result: 'failed',
      finishedAt: at(6_010),
      changes: toTarget(nodes(900)),
      error,
      pools: [
        (({ nodeStates: _, ...pool }) => ({ ...pool, ...EMPTY_BEFORE, target: nodes(900), current: nodes(310), healthy: 0, error }))(POOL),
      ],
    },
  )
}

/** Before a plan is made: no image, no change, and the pools of the account as they are. */
export const preflightFailed = (): RunReport => {
  const { image: _, ...ending } = ENDING
  const findings = [
    finding('vm-size', 'pool render: Batch does not offer Standard_D4s_v7 in the region', 'Use another `vm-size`.'),
    finding(
      'pool-security-type',
      'pool render has security type trustedLaunch, the image Standard',
      'Leave `securityProfile.securityType` out, or build the golden VM with that security type.',
    ),
    finding(
      'running-source',
      'golden-vm runs: its snapshots are consistent only as after a power cut, each disk for itself',
      'Use `capture: deallocate`, which stops it, takes the snapshots, and starts it again.',
    ),
  ]
  const record = [...phase('observe', 0, 8), ...phase('check', 8, 9, 'failed')].reduce(recordEvent, startRecord(RUN))
  return toReport(record, {
    ...ending,
    result: 'failed',
    finishedAt: at(9),
    findings,
    changes: [],
    accountPools: accountPoolsOf([{ ...POOL, imageAfter: versionId('2026.1101.0'), current: nodes(600) }]).map((pool) => ({
      ...pool,
      isBehind: pool.name === 'preview',
    })),
    requests: { total: 24, writes: 0, retries: 0 },
    error: explain(new PreflightError(findings)),
  })
}

export const cancelled = (): RunReport =>
  reportOf(
    [
      ...PREPARED,
      ...phase('pool', 512, 520),
      { at: at(520), kind: 'phase-started', phase: 'follow' },
      ...resize('render', 1, 520, 900, GROWTH, nodes(800, 100)).slice(0, -3),
    ],
    {
      result: 'cancelled',
      finishedAt: at(780),
      error: {
        title: 'Cancelled',
        message: 'the run was cancelled (SIGINT)',
        hint: 'What this run made and did not finish is removed afterwards or listed; run again to go on.',
      },
      pools: [
        {
          ...POOL,
          ...EMPTY_BEFORE,
          allocationState: 'Resizing',
          current: nodes(610, 76),
          healthy: 300,
          nodeStates: { dedicated: { idle: 280, starting: 330 }, lowPriority: { idle: 20, starting: 56 } },
        },
      ],
    },
  )

/** Twenty new pools, one of them short of its dedicated nodes. */
export const manyPools = (): RunReport => {
  const names = Array.from({ length: 20 }, (_, index) => `render-${String(index + 1).padStart(2, '0')}`)
  const short = 'render-07'
  const quota = {
    ...QUOTA,
    message:
      'The specified account has reached VM series core quota for DSv5. Current limit: 64448, current usage: 64448, additional required: 1552.',
  }
  const error = {
    title: `Core quota reached on pool ${short}`,
    message: quota.message,
    hint: quota.fix,
    link: quota.link,
    code: quota.code,
  }
  const target = nodes(800, 100)
  const { imageBefore: _image, targetBefore: _target, currentBefore: _current, ...pool } = POOL
  return reportOf(
    [
      ...PREPARED,
      ...phase('pool', 512, 520),
      ...phase('follow', 520, 1_200),
      ...names.flatMap((name) =>
        name === short
          ? resize(name, 1, 520, 1_200, [nodes(0), nodes(130, 16), nodes(395, 49), nodes(412, 100)], target, [quota])
          : resize(name, 1, 520, 1_200, GROWTH, target),
      ),
      ...phase('verify', 1_200, 1_400),
    ],
    {
      result: 'failed',
      error,
      changes: [
        ...BUILD_CHANGES,
        ...names.map((name) => ({
          verb: 'create' as const,
          type: 'pool',
          name,
          id: poolId(name),
          reason: '800 dedicated and 100 Spot nodes',
        })),
      ],
      pools: names.map((name) => ({
        ...pool,
        name,
        id: poolId(name),
        action: 'created',
        ...(name === short && {
          current: nodes(412, 100),
          healthy: 497,
          nodeStates: { dedicated: { idle: 397, starting: 15 }, lowPriority: { idle: 100 } },
          error,
        }),
      })),
    },
  )
}

export const SAMPLES = {
  succeeded,
  unchanged,
  planned,
  quotaReached,
  startTaskFailed,
  outOfCapacity,
  preflightFailed,
  cancelled,
  manyPools,
}
