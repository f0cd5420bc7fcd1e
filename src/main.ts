import { runApp } from './app.ts'
import type { Clients } from './azure/clients.ts'
import { cloudOf } from './azure/cloud.ts'
import { cleanUp, commandFor } from './cleanup.ts'
import type { Config } from './config/config.ts'
import { parseConfig } from './config/parse-config.ts'
import { secretsOf, withoutSecretsIn } from './config/secrets.ts'
import { type Explanation, explain } from './errors/explanation.ts'
import { CancelledError, WaitTimeoutError } from './errors/run-errors.ts'
import type { EarlyAssertion } from './github/early-assertion.ts'
import * as github from './github/runtime.ts'
import { showDuration } from './model/duration.ts'
import { commentBody, commentMarker, commentProblem } from './report/comment.ts'
import { endLog, logEvent, startLog } from './report/log.ts'
import { outputsOf } from './report/outputs.ts'
import { recordEvent, startRecord, toReport } from './report/record.ts'
import { renderRefusal, renderSummary, renderValid } from './report/summary/summary.ts'
import type { RunEvent } from './run/events.ts'

/** The version is that of `package.json`. */
const USER_AGENT = 'azure-batch-image-pool/0.1.0'
/** The runner ends a job's cleanup after five minutes. https://docs.github.com/actions/reference/workflows-and-actions/workflow-cancellation */
const POST_MS = 270_000

const controller = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGBREAK'] as const) process.on(name, () => controller.abort(new CancelledError(name)))
// A log that nobody reads any more is no reason to stop half-way.
process.stdout.on('error', () => undefined)

/** Loaded only by runs that get this far: the packages of Azure are most of the bundle. */
async function connect({ identity }: Config, timeoutMs: number, early?: EarlyAssertion): Promise<Clients> {
  const { createClients } = await import('./azure/clients.ts')
  const assertion = github.assertionOf(early)
  return createClients(identity, {
    authorityHost: github.environment('AZURE_AUTHORITY_HOST'),
    log: github.log,
    clock: github.clock,
    userAgent: USER_AGENT,
    limits: { signal: controller.signal, deadlineMs: github.clock.now().getTime() + timeoutMs },
    hasEnvironmentCredential: ['AZURE_CLIENT_SECRET', 'AZURE_CLIENT_CERTIFICATE_PATH'].some((name) => github.environment(name)),
    ...(assertion && { assertion }),
  })
}

async function main(early: EarlyAssertion | undefined): Promise<void> {
  github.markMain()
  const startedAt = github.clock.now().toISOString()
  const config = parseConfig(github.inputReader)
  const secrets = secretsOf(config, github.inputReader.input('github-token'))
  github.hide(secrets)
  if (config.mode === 'validate') {
    for (const notice of config.notices) github.log.info(notice)
    github.log.info('The inputs are valid; Azure was not asked.')
    await github.setOutputs({ result: 'unchanged', 'has-changes': 'false', changed: 'false' })
    return publishSummary(renderValid)
  }
  const { counter, arm, compute, batch } = await connect(config, config.timeoutMs, early)
  const run = github.runContext()
  let record = startRecord({ mode: config.mode, run, startedAt, portalUrl: cloudOf(config.identity, undefined).portalUrl })
  let log = startLog(startedAt)
  const emit = (event: RunEvent) => {
    record = recordEvent(record, event)
    const step = logEvent(log, event)
    log = step.log
    step.lines.forEach(github.show)
  }
  for (const text of config.notices) emit({ at: startedAt, kind: 'notice', level: 'info', text })
  const timer = setTimeout(
    () => controller.abort(new WaitTimeoutError('the run', showDuration(config.timeoutMs), 'see the log', 'timeout')),
    config.timeoutMs,
  )
  const ledger = new github.StateLedger('')
  const ending = await runApp(config, run, {
    arm,
    compute,
    batch,
    ledger,
    clock: github.clock,
    events: { emit },
    signal: controller.signal,
    random: Math.random,
  })
  clearTimeout(timer)
  const leftBehind = ledger.open().map((entry) => ({ ...entry, why: 'the run ended before it was complete', command: commandFor(entry) }))
  const { total, writes, retries } = counter
  const found = toReport(record, {
    ...ending,
    leftBehind,
    warnings: [],
    finishedAt: github.clock.now().toISOString(),
    requests: { total, writes, retries },
  })
  const report = withoutSecretsIn(found, secrets)
  const path = await github.writeReport(JSON.stringify(report, undefined, 2))
  await github.setOutputs({ ...outputsOf(report), report: path })
  endLog(log, report).forEach(github.show)
  if (report.error) fail(report.error)
  await publishSummary((mostBytes) => renderSummary(report, mostBytes))
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

/** A request that nobody waits for any more may still hang; the runner waits 7.5 s after SIGINT, then kills. */
function endSoon(): void {
  setTimeout(() => process.exit(), 1_000).unref()
}

async function post(): Promise<void> {
  const ledger = new github.StateLedger()
  if (ledger.open().length === 0) return
  const config = parseConfig(github.inputReader)
  github.hide(secretsOf(config, github.inputReader.input('github-token')))
  const { arm, compute, batch } = await connect(config, POST_MS)
  const left = await cleanUp({ arm, compute, batch, ledger, signal: controller.signal, info: github.log.info })
  if (left.length === 0) return
  const lines = left.map(({ id, why, command }) => `${id}: ${why}. ${command}`)
  github.annotate('warning', 'Left behind', lines.join('\n'))
}

/** Before a run has a report of its own: its inputs were refused, or something is wrong with this action. */
async function refuse(error: unknown): Promise<void> {
  const explanation = explain(error)
  fail(explanation)
  if (github.isPost()) return
  await github.setOutputs({ result: 'failed', 'has-changes': 'false', changed: 'false' })
  await publishSummary(() => renderRefusal(explanation))
}

function fail({ title, message, hint, link }: Explanation): void {
  github.annotate('error', title, [message, hint, link].filter(Boolean).join('\n'))
  github.fail()
}

/** The whole of `main` or `post`; the exit code is set. `early`: what `index.ts` asked for already. */
export async function run(early?: EarlyAssertion): Promise<void> {
  try {
    await (github.isPost() ? post() : main(early))
  } catch (error) {
    await refuse(error)
  }
  endSoon()
}
