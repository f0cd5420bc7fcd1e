/** The runner: inputs, outputs, state, log and summary behind ports. */
import { randomUUID } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import * as core from '@actions/core'
import type { InputReader } from '../config/inputs.ts'
import { withoutSecrets } from '../config/secrets.ts'
import type { LogLine } from '../report/log-lines.ts'
import { withoutCommands } from '../report/untrusted.ts'
import type { Clock, Ledger, LedgerEntry, RunContext } from '../run/runner.ts'
import type { EarlyAssertion } from './early-assertion.ts'

const POST_KEY = 'isPost'
const LEDGER_KEY = 'ledger'

/** The same bundle is `main` and `post`; the state tells them apart. */
export const isPost = (): boolean => core.getState(POST_KEY) === 'true'
export const markMain = (): void => core.saveState(POST_KEY, 'true')

export const environment = (name: string): string | undefined => process.env[name] || undefined

export const inputReader: InputReader = {
  input: (name) => core.getInput(name),
  environment,
  file(name) {
    const file = path.resolve(environment('GITHUB_WORKSPACE') ?? '.', name)
    const found = statSync(file, { throwIfNoEntry: false })
    return found?.isDirectory() ? 'directory' : found && readFileSync(file)
  },
}

export const clock: Clock = {
  now: () => new Date(),
  async sleep(ms, signal) {
    signal.throwIfAborted()
    try {
      await delay(Math.max(0, ms), undefined, { signal })
    } catch (error) {
      throw signal.aborted ? signal.reason : error
    }
  },
}

const secrets: string[] = []

/** From now on `***` stands for these in all that leaves the run, but for the requests to Azure. */
export function hide(texts: readonly string[]): void {
  secrets.push(...texts)
}

const shown = (text: string): string => withoutSecrets(text, secrets)

export const log = {
  debug: (text: string): void => core.debug(withoutCommands(shown(text))),
  info: (text: string): void => core.info(withoutCommands(shown(text))),
  warning: (text: string): void => core.info(`Warning: ${withoutCommands(shown(text))}`),
  startGroup: (title: string): void => core.startGroup(shown(title)),
  endGroup: (): void => core.endGroup(),
}

const GREEN = 32
const YELLOW = 33
const RED = 31

/** The runner's log shows ANSI colours; a pipe elsewhere does not. https://no-color.org */
const hasColor = environment('GITHUB_ACTIONS') === 'true' && !environment('NO_COLOR')
const colored = (text: string, color: number | undefined): string => (hasColor && color ? `\u001b[${color}m${text}\u001b[0m` : text)

/** A line of the report's log. */
export function show({ level, text, tone }: LogLine): void {
  switch (level) {
    case 'group':
      log.startGroup(text)
      break
    case 'endgroup':
      log.endGroup()
      break
    case 'warning':
      core.info(colored(`Warning: ${withoutCommands(shown(text))}`, YELLOW))
      break
    case 'debug':
      log.debug(text)
      break
    case 'info':
      core.info(colored(withoutCommands(shown(text)), tone && (tone === 'good' ? GREEN : RED)))
      break
  }
}

/** The one annotation of a run: an error on red, a warning where something needs a look. */
export function annotate(level: 'error' | 'warning', title: string, text: string): void {
  const show = level === 'error' ? core.error : core.warning
  show(withoutCommands(shown(text)), { title: shown(title) })
}

export function fail(): void {
  process.exitCode = core.ExitCode.Failure
}

/** Asks GitHub for assertions of this job, the early one first; absent without `permissions: id-token: write`. */
export function assertionOf(early: EarlyAssertion | undefined): ((audience: string) => Promise<string>) | undefined {
  if (!environment('ACTIONS_ID_TOKEN_REQUEST_URL')) return undefined
  let first = early
  return async (audience) => {
    const token = first?.audience === audience ? await first.token : undefined
    first = undefined
    if (!token) return answered(core.getIDToken(audience))
    core.setSecret(token)
    return token
  }
}

/** `@actions/core` tries again by itself for some ten seconds, and waits three minutes for an answer that does not come. */
const ASSERTION_PATIENCE_MS = 60_000

/** @throws Error where GitHub keeps silent. */
async function answered(asking: Promise<string>): Promise<string> {
  const over = new AbortController()
  const silence = delay(ASSERTION_PATIENCE_MS, undefined, { signal: over.signal, ref: false }).then(() => {
    throw new Error(`GitHub gave no answer within ${ASSERTION_PATIENCE_MS / 1_000} s`)
  })
  silence.catch(() => undefined)
  try {
    return await Promise.race([asking, silence])
  } finally {
    over.abort()
  }
}

/** What cannot be written down is told. That is no reason to be red: Azure is as it is. */
async function told<T>(what: string, write: () => Promise<T>): Promise<T | undefined> {
  try {
    return await write()
  } catch (error) {
    annotate('warning', `No ${what}`, `The runner's file cannot be written: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}

export async function setOutputs(outputs: Readonly<Record<string, string>>): Promise<void> {
  await told('outputs', async () => {
    for (const [name, value] of Object.entries(outputs)) core.setOutput(name, shown(value))
  })
}

/** Writes the JSON report into the runner's temporary folder and gives its path; empty where that is impossible. */
export async function writeReport(json: string): Promise<string> {
  const file = path.join(environment('RUNNER_TEMP') ?? tmpdir(), `azure-batch-image-pool-${randomUUID()}.json`)
  const written = await told('JSON report', async () => {
    await writeFile(file, shown(json))
    return file
  })
  return written ?? ''
}

/** Nothing where the runner gives no summary file. */
export async function writeSummary(markdown: string): Promise<void> {
  if (environment('GITHUB_STEP_SUMMARY')) await told('job summary', () => core.summary.addRaw(shown(markdown)).write({ overwrite: true }))
}

export function runContext(): RunContext {
  const {
    GITHUB_SERVER_URL,
    GITHUB_REPOSITORY = '',
    GITHUB_RUN_ID = '',
    GITHUB_SHA = '',
    GITHUB_ACTOR = '',
    GITHUB_EVENT_NAME = '',
  } = process.env
  return {
    repository: GITHUB_REPOSITORY,
    sha: GITHUB_SHA,
    runId: GITHUB_RUN_ID,
    runUrl: GITHUB_SERVER_URL && GITHUB_RUN_ID ? `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}` : '',
    actor: GITHUB_ACTOR,
    eventName: GITHUB_EVENT_NAME,
  }
}

/** What `post` finds after `main` has died. The state file is append-only and the last write wins: the whole list is written each time. */
export class StateLedger implements Ledger {
  #entries: readonly LedgerEntry[]

  constructor(saved = core.getState(LEDGER_KEY)) {
    this.#entries = saved ? (JSON.parse(saved) as LedgerEntry[]) : []
  }

  record(entry: LedgerEntry): void {
    this.#write([...this.#entries.filter(({ id }) => id !== entry.id), entry])
  }

  settle(id: string): void {
    if (this.#entries.some((entry) => entry.id === id)) this.#write(this.#entries.filter((entry) => entry.id !== id))
  }

  open(): readonly LedgerEntry[] {
    return this.#entries
  }

  #write(entries: readonly LedgerEntry[]): void {
    this.#entries = entries
    core.saveState(LEDGER_KEY, entries)
  }
}
