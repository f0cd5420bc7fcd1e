/**
 * How long the bundle takes from the start of its process to its first connection and its first request, for every way to sign in,
 * beside a bare `node -e 0`. Milliseconds of real time.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { certificateOf } from '../embedded-azure/certificate.ts'
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

interface SignIn {
  /** What the run asks first. */
  readonly asks: string
  /** What the runner has in its environment; `host` is where everything listens. */
  readonly environment: (host: string) => Environment | Promise<Environment>
  /** By default https. */
  readonly isPlain?: true
}

const SIGN_INS: Readonly<Record<string, SignIn>> = {
  oidc: {
    asks: 'GitHub for an assertion',
    environment: (host) => ({
      ...IDS,
      ACTIONS_ID_TOKEN_REQUEST_URL: `https://${host}/token?run=1`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'token',
    }),
  },
  environment: {
    asks: 'Entra ID',
    environment: () => ({ ...IDS, INPUT_AUTH: 'environment', AZURE_CLIENT_SECRET: 'secret' }),
  },
  'workload identity': {
    asks: 'Entra ID',
    environment: async () => ({
      INPUT_AUTH: 'managed-identity',
      AZURE_CLIENT_ID: IDS['INPUT_CLIENT-ID'],
      AZURE_TENANT_ID: IDS['INPUT_TENANT-ID'],
      AZURE_FEDERATED_TOKEN_FILE: await fileWith('token', 'token'),
    }),
  },
  'managed-identity': {
    asks: 'the identity endpoint',
    isPlain: true,
    environment: (host) => ({ INPUT_AUTH: 'managed-identity', IDENTITY_ENDPOINT: `http://${host}/msi`, IDENTITY_HEADER: 'header' }),
  },
  // In place of `az`, which itself takes a second to start, a shell that connects.
  cli: {
    asks: 'az',
    isPlain: true,
    environment: async (host) => {
      const az = await fileWith('az', `#!/bin/bash\nexec 3<>/dev/tcp/${host.replace(':', '/')}\nprintf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3\n`)
      await chmod(az, 0o755)
      return { INPUT_AUTH: 'cli', PATH: `${path.dirname(az)}:${process.env.PATH}` }
    },
  },
}

async function fileWith(name: string, text: string): Promise<string> {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'start-up-')), name)
  await writeFile(file, text)
  return file
}

export interface FirstRequest {
  readonly asks: string
  /** To the first connection. */
  readonly connectedMs: number
  readonly connectedToBareNode: number
  /** To the first request in full, with TLS where there is any. */
  readonly requestedMs: number
}

export interface StartUp {
  /** Of `node -e 0`, from start to end. */
  readonly bareNodeMs: number
  /** By way of signing in. */
  readonly firstRequest: Readonly<Record<string, FirstRequest>>
  readonly validateMs: number
  readonly postMs: number
  /** The same code unbundled, to its first connection. */
  readonly unbundledMs: number
}

export async function measureStartUp(): Promise<StartUp> {
  const bare = { node: [] as number[], validate: [] as number[], post: [] as number[], unbundled: [] as number[] }
  const bySignIn = new Map(Object.keys(SIGN_INS).map((way) => [way, [] as Moments[]]))
  // Turn by turn, so that a busy moment of the machine falls on all alike.
  for (let round = 0; round < ROUNDS; round += 1) {
    bare.node.push(await untilEnd(['-e', '0'], {}))
    bare.validate.push(await untilEnd([BUNDLE], { ...INPUTS, ...IDS, INPUT_MODE: 'validate' }))
    bare.post.push(await untilEnd([BUNDLE], { ...INPUTS, ...IDS, STATE_isPost: 'true' }))
    bare.unbundled.push((await untilFirstRequest(UNBUNDLED, SIGN_INS.environment)).connectedMs)
    for (const [way, moments] of bySignIn) moments.push(await untilFirstRequest([BUNDLE], SIGN_INS[way]))
  }
  const bareNodeMs = median(bare.node)
  const firstOf = (way: string, moments: readonly Moments[]): FirstRequest => {
    const connectedMs = median(moments.map((moment) => moment.connectedMs))
    return {
      asks: SIGN_INS[way]?.asks ?? '',
      connectedMs: Math.round(connectedMs),
      connectedToBareNode: ratio(connectedMs, bareNodeMs),
      requestedMs: Math.round(median(moments.map((moment) => moment.requestedMs))),
    }
  }
  return {
    bareNodeMs: Math.round(bareNodeMs),
    firstRequest: Object.fromEntries([...bySignIn].map(([way, moments]) => [way, firstOf(way, moments)])),
    validateMs: Math.round(median(bare.validate)),
    postMs: Math.round(median(bare.post)),
    unbundledMs: Math.round(median(bare.unbundled)),
  }
}

/** What the bundle is made of, without what it begins early. */
const UNBUNDLED = ['-e', `import('${path.join(ROOT, 'lib/main.js')}').then(({ run }) => run())`]

function start(args: readonly string[], env: Environment): ChildProcess {
  return spawn(process.execPath, args, { env: { PATH: process.env.PATH, ...env }, stdio: 'ignore' })
}

async function untilEnd(args: readonly string[], env: Environment): Promise<number> {
  const startedAt = performance.now()
  await once(start(args, env), 'close')
  return performance.now() - startedAt
}

/** Since the process was started. */
interface Moments {
  readonly connectedMs: number
  readonly requestedMs: number
}

/** @throws Error where the process ends without a request */
async function untilFirstRequest(args: readonly string[], signIn: SignIn | undefined): Promise<Moments> {
  if (!signIn) throw new Error('there is no such way to sign in')
  const { cert, private: key } = await certificateOf()
  const server: Server = signIn.isPlain ? createHttpServer() : createHttpsServer({ key, cert })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as { port: number }).port}`
  const environment = await signIn.environment(host)
  const nodeTrusts = { NODE_EXTRA_CA_CERTS: await fileWith('ca.pem', cert) }
  const cloud = { 'INPUT_RESOURCE-MANAGER-URL': `https://${host}`, AZURE_AUTHORITY_HOST: `https://${host}` }
  const connected = moment(server, 'connection')
  const requested = moment(server, 'request')
  const startedAt = performance.now()
  const child = start(args, { ...INPUTS, ...cloud, ...(!signIn.isPlain && nodeTrusts), ...environment })
  const ended = once(child, 'close')
  const requestedAt = await Promise.race([requested, ended.then(() => undefined)])
  child.kill('SIGKILL')
  await ended
  server.close()
  if (requestedAt === undefined) throw new Error(`node ${args.join(' ')} ended without a request`)
  return { connectedMs: (await connected) - startedAt, requestedMs: requestedAt - startedAt }
}

const moment = (server: Server, event: string): Promise<number> => once(server, event).then(() => performance.now())
