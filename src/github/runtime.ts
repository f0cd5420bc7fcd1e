/** The runner: inputs, outputs, state, log and summary behind ports. */
import { randomBytes, randomUUID } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { InputReader } from '../config/inputs.ts'
import { withoutSecrets } from '../config/secrets.ts'
import { UnreachableError, unreachable } from '../errors/unreachable.ts'
import type { LogLine } from '../report/log-lines.ts'
import { withoutCommands } from '../report/untrusted.ts'
import { readLedger } from '../run/ledger-state.ts'
import type { Clock, Ledger, LedgerEntry, RunContext } from '../run/runner.ts'
import * as commands from './commands.ts'
import type { EarlyAssertion } from './early-assertion.ts'

const POST_KEY = 'isPost'
const LEDGER_KEY = 'ledger'

/** Whether this is the post step: `post.ts` says so; when started in an older way, the state that `main` has saved does. */
export const isPost = (): boolean => commands.getState(POST_KEY) === 'true'
export const markMain = (): void => saveState(POST_KEY, 'true')

let hasState = true

/** A state file that cannot be written is reported once, before the first action that `post` would have to undo. The run continues. */
function saveState(key: string, value: unknown): void {
  try {
    commands.saveState(key, value)
  } catch (error) {
    if (!hasState) return
    hasState = false
    annotate(
      'warning',
      'No cleanup if this run is cut off',
      `The runner's state file (GITHUB_STATE) cannot be written: ${wordsOf(error)}\nThe run continues. If it is interrupted, its post step will not start a VM again that this run has stopped, and will not delete unfinished snapshots, image versions and temporary resources; the next run does both.`,
    )
  }
}

export const environment = (name: string): string | undefined => process.env[name] || undefined

export const inputReader: InputReader = {
  input: (name) => commands.getInput(name),
  environment,
  file(name) {
    const file = path.resolve(environment('GITHUB_WORKSPACE') ?? '.', name)
    const found = statSync(file, { throwIfNoEntry: false })
    return found?.isDirectory() ? 'directory' : found && readFileSync(file)
  },
  hide,
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

/** From now on `***` stands for these in everything that leaves the run, except in requests to Azure. */
function hide(texts: readonly string[]): void {
  secrets.push(...texts)
}

const shown = (text: string): string => withoutSecrets(text, secrets)

export const log = {
  debug: (text: string): void => commands.debug(withoutCommands(shown(text))),
  info: (text: string): void => commands.info(withoutCommands(shown(text))),
  warning: (text: string): void => commands.info(`Warning: ${withoutCommands(shown(text))}`),
  startGroup: (title: string): void => commands.startGroup(shown(title)),
  endGroup: (): void => commands.endGroup(),
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
      commands.info(colored(`Warning: ${withoutCommands(shown(text))}`, YELLOW))
      break
    case 'debug':
      log.debug(text)
      break
    case 'info':
      commands.info(colored(withoutCommands(shown(text)), tone && (tone === 'good' ? GREEN : RED)))
      break
  }
}

/** The one annotation of a run: an error on red, a warning where something needs a look. */
export function annotate(level: 'error' | 'warning', title: string, text: string): void {
  commands.annotation(level, withoutCommands(shown(text)), shown(title))
}

export function fail(): void {
  process.exitCode = 1
}

/** Requests assertions of this job from GitHub, the early one first; absent without `permissions: id-token: write`. */
export function assertionOf(early: EarlyAssertion | undefined): ((audience: string) => Promise<string>) | undefined {
  const url = environment('ACTIONS_ID_TOKEN_REQUEST_URL')
  if (!url) return undefined
  const host = URL.canParse(url) ? new URL(url).host : url
  let first = early
  return async (audience) => {
    const token = first?.audience === audience ? await first.token : undefined
    first = undefined
    if (!token) return reached(host, withinPatience(commands.getIDToken(audience)))
    commands.setSecret(token)
    return token
  }
}

/** @throws UnreachableError where the answer did not come from GitHub at all. */
async function reached<T>(host: string, asking: Promise<T>): Promise<T> {
  try {
    return await asking
  } catch (error) {
    const reason = unreachable(error)
    throw reason ? new UnreachableError(host, reason) : error
  }
}

/** `@actions/core` retries for about ten seconds on its own, and waits up to three minutes for an answer. */
const ASSERTION_PATIENCE_MS = 60_000

/** @throws Error where GitHub does not answer. */
async function withinPatience(asking: Promise<string>): Promise<string> {
  const timeout = AbortSignal.timeout(ASSERTION_PATIENCE_MS)
  const silence = new Promise<never>((_, reject) => {
    const error = new Error(`GitHub gave no answer within ${ASSERTION_PATIENCE_MS / 1_000} s`)
    timeout.addEventListener('abort', () => reject(error), { once: true })
  })
  return Promise.race([asking, silence])
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Reports a file that cannot be written. The run does not fail for it, because its result in Azure is the same. */
async function reporting<T>(what: string, write: () => Promise<T>): Promise<T | undefined> {
  try {
    return await write()
  } catch (error) {
    annotate('warning', `No ${what}`, `The runner's file cannot be written: ${wordsOf(error)}`)
    return undefined
  }
}

export async function setOutputs(outputs: Readonly<Record<string, string>>): Promise<void> {
  await reporting('outputs', async () => {
    for (const [name, value] of Object.entries(outputs)) commands.setOutput(name, shown(value))
  })
}

/** Writes the JSON report into the runner's temporary folder and gives its path; empty where that is impossible. */
export async function writeReport(json: string): Promise<string> {
  const file = path.join(environment('RUNNER_TEMP') ?? tmpdir(), `azure-batch-image-pool-${randomUUID()}.json`)
  const written = await reporting('JSON report', async () => {
    await writeFile(file, shown(json))
    return file
  })
  return written ?? ''
}

/** Nothing where the runner gives no summary file. */
export async function writeSummary(markdown: string): Promise<void> {
  if (environment('GITHUB_STEP_SUMMARY'))
    await reporting('job summary', () => commands.summary.addRaw(shown(markdown)).write({ overwrite: true }))
}

/** Of this process. */
const NONCE = randomBytes(3).toString('hex')

export function runContext(): RunContext {
  const {
    GITHUB_SERVER_URL,
    GITHUB_REPOSITORY = '',
    GITHUB_RUN_ID = '',
    GITHUB_RUN_ATTEMPT = '',
    GITHUB_JOB = '',
    GITHUB_SHA = '',
    GITHUB_ACTOR = '',
    GITHUB_EVENT_NAME = '',
  } = process.env
  return {
    repository: GITHUB_REPOSITORY,
    sha: GITHUB_SHA,
    runId: GITHUB_RUN_ID,
    runAttempt: Number(GITHUB_RUN_ATTEMPT) || 1,
    job: GITHUB_JOB,
    nonce: NONCE,
    runUrl: GITHUB_SERVER_URL && GITHUB_RUN_ID ? `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}` : '',
    actor: GITHUB_ACTOR,
    eventName: GITHUB_EVENT_NAME,
  }
}

/** What `post` finds where `main` was cut off. The state file is append-only and the last write wins: the whole list is written each time. */
export class StateLedger implements Ledger {
  #entries: readonly LedgerEntry[]
  /** Parts of the saved ledger that cannot be read. */
  readonly damaged: readonly string[]

  constructor(saved = commands.getState(LEDGER_KEY)) {
    const { entries, damaged } = readLedger(saved)
    this.#entries = entries
    this.damaged = damaged
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
    saveState(LEDGER_KEY, entries)
  }
}
