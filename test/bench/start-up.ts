/** How long the bundle takes from the start of its process to its first connection, beside a bare `node -e 0`. Milliseconds of real time. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import path from 'node:path'
import { median } from './ratios.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const ROUNDS = 15

export interface StartUp {
  /** Of `node -e 0`, from start to end. */
  readonly bareNodeMs: number
  readonly firstRequestMs: number
  readonly validateMs: number
  readonly postMs: number
  /** The same code unbundled, to its first request. */
  readonly unbundledMs: number
}

export async function measureStartUp(): Promise<StartUp> {
  const bundle = path.join(ROOT, 'dist/index.js')
  const rounds: Record<keyof StartUp, number[]> = { bareNodeMs: [], firstRequestMs: [], validateMs: [], postMs: [], unbundledMs: [] }
  const measure: Record<keyof StartUp, () => Promise<number>> = {
    bareNodeMs: () => untilEnd(['-e', '0'], {}),
    firstRequestMs: () => untilFirstConnection([bundle]),
    validateMs: () => untilEnd([bundle], { ...INPUTS, INPUT_MODE: 'validate' }),
    postMs: () => untilEnd([bundle], { ...INPUTS, STATE_isPost: 'true' }),
    unbundledMs: () => untilFirstConnection(['-e', `import('${path.join(ROOT, 'lib/main.js')}').then(({ run }) => run())`]),
  }
  const names = Object.keys(measure) as (keyof StartUp)[]
  // Turn by turn, so that a busy moment of the machine falls on all alike.
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of names) rounds[name].push(await measure[name]())
  }
  return Object.fromEntries(names.map((name) => [name, median(rounds[name])])) as unknown as StartUp
}

const INPUTS = {
  'INPUT_CLIENT-ID': '33333333-3333-4333-8333-333333333333',
  'INPUT_TENANT-ID': '22222222-2222-4222-8222-222222222222',
  'INPUT_SUBSCRIPTION-ID': '11111111-1111-4111-8111-111111111111',
  'INPUT_RESOURCE-GROUP': 'render',
  INPUT_VM: 'golden',
  INPUT_GALLERY: 'images',
  'INPUT_IMAGE-NAME': 'golden',
}

function start(args: readonly string[], env: Readonly<Record<string, string>>) {
  return spawn(process.execPath, args, { env: { PATH: process.env.PATH, ...env }, stdio: 'ignore' })
}

async function untilEnd(args: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const startedAt = performance.now()
  await once(start(args, env), 'close')
  return performance.now() - startedAt
}

async function untilFirstConnection(args: readonly string[]): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const connected = once(server, 'connection') as Promise<[Socket]>
  const startedAt = performance.now()
  const child = start(args, {
    ...INPUTS,
    'INPUT_RESOURCE-MANAGER-URL': `https://127.0.0.1:${port}`,
    AZURE_AUTHORITY_HOST: `https://127.0.0.1:${port}`,
    ACTIONS_ID_TOKEN_REQUEST_URL: `https://127.0.0.1:${port}/token?run=1`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'token',
  })
  const [socket] = await connected
  const elapsedMs = performance.now() - startedAt
  socket.destroy()
  child.kill('SIGKILL')
  await once(child, 'close')
  server.close()
  return elapsedMs
}
