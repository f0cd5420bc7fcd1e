import { runApp } from './app.ts'
import type { Clients } from './azure/clients.ts'
import { cloudOf } from './azure/cloud.ts'
import type { EarlyAzure } from './azure/early.ts'
import { cleanUp, commandFor, isOwed, whyLeft } from './cleanup.ts'
import type { Config } from './config/config.ts'
import { parseConfig, parseIdentity } from './config/parse-config.ts'
import { withoutSecretsIn } from './config/secrets.ts'
import { type Explanation, explain } from './errors/explanation.ts'
import { CancelledError, WaitTimeoutError } from './errors/run-errors.ts'
import { AuthError } from './errors/sign-in.ts'
import type { EarlyAssertion } from './github/early-assertion.ts'
import { proxyFor, settleProxies } from './github/proxies.ts'
import * as github from './github/runtime.ts'
import { showDuration } from './model/duration.ts'
import { annotationOf, failureIn } from './report/annotation.ts'
import { commentBody, commentMarker, commentProblem } from './report/comment.ts'
import type { Ending } from './report/ending.ts'
import { endLog, logEvent, startLog } from './report/log.ts'
import { outputsOf } from './report/outputs.ts'
import { type RunRecord, recordEvent, startRecord, toReport } from './report/record.ts'
import type { LeftBehind, RunReport } from './report/run-report.ts'
import { openingLine } from './report/signed-in.ts'
import { renderRefusal, renderSummary, renderValid } from './report/summary/summary.ts'
import { emit } from './run/context.ts'
import type { RunEvent, SignedIn } from './run/events.ts'
import type { Ledger } from './run/runner.ts'
import { NOT_WAITING, waitingAfter, waitingFor } from './run/waiting.ts'

/** The version is that of `package.json`. */
const USER_AGENT = 'azure-batch-image-pool/0.1.0'
/** The runner ends a job's cleanup after five minutes. https://docs.github.com/actions/reference/workflows-and-actions/workflow-cancellation */
const POST_MS = 270_000

const controller = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'] as const) process.on(name, () => controller.abort(new CancelledError(name)))
// A run does not stop halfway because nothing reads its log any more.
process.stdout.on('error', () => undefined)

/** What `index.ts` has begun while this was being loaded. */
interface Early {
  readonly assertion?: EarlyAssertion | undefined
  readonly azure?: EarlyAzure | undefined
}

interface Connection {
  readonly timeoutMs: number
  readonly early?: Early
  readonly onSignedIn: (who: SignedIn) => void
}

/** Loaded only by runs that get this far: the packages of Azure are most of the bundle. */
async function connect({ identity }: Pick<Config, 'identity'>, { timeoutMs, early, onSignedIn }: Connection): Promise<Clients> {
  const { createClients } = await import('./azure/clients.ts')
  const assertion = github.assertionOf(early?.assertion)
  return createClients(identity, {
    log: github.log,
    clock: github.clock,
    userAgent: USER_AGENT,
    limits: { signal: controller.signal, deadlineMs: github.clock.now().getTime() + timeoutMs },
    proxyFor,
    onSignedIn,
    early: early?.azure,
    ...(assertion && { assertion }),
  })
}

async function main(early: Early): Promise<void> {
  github.markMain()
  const proxyProblems = settleProxies()
  const startedAt = github.clock.now().toISOString()
  const config = parseConfig(github.inputReader)
  if (config.mode === 'validate') return reportValid(config)
  const recorder = createRecorder(config, startedAt)
  github.show({ level: 'info', text: openingLine(config.identity.signIn, config.identity.why) })
  for (const text of proxyProblems) emit(recorder, { kind: 'notice', level: 'warning', text })
  for (const text of config.notices) emit(recorder, { kind: 'notice', level: 'info', text })
  const clients = await connect(config, {
    timeoutMs: config.timeoutMs,
    early,
    onSignedIn: (who) => emit(recorder, { kind: 'signed-in', who }),
  })
  const stop = () => {
    const limit = showDuration(config.timeoutMs)
    controller.abort(new WaitTimeoutError({ limit, waitingFor: recorder.waitingFor(), input: 'timeout' }))
  }
  const timer = setTimeout(stop, config.timeoutMs)
  const ledger = new github.StateLedger('')
  const { arm, compute, batch, prices } = clients
  const context = {
    arm,
    compute,
    batch,
    prices,
    ledger,
    clock: github.clock,
    events: recorder.events,
    signal: controller.signal,
    random: Math.random,
  }
  const ending = await runApp(config, github.runContext(), context)
  clearTimeout(timer)
  const report = reportOf({ record: recorder.record(), ending, ledger, clients, secrets: config.secrets })
  const path = await github.writeReport(JSON.stringify(report, undefined, 2))
  await github.setOutputs({ ...outputsOf(report), report: path })
  recorder.end(report)
  const failure = failureIn(report)
  if (failure) fail(failure)
  await publishSummary((mostBytes) => renderSummary(report, mostBytes))
}

