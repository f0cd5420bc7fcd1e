/** Starts the committed bundle as the runner does: environment variables, command files, a process of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parse } from 'yaml'
import { CLIENT, SUBSCRIPTION, TENANT } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'

const ROOT = path.join(import.meta.dirname, '../..')

/** The action's process is on the embedded Azure's time, and finds its price list. */
const PRELOADS = ['clock/clock-preload.cjs', 'prices/prices-preload.cjs'].map((name) =>
  path.join(import.meta.dirname, '../embedded-azure', name),
)

export interface ActionRun {
  readonly exitCode: number
  readonly log: string
  readonly outputs: Readonly<Record<string, string>>
  readonly state: Readonly<Record<string, string>>
  readonly summary: string
  /** The JSON report; '' where none was written. */
  readonly report: string
}

export interface RunOptions {
  readonly azure: EmbeddedAzure
  readonly inputs: Readonly<Record<string, string>>
  /** What `main` saved; given to `post`. */
  readonly state?: Readonly<Record<string, string>>
  readonly onLine?: (line: string) => void
  /** SIGKILL, as when the runner's machine dies. */
  readonly kill?: AbortSignal
  /** SIGINT, as when a person cancels the workflow. */
  readonly interrupt?: AbortSignal
  /** SIGTERM, as the runner sends it when SIGINT did not help. */
  readonly terminate?: AbortSignal
  /** SIGHUP, as when the session ends in which a self-hosted runner was started by hand. */
  readonly logOff?: AbortSignal
  /** Nobody reads the log any more, as when the runner's own process dies. */
  readonly hangUp?: AbortSignal
  /** Beside what the runner sets. */
  readonly env?: Readonly<Record<string, string>>
  /** Loaded before the action, beside the clock. */
  readonly preload?: string
  /** Default: the committed bundle, or what the variable `ACTION_ENTRY` names. */
  readonly entry?: string
}

export async function runAction(options: RunOptions): Promise<ActionRun> {
  const {
    azure,
    inputs,
    state = {},
    onLine,
    kill,
    interrupt,
    terminate,
    logOff,
    hangUp,
    env = {},
    preload,
    entry = process.env.ACTION_ENTRY ?? path.join(ROOT, 'dist/index.js'),
  } = options
  const folder = await mkdtemp(path.join(tmpdir(), 'runner-'))
  const file = async (name: string) => {
    const full = path.join(folder, name)
    await writeFile(full, '')
    return full
  }
  const files = { output: await file('output'), state: await file('state'), summary: await file('summary') }
  const given = {
    ...(await defaults()),
    'client-id': CLIENT,
    'tenant-id': TENANT,
    'subscription-id': SUBSCRIPTION,
    'resource-manager-url': azure.url,
    ...inputs,
  }
  const preloads = [...PRELOADS, ...(preload ? [preload] : [])].flatMap((file) => ['--require', file])
  const child = spawn(process.execPath, [...preloads, entry], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
    env: {
      PATH: process.env.PATH,
      ...Object.fromEntries(Object.entries(given).map(([name, value]) => [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, value])),
      ...Object.fromEntries(Object.entries(state).map(([name, value]) => [`STATE_${name}`, value])),
      GITHUB_OUTPUT: files.output,
      GITHUB_STATE: files.state,
      GITHUB_STEP_SUMMARY: files.summary,
      GITHUB_WORKSPACE: folder,
      RUNNER_TEMP: folder,
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_API_URL: `${azure.url}/api/v3`,
      GITHUB_WORKFLOW: 'Refresh',
      GITHUB_REPOSITORY: 'octo-org/render',
      GITHUB_RUN_ID: '4711',
      GITHUB_RUN_ATTEMPT: String(attemptOf(azure, state)),
      GITHUB_JOB: 'refresh',
      GITHUB_SHA: '0123456789abcdef0123456789abcdef01234567',
      GITHUB_ACTOR: 'octocat',
      GITHUB_EVENT_NAME: 'schedule',
      ACTIONS_ID_TOKEN_REQUEST_URL: azure.oidcUrl,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: azure.oidcToken,
      AZURE_AUTHORITY_HOST: azure.url,
      NODE_EXTRA_CA_CERTS: azure.caPath,
      EMBEDDED_AZURE_PRICES_PORT: new URL(azure.url).port,
      EMBEDDED_AZURE_CLOCK: String(azure.clock),
      ...env,
    },
  }) as ChildProcessWithoutNullStreams
  azure.clock.join(child)
  kill?.addEventListener('abort', () => child.kill('SIGKILL'), { once: true })
  interrupt?.addEventListener('abort', () => child.kill('SIGINT'), { once: true })
  terminate?.addEventListener('abort', () => child.kill('SIGTERM'), { once: true })
  logOff?.addEventListener('abort', () => child.kill('SIGHUP'), { once: true })
  hangUp?.addEventListener('abort', () => child.stdout.destroy(), { once: true })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => {
      log += text
      onLine?.(text)
    })
  }
  const exitCode = await new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 1)))
  const read = async (name: string) => readFile(name, 'utf8')
  const outputs = commandFile(await read(files.output))
  const ran = {
    exitCode,
    log,
    outputs,
    state: commandFile(await read(files.state)),
    summary: await read(files.summary),
    report: outputs.report ? await read(outputs.report) : '',
  }
  // `KEEP_RUNS=1`: for somebody who wants to look at the files.
  if (!process.env.KEEP_RUNS) await rm(folder, { recursive: true, force: true })
  return ran
}

const attempts = new WeakMap<EmbeddedAzure, number>()

/** Each run on a world is the next attempt of one workflow run; the post step belongs to the attempt of its main. */
function attemptOf(azure: EmbeddedAzure, state: Readonly<Record<string, string>>): number {
  const attempt = (attempts.get(azure) ?? 0) + (Object.keys(state).length > 0 ? 0 : 1)
  attempts.set(azure, attempt)
  return attempt
}

let defaultInputs: Promise<Record<string, string>> | undefined

/** Defaults of `action.yml`, as the runner fills them in. */
const defaults = (): Promise<Record<string, string>> => {
  defaultInputs ??= readDefaults()
  return defaultInputs
}

async function readDefaults(): Promise<Record<string, string>> {
  const { inputs } = parse(await readFile(path.join(ROOT, 'action.yml'), 'utf8')) as { inputs: Record<string, { default?: string }> }
  const literal = Object.entries(inputs).filter(([, input]) => input.default !== undefined && !input.default.includes('${{'))
  return Object.fromEntries(literal.map(([name, input]) => [name, input.default ?? '']))
}

/** `name<<delimiter` blocks; the last write of a name wins. */
function commandFile(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/^(.+?)<<(.+)\n([\s\S]*?)\n?\2$/gm)].map(([, name = '', , value = '']) => [name, value]))
}
