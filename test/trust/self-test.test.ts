/** Each matrix notices the bug that it is there for. */
import { expect, test } from 'vitest'
import { BUGS_OF_RUNS } from './bugs.ts'
import { cancelCases } from './cancel.ts'
import { crashCases } from './crash.ts'
import { faultCases } from './fault.ts'
import { FEATURES } from './features.ts'
import { FLOWS, type Flow } from './flows.ts'
import { type Case, countOf, sliceOf, tried } from './matrix.ts'
import { necessityCases, recordFeature } from './permission.ts'
import { type Bug, plant, runTests, SOUND } from './planted.ts'
import { ACTS, actCases } from './race.ts'
import { record } from './recording.ts'
import { codeCases } from './resize-codes.ts'
import { secretCases } from './secrets.ts'

interface Planted extends Bug {
  readonly matrix: string
  /** The cases that look at the place of the bug. */
  readonly cases: (entry: string) => Promise<readonly Case[]>
}

const recorded = (flow: Flow) => record(flow, (azure) => ACTS.filter(({ applies }) => applies(azure)).map(({ name }) => name))
const like = (cases: readonly Case[], ...parts: readonly string[]): readonly Case[] =>
  cases.filter(({ name }) => parts.every((part) => name.includes(part)))

const BUGS: readonly Planted[] = [
  {
    name: 'PUT before the ledger',
    matrix: 'crash',
    changes: [{ file: 'image/temporary-resources.js', from: "context.ledger.record({ id, kind: 'temporary' });", to: '' }],
    cases: async (entry) =>
      like(crashCases(await recorded(FLOWS.copy), entry), 'put microsoft.compute/virtualmachines', 'after Azure acted', 'with post step'),
  },
  {
    name: 'VM not started again',
    matrix: 'crash',
    changes: [{ file: 'plan/plan.js', from: 'vm?.tags[TAGS.restart] === undefined ? undefined', to: 'true ? undefined' }],
    cases: async (entry) =>
      like(
        crashCases(await recorded(FLOWS.deallocate), entry),
        'put microsoft.compute/snapshots/golden-<version>-os',
        'before it is sent',
      ).slice(0, 1),
  },
  {
    name: 'stale error believed',
    matrix: 'fault once',
    changes: [{ file: 'pool/send-resize.js', from: 'startedAtMs > previousMs ?', to: 'startedAtMs >= previousMs ?' }],
    cases: async (entry) => like(faultCases(await recorded(FLOWS.inPlace), entry), 'the pool as it was before', 'after post'),
  },
  {
    name: 'lost answer taken for a refusal',
    matrix: 'fault once',
    changes: [{ file: 'pool/editor.js', from: 'if (!(error instanceof AzureError && error.status === 412))', to: 'if (error)' }],
    cases: async (entry) => like(faultCases(await recorded(FLOWS.inPlace), entry), 'reset after the effect', 'arm patch'),
  },
  {
    name: 'retry of a fatal code',
    matrix: 'resize codes',
    changes: [{ file: 'errors/resize-policies.js', from: "class: 'fatal', fix, link }", to: "class: 'retry', fix, link }" }],
    cases: async (entry) => like(codeCases(entry), 'UnsupportedVMSize'),
  },
  {
    name: 'ETag ignored',
    matrix: 'race with a person',
    changes: [
      {
        file: 'azure/batch/batch.js',
        from: "'PATCH', id), body: { ...envelope, properties }, headers: { 'if-match': etag }",
        to: "'PATCH', id), body: { ...envelope, properties }, headers: { 'if-match': '*' }",
      },
    ],
    cases: async (entry) => like(actCases(await recorded(FLOWS.inPlace), entry), 'another image at arm patch'),
  },
  {
    name: 'secret in the debug log',
    matrix: 'hostile',
    changes: [
      { file: 'azure/request-log.js', from: 'traceOf(response)}`)', to: 'traceOf(response)}`); log.debug(String(request.body))' },
      { file: 'github/runtime.js', from: 'commands.debug(withoutCommands(shown(text)))', to: 'commands.debug(withoutCommands(text))' },
    ],
    cases: async (entry) => like(secretCases(entry), 'all goes well'),
  },
  {
    name: 'permission not named',
    matrix: 'permission',
    changes: [{ file: 'errors/missing-permission.js', from: 'az role assignment create', to: 'see the portal' }],
    cases: async (entry) => like(necessityCases([await recordFeature(FEATURES[0] as (typeof FEATURES)[number])], entry), 'snapshots/write'),
  },
  {
    name: 'signals not heard',
    matrix: 'cancel',
    changes: [{ file: 'main.js', from: "['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK']", to: "['SIGBREAK']" }],
    cases: async (entry) => like(cancelCases(await recorded(FLOWS.managed), entry), 'SIGINT in publish', 'on-cancel: leave').slice(0, 1),
  },
]

/** A copy that does not even start would be noticed, too, and prove nothing: the same holds without the bug. */
test.each(sliceOf(BUGS, 3))('$matrix: $name', async (bug) => {
  const sound = await tried(`self-test, ${bug.matrix}`, SOUND.name, await bug.cases(await plant(SOUND)))
  expect(sound.broken, 'a copy without the bug').toEqual([])
  const cases = await bug.cases(await plant(bug))
  expect(cases.length, 'no case looks there').toBeGreaterThan(0)
  const { run, broken } = await tried(`self-test, ${bug.matrix}`, bug.name, cases)
  expect(run).toBe(countOf(cases))
  expect(broken.length, 'the matrix did not notice').toBeGreaterThan(0)
})

test.each(sliceOf(BUGS_OF_RUNS, 4))('whole runs: $name', async (bug) => {
  const sound = await runTests(bug, await plant(SOUND))
  expect(sound.failed, `without the bug: ${sound.log}`).toBe(0)
  expect(sound.passed, 'no test looks there').toBeGreaterThan(0)
  const planted = await runTests(bug, await plant(bug))
  expect(planted.failed, 'the tests did not notice').toBeGreaterThan(0)
})