/** Shows events as they come, and keeps what the report needs of them. */
function createRecorder({ mode, identity }: Config, startedAt: string) {
  let record = startRecord({ mode, run: github.runContext(), startedAt, portalUrl: cloudOf(identity).portalUrl })
  let log = startLog(startedAt)
  let waiting = NOT_WAITING
  return {
    clock: github.clock,
    record: () => record,
    waitingFor: () => waitingFor(waiting, github.clock.now().getTime()),
    end: (report: RunReport) => endLog(log, report).forEach(github.show),
    events: {
      emit(event: RunEvent): void {
        record = recordEvent(record, event)
        waiting = waitingAfter(waiting, event)
        const step = logEvent(log, event)
        log = step.log
        step.lines.forEach(github.show)
      },
    },
  }
}

interface Ended {
  readonly record: RunRecord
  readonly ending: Ending
  readonly ledger: Ledger
  readonly clients: Clients
  readonly secrets: readonly string[]
}

function reportOf({ record, ending, ledger, clients, secrets }: Ended): RunReport {
  const leftBehind = ledger.open().map((entry) => ({ id: entry.id, kind: entry.kind, why: whyLeft(entry), command: commandFor(entry) }))
  const { total, writes, retries } = clients.counter
  const finishedAt = github.clock.now().toISOString()
  const report = toReport(record, { ...ending, leftBehind, warnings: [], finishedAt, requests: { total, writes, retries } })
  return withoutSecretsIn(report, secrets)
}

async function reportValid({ notices }: Config): Promise<void> {
  for (const notice of notices) github.log.info(notice)
  github.log.info('The inputs are valid; nothing was requested from Azure.')
  await github.setOutputs({ result: 'unchanged', 'has-changes': 'false', changed: 'false' })
  await publishSummary(renderValid)
}

/** The job summary, and on a pull request the comment; never a reason to be red. */
async function publishSummary(render: (mostBytes?: number) => string): Promise<void> {
  const { input } = github.inputReader
  if (!/^false$/i.test(input('summary'))) await github.writeSummary(render())
  if (!/^true$/i.test(input('comment'))) return
  try {
    const { pullRequest } = await import('./github/comment.ts')
    const about = pullRequest(input('github-token'))
    if (!about) return github.log.debug('No pull request started this run, so there is nothing to comment on.')
    const spec = input('pool-spec')
    const marker = commentMarker({
      workflow: github.environment('GITHUB_WORKFLOW') ?? '',
      account: input('batch-account'),
      pool: input('pool-id') || (spec.includes('\n') ? '' : spec),
      image: input('image-name') || input('image-id'),
    })
    await about.keepComment(marker, commentBody(marker, render))
  } catch (error) {
    github.annotate('warning', 'No comment on the pull request', commentProblem(error))
  }
}

/**
 * The SDK renews tokens beside its requests, and nobody waits for that: whoever needs the token requests it again, and says so where
 * that fails. Anything else is a mistake of this action, and is reported as one.
 * https://github.com/Azure/azure-sdk-for-js/blob/main/sdk/core/core-rest-pipeline/src/util/tokenCycler.ts
 */
function onUnhandledRejection(reason: unknown): void {
  if (reason instanceof AuthError) github.log.debug(`A token could not be renewed: ${reason.message}`)
  else void refuse(reason).finally(() => process.exit())
}

/** A request that nobody waits for may still hang; the runner waits 7.5 s after SIGINT, then kills. */
function endSoon(): void {
  setTimeout(() => process.exit(), 1_000).unref()
}

async function post(): Promise<void> {
  const ledger = new github.StateLedger()
  const damaged = ledger.damaged.map((text) => `A part of the saved state cannot be read, so that nothing was done about it: ${text}`)
  const left = ledger.open().some(isOwed) ? await cleanUpWith(ledger) : []
  const lines = [...damaged, ...left.map(({ id, why, command }) => `${id}: ${why}. ${command}`)]
  if (lines.length > 0) github.annotate('warning', 'Left behind', lines.join('\n'))
}

/** The checkout may be gone by now, and the pool spec with it: who signs in is all that is read again. */
async function cleanUpWith(ledger: github.StateLedger): Promise<readonly LeftBehind[]> {
  const identity = parseIdentity(github.inputReader)
  for (const problem of settleProxies()) github.log.warning(problem)
  const { arm, compute, batch } = await connect({ identity }, { timeoutMs: POST_MS, onSignedIn: () => undefined })
  return cleanUp({ arm, compute, batch, clock: github.clock, ledger, signal: controller.signal, info: github.log.info })
}

/** Before a run has a report of its own: its inputs were refused, or something is wrong with this action. */
async function refuse(error: unknown): Promise<void> {
  const explanation = explain(error)
  fail(explanation)
  if (github.isPost()) return
  await github.setOutputs({ result: 'failed', 'has-changes': 'false', changed: 'false' })
  await publishSummary(() => renderRefusal(explanation))
}

function fail(explanation: Explanation): void {
  const { title, text } = annotationOf(explanation)
  github.annotate('error', title, text)
  github.fail()
}

/** The whole of `main` or `post`; the exit code is set. */
export async function run(early: Early = {}): Promise<void> {
  process.on('unhandledRejection', onUnhandledRejection)
  try {
    await (github.isPost() ? post() : main(early))
  } catch (error) {
    await refuse(error)
  }
  endSoon()
}
