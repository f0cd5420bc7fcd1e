/**
 * How long the bundle takes from the start of its process to its first connection, for every way to sign in, beside a bare `node -e 0`.
 * Milliseconds of real time.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import path from 'node:path'
import { median, ratio } from './ratios.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const BUNDLE = path.join(ROOT, 'dist/index.js')
const ROUNDS = 15

const IDS = {
  'INPUT_CLIENT-ID': '33333333-3333-4333-8333-333333333333',
  'INPUT_TENANT-ID': '22222222-2222-4222-8222-222222222222',
}
const INPUTS = {
  'INPUT_SUBSCRIPTION-ID': '11111111-1111-4111-8111-111111111111',
  'INPUT_RESOURCE-GROUP': 'render',
  INPUT_VM: 'golden',
  INPUT_GALLERY: 'images',
  'INPUT_IMAGE-NAME': 'golden',
}

type Environment = Readonly<Record<string, string>>

/** By way of signing in, what the runner has in its environment; `host` is where everything listens. */
const SIGN_INS: Readonly<Record<string, (host: string) => Environment>> = {
  oidc: (host) => ({
    ...IDS,
    ACTIONS_ID_TOKEN_REQUEST_URL: `https://${host}/token?run=1`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'token',
  }),
  environment: () => ({ ...IDS, INPUT_AUTH: 'environment', AZURE_CLIENT_SECRET: 'secret' }),
  'managed-identity': (host) => ({
    INPUT_AUTH: 'managed-identity',
    IDENTITY_ENDPOINT: `http://${host}/msi`,
    IDENTITY_HEADER: 'header',
  }),
}

export interface StartUp {
  /** Of `node -e 0`, from start to end. */
  readonly bareNodeMs: number
  /** To the first connection, by way of signing in. */
  readonly firstRequestMs: Readonly<Record<string, number>>
  readonly firstRequestToBareNode: Readonly<Record<string, number>>
  readonly validateMs: number
  readonly postMs: number
  /** The same code unbundled, to its first request. */
  readonly unbundledMs: number
}

export async function measureStartUp(): Promise<StartUp> {
  const oidc = SIGN_INS.oidc ?? (() => ({}))
  const measures: Readonly<Record<string, () => Promise<number>>> = {
    bareNode: () => untilEnd(['-e', '0'], {}),
    validate: () => untilEnd([BUNDLE], { ...INPUTS, ...IDS, INPUT_MODE: 'validate' }),
    post: () => untilEnd([BUNDLE], { ...INPUTS, ...IDS, STATE_isPost: 'true' }),
    unbundled: () => untilFirstConnection(['-e', `import('${path.join(ROOT, 'lib/main.js')}').then(({ run }) => run())`], oidc),
    ...Object.fromEntries(Object.entries(SIGN_INS).map(([way, signIn]) => [way, () => untilFirstConnection([BUNDLE], signIn)])),
  }
  const rounds = new Map<string, number[]>(Object.keys(measures).map((name) => [name, []]))
  // Turn by turn, so that a busy moment of the machine falls on all alike.
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, measure] of Object.entries(measures)) rounds.get(name)?.push(await measure())
  }
  const medianOf = (name: string) => Math.round(median(rounds.get(name) ?? []))
  const bySignIn = (figure: (way: string) => number) => Object.fromEntries(Object.keys(SIGN_INS).map((way) => [way, figure(way)]))
  return {
    bareNodeMs: medianOf('bareNode'),
    firstRequestMs: bySignIn(medianOf),
    firstRequestToBareNode: bySignIn((way) => ratio(median(rounds.get(way) ?? []), median(rounds.get('bareNode') ?? []))),
    validateMs: medianOf('validate'),
    postMs: medianOf('post'),
    unbundledMs: medianOf('unbundled'),
  }
}

function start(args: readonly string[], env: Environment): ChildProcess {
  return spawn(process.execPath, args, { env: { PATH: process.env.PATH, ...env }, stdio: 'ignore' })
}

async function untilEnd(args: readonly string[], env: Environment): Promise<number> {
  const startedAt = performance.now()
  await once(start(args, env), 'close')
  return performance.now() - startedAt
}

/** @throws Error where the process ends without having connected */
async function untilFirstConnection(args: readonly string[], signIn: (host: string) => Environment): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as { port: number }).port}`
  const connected = once(server, 'connection') as Promise<[Socket]>
  const startedAt = performance.now()
  const child = start(args, {
    ...INPUTS,
    'INPUT_RESOURCE-MANAGER-URL': `https://${host}`,
    AZURE_AUTHORITY_HOST: `https://${host}`,
    ...signIn(host),
  })
  const ended = once(child, 'close')
  const socket = await Promise.race([connected, ended.then(() => undefined)])
  const elapsedMs = performance.now() - startedAt
  server.close()
  if (!socket) throw new Error(`node ${args.join(' ')} ended without a request`)
  socket[0].destroy()
  child.kill('SIGKILL')
  await ended
  return elapsedMs
}
