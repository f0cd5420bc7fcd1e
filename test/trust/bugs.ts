/**
 * Bugs of every kind that a run by strangers has found, each with the whole runs that must notice it. They are planted one at a time into a
 * copy of the action.
 */
import type { Bug } from './planted.ts'

export interface CaughtBug extends Bug {
  /** In `test/integration`, e.g. `pool-gate`. */
  readonly file: string
  /** Part of the names of the tests that must fail. */
  readonly tests: string
}

export const BUGS_OF_RUNS: readonly CaughtBug[] = [
  {
    name: "any region's replica will do",
    changes: [
      {
        file: 'image/standing.js',
        from: 'replication.find((one) => regionName(one.region) === regionName(region))',
        to: "replication.find(({ state }) => state === 'Completed') ?? replication[0]",
      },
    ],
    file: 'replica-gate',
    tests: 'where it is built, and another region is complete long before',
  },
  {
    name: 'a version is taken whatever its replica',
    changes: [{ file: 'plan/build-image.js', from: 'return confirmTaken(question, plan, context);', to: 'return;' }],
    file: 'replica-gate',
    tests: 'where it is reused because its source is unchanged',
  },
  {
    name: 'pool created without If-None-Match',
    changes: [{ file: 'azure/batch/batch.js', from: "headers: { 'if-none-match': '*' }", to: '' }],
    file: 'pool-foreign',
    tests: 'made by someone at the last moment',
  },
  {
    name: 'post deletes versions that did not fail',
    changes: [{ file: 'cleanup.js', from: "if (image?.provisioningState !== 'Failed')", to: 'if (!image)' }],
    file: 'image-safety',
    tests: 'leaves a version alone that is still being made',
  },
  {
    name: 'kept snapshots deleted by the next run',
    changes: [{ file: 'plan/plan.js', from: 'tags[TAGS.keep] === undefined && tags[TEMPORARY_TAG]', to: 'tags[TEMPORARY_TAG]' }],
    file: 'retention-safety',
    tests: 'by a run of today stay in the run of tomorrow',
  },
  {
    name: 'counts believed instead of nodes',
    changes: [
      {
        file: 'pool/health-gate.js',
        from: 'const { counts, outdated } = censusOf(nodes, Math.max(gate.sinceMs, createdMs(pool)));',
        to: 'const { counts, outdated } = { counts: hint, outdated: 0 };',
      },
    ],
    file: 'pool-nodes',
    tests: 'the nodes of the previous image are not healthy ones of the new',
  },
  {
    name: 'green where the data plane cannot be reached',
    changes: [{ file: 'pool/health-gate.js', from: 'return { ...unseen, error: unknownHealth(pool, error) };', to: 'return unseen;' }],
    file: 'lasting-faults',
    tests: 'while nodes are to be looked at: red, health unknown',
  },
  {
    name: 'green where the formula fails',
    changes: [{ file: 'pool/formula.js', from: 'if (!run?.error)', to: 'if (run)' }],
    file: 'pool-nodes',
    tests: 'changed to one that fails: red',
  },
  {
    name: 'a long operation without headers is not followed',
    changes: [{ file: 'azure/long-operation.js', from: "return this.#resourceUrl ? 'resource' : 'over';", to: "return 'over';" }],
    file: 'manners',
    tests: 'operations without a header',
  },
  {
    name: 'deleted what is in use',
    changes: [{ file: 'image/references.js', from: 'return [...holders]', to: 'return []' }],
    file: 'retention-safety',
    tests: 'a pool of another Batch account keeps a version',
  },
  {
    name: "another run's version overwritten",
    changes: [
      { file: 'image/content-check.js', from: 'const sent = sourcesOf(content);', to: 'return undefined;' },
      { file: 'image/content-check.js', from: 'const there = snapshots.flatMap', to: 'return undefined; const there = snapshots.flatMap' },
    ],
    file: 'image-safety',
    tests: 'a version that somebody makes under our number at the last moment',
  },
  {
    name: 'temporaries of another job deleted',
    changes: [{ file: 'image/temporary.js', from: '(isOfRun(tags, run) || isOver)', to: 'true' }],
    file: 'copy',
    tests: 'what another run that may still be at work has made is left alone',
  },
  {
    name: 'an unreadable list taken for an empty one',
    changes: [{ file: 'image/retention.js', from: 'if (unread.length > 0)', to: 'if (false)' }],
    file: 'retention-safety',
    tests: 'pools: 403: nothing is deleted',
  },
  {
    name: 'a cloned pool of somebody else deleted',
    changes: [{ file: 'pool/family.js', from: 'return isOwn ? serves : undefined;', to: 'return serves;' }],
    file: 'pool-waste',
    tests: 'leaves a pool alone that a person cloned with its metadata',
  },
  {
    name: 'replaced without looking again',
    changes: [{ file: 'pool/pool-lifecycle.js', from: 'if (!plane || etag === undefined)', to: 'if (plane || !plane)' }],
    file: 'pool-waste',
    tests: 'does not delete a pool that somebody changes at the last moment',
  },
  {
    name: 'drained before the proof',
    changes: [{ file: 'pool/bring-up.js', from: "if (outcome?.result === 'failed')", to: 'if (false)' }],
    file: 'proof',
    tests: 'an image that does not work costs no node of the pool',
  },
  {
    name: 'the former size not put back',
    changes: [{ file: 'pool/put-back.js', from: 'await scaleTo(owed, pool, ports);', to: '' }],
    file: 'pool-waste',
    tests: 'where a policy refuses the image after the drain',
  },
  {
    name: 'a stopped drain taken for a size',
    changes: [{ file: 'pool/marks.js', from: '|| isStopped ', to: '' }],
    file: 'pool-waste',
    tests: 'to its full number where some nodes had left',
  },
  {
    name: 'a size put back over another one',
    changes: [
      {
        file: 'pool/put-back.js',
        from: 'for (; pool && owedScale(pool) &&',
        to: 'for (let seen = pool; seen &&',
      },
      {
        file: 'pool/put-back.js',
        from: "pool.properties.allocationState !== 'Steady'; pool = await",
        to: "seen.properties.allocationState !== 'Steady'; seen = await",
      },
    ],
    file: 'pool-waste',
    tests: 'but not over a size that somebody else sets meanwhile',
  },
  {
    name: 'drained without looking again',
    changes: [
      { file: 'pool/resizer.js', from: 'refuse(pool);\n            const nodes', to: 'const nodes' },
      { file: 'pool/send-resize.js', from: 'refuse(pool);', to: '' },
    ],
    file: 'pool-foreign',
    tests: 'changed and resized by someone the moment before the drain',
  },
  {
    name: 'a rollback drains what kept its image',
    changes: [
      { file: 'pool/roll-back.js', from: 'owed.isOfSize ? rollout.resizer.waitUntilIdle() : rollout.drain()', to: 'rollout.drain()' },
    ],
    file: 'pool-rollback',
    tests: 'of a pool whose drain somebody stops drains no node',
  },
  {
    name: 'a VM started once',
    changes: [{ file: 'image/restart.js', from: '!DOWN.test(power)', to: 'power' }],
    file: 'restart',
    tests: 'where the deallocation ends after the start',
  },
  {
    name: 'the post step reads the spec again',
    changes: [
      {
        file: 'main.js',
        from: 'const identity = parseIdentity(github.inputReader);',
        to: 'const { identity } = parseConfig(github.inputReader);',
      },
    ],
    file: 'image-safety',
    tests: 'needs nothing but its state',
  },
  {
    name: 'a failed renewal of a token ends the process',
    changes: [{ file: 'main.js', from: "process.on('unhandledRejection', onUnhandledRejection);", to: '' }],
    file: 'lasting-faults',
    tests: 'is not hidden by a token that cannot be renewed meanwhile',
  },
  {
    name: 'a wrong title',
    changes: [{ file: 'pool/health-gate.js', from: "title: 'Node health unknown'", to: "title: 'Azure sign-in failed'" }],
    file: 'lasting-faults',
    tests: 'while nodes are to be looked at: red, health unknown',
  },
]
