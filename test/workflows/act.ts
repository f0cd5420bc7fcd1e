/** Workflows on a runner that is not ours: nektos/act in host mode, with the real bundle, against the embedded Azure. */
import { spawn, spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parse } from 'yaml'
import { GITHUB_TOKEN } from '../embedded-azure/github/github.ts'
import { CLIENT, SUBSCRIPTION, TENANT } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { ROOT, read } from '../tools/generated.ts'

const PUBLISHED = 'PUBLISHER/azure-batch-image-pool'

/** The embedded Azure's clock and price list. */
const PRELOADS = ['clock/clock-preload.cjs', 'prices/prices-preload.cjs']
  .map((name) => `--require ${JSON.stringify(path.join(import.meta.dirname, '../embedded-azure', name))}`)
  .join(' ')

/** What GitHub knows and act does not: `$/` is this repository at this commit, `queue` how many may wait. */
const forAct = (workflow: string): string =>
  workflow
    .replaceAll('uses: $/', `uses: ${PUBLISHED}/`)
    .replace(/(uses: PUBLISHER\/[\w./-]+\/self)$/gm, '$1@v0')
    .replace(/^ +queue: max\n/gm, '')

/** This repository as its users get it: the action, the bundle, the workflows. @returns its folder. */
export async function publish(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'published-'))
  for (const part of ['action.yml', 'dist', '.github']) await cp(path.join(ROOT, part), path.join(folder, part), { recursive: true })
  const reusable = path.join(folder, '.github/workflows/refresh-pool.yml')
  await writeFile(reusable, forAct(await readFile(reusable, 'utf8')))
  return folder
}

export interface ActRun {
  readonly exitCode: number
  readonly log: string
}

export interface ActOptions {
  readonly azure: EmbeddedAzure
  readonly published: string
  /** The workflow, as a user has it in the repository; only the address of Resource Manager is added. */
  readonly workflow: string
  readonly event: string
  readonly payload?: object
  readonly inputs?: Readonly<Record<string, string>>
  readonly secrets?: Readonly<Record<string, string>>
  /** Other files of the user's repository. */
  readonly files?: Readonly<Record<string, string>>
}

export async function runAct(
  act: string,
  { azure, published, workflow, event, payload = {}, inputs = {}, secrets = {}, files = {} }: ActOptions,
): Promise<ActRun> {
  const home = await mkdtemp(path.join(tmpdir(), 'act-'))
  const repository = path.join(home, 'render')
  const put = async (name: string, text: string) => {
    const file = path.join(home, name)
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, text)
    return file
  }
  const pointed = workflow.replace(/^( +)(tenant-id: .*)$/gm, `$1$2\n$1resource-manager-url: ${azure.url}`)
  const file = await put('render/.github/workflows/it.yml', forAct(pointed))
  for (const [name, text] of Object.entries(files)) await put(`render/${name}`, text)
  await put('.actrc', '')
  commit(repository)
  const env = {
    ACTIONS_ID_TOKEN_REQUEST_URL: azure.oidcUrl,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: azure.oidcToken,
    AZURE_AUTHORITY_HOST: azure.url,
    NODE_EXTRA_CA_CERTS: azure.caPath,
    CURL_CA_BUNDLE: azure.caPath,
    NODE_OPTIONS: PRELOADS,
    EMBEDDED_AZURE_CLOCK: String(azure.clock),
    EMBEDDED_AZURE_PRICES_PORT: new URL(azure.url).port,
    GITHUB_API_URL: `${azure.url}/api/v3`,
    ARTIFACTS: path.join(home, 'artifacts'),
  }
  await mkdir(env.ARTIFACTS)
  const variables = { AZURE_CLIENT_ID: CLIENT, AZURE_TENANT_ID: TENANT, AZURE_SUBSCRIPTION_ID: SUBSCRIPTION }
  const options = (flag: string, values: Readonly<Record<string, string>>) =>
    Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`])
  const args = [
    event,
    ...['--workflows', file, '--platform', 'ubuntu-latest=-self-hosted', '--secret', `GITHUB_TOKEN=${GITHUB_TOKEN}`],
    ...['--eventpath', await put('event.json', JSON.stringify({ ...payload, inputs }))],
    ...options('--local-repository', { [`${PUBLISHED}@v0`]: published, ...standIns() }),
    ...options('--var', variables),
    ...options('--secret', secrets),
    ...options('--env', env),
  ]
  const child = spawn(act, args, {
    cwd: repository,
    env: {
      ...process.env,
      HOME: home,
      XDG_CONFIG_HOME: home,
      XDG_CACHE_HOME: path.join(home, 'cache'),
      PATH: [path.dirname(process.execPath), process.env.PATH].join(path.delimiter),
    },
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (log += text))
  const exitCode = await new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 1)))
  return { exitCode, log }
}

/** Actions of others that only GitHub can serve, at the commits that the reusable workflow names. */
function standIns(): Record<string, string> {
  const uses = [...read('.github/workflows/refresh-pool.yml').matchAll(/uses: (actions\/((?:up|down)load-artifact)@[0-9a-f]{40})/g)]
  return Object.fromEntries(uses.map(([, reference = '', name = '']) => [reference, path.join(import.meta.dirname, 'stand-ins', name)]))
}

/** act reads the repository's name and commit from git. */
function commit(folder: string): void {
  const git = (...args: readonly string[]) =>
    spawnSync('git', ['-c', 'user.name=octocat', '-c', 'user.email=octocat@github.com', ...args], { cwd: folder })
  git('init', '--quiet', '--initial-branch=main')
  git('remote', 'add', 'origin', 'https://github.com/octo-org/render')
  git('add', '--all')
  git('commit', '--quiet', '--message=first')
}

/** The first workflow under a heading of the README. */
export function blockUnder(heading: string): string {
  const [, section = ''] = read('README.md').split(`\n## ${heading}\n`)
  const block = /```yaml\n([\s\S]*?)```/.exec(section)?.[1]
  if (!block || typeof parse(block)?.jobs !== 'object') throw new Error(`README has no workflow under ${heading}`)
  return block
}
