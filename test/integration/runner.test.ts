/** Other people's runners: files that cannot be written, old runners without files, folders with unusual names. */
import { once } from 'node:events'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import { again, annotations, azureOf, type Ran } from '../fixtures/whole-runs.ts'

const { inputs, ...scenario } = loadScenario('happy')
const NOWHERE = path.join(tmpdir(), 'there-is-no-such-folder', 'file')
const warnings = ({ log }: Ran) => log.split('\n').filter((line) => line.startsWith('::warning'))

const onRunner = async (env: Record<string, string>, entry?: string): Promise<Ran> =>
  again(await azureOf({ ...scenario, inputs }), inputs, { env, ...(entry && { entry }) })

test('a runner that names no temporary folder: the report is in that of the machine, not in the checkout', async () => {
  const ran = await onRunner({ RUNNER_TEMP: '' })
  expect(path.dirname(ran.outputs.report ?? '')).toBe(tmpdir())
  await rm(ran.outputs.report ?? '')
})

test.each([
  ['its temporary folder', 'RUNNER_TEMP', 'No JSON report'],
  ['its summary file', 'GITHUB_STEP_SUMMARY', 'No job summary'],
  ['its output file', 'GITHUB_OUTPUT', 'No outputs'],
])('a runner without %s: a warning, and green as the nodes are', async (_, variable, title) => {
  const ran = await onRunner({ [variable]: NOWHERE })
  expect({ exitCode: ran.exitCode, errors: annotations(ran) }).toEqual({ exitCode: 0, errors: [] })
  expect(warnings(ran)).toEqual([
    expect.stringMatching(`^::warning title=${title}::The runner's file cannot be written: .*there-is-no-such-folder`),
  ])
  expect(ran.outputs.result).toBe(variable === 'GITHUB_OUTPUT' ? undefined : 'succeeded')
  expect(ran.summary.includes('10 of 10')).toBe(variable !== 'GITHUB_STEP_SUMMARY')
  expect(ran.outputs.report === '').toBe(variable === 'RUNNER_TEMP')
})

describe('a runner behind a proxy', () => {
  const plan = { ...inputs, mode: 'plan' }

  /** Lets through who gives the password. */
  async function proxy() {
    const reached: string[] = []
    const server = createServer((_, answer) => answer.writeHead(405).end())
    server.on('connect', ({ url = '', headers }, client) => {
      const isKnown = headers['proxy-authorization'] === `Basic ${btoa('runner:pa ss')}`
      if (!isKnown) return client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
      reached.push(url)
      const target = connect(Number(url.split(':')[1]), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
        target.pipe(client).pipe(target)
      })
      for (const end of [client, target]) end.on('error', () => target.destroy())
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => void server.close())
    return { reached, port: (server.address() as AddressInfo).port }
  }

  test.each(['HTTPS_PROXY', 'https_proxy'])('%s with a password: all that goes to Azure goes through it', async (variable) => {
    const azure = await azureOf({ ...scenario, inputs })
    const { reached, port } = await proxy()
    const ran = await again(azure, plan, { env: { [variable]: `http://runner:pa%20ss@127.0.0.1:${port}` } })
    expect({ exitCode: ran.exitCode, errors: annotations(ran) }).toEqual({ exitCode: 0, errors: [] })
    const hosts = new Set(azure.exchanges.filter(({ plane }) => plane !== 'github').map(({ liveRequest }) => liveRequest.headers.host))
    expect(new Set(reached)).toEqual(hosts)
    expect(ran.log).not.toContain('pa ss')
    expect(ran.log).not.toContain('pa%20ss')
  })

  test('NO_PROXY: nothing goes through it', async () => {
    const azure = await azureOf({ ...scenario, inputs })
    const { reached, port } = await proxy()
    const ran = await again(azure, plan, { env: { HTTPS_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: 'localhost,127.0.0.1' } })
    expect({ exitCode: ran.exitCode, errors: annotations(ran), reached }).toEqual({ exitCode: 0, errors: [], reached: [] })
  })

  test('one that wants another password is told of', async () => {
    const azure = await azureOf({ ...scenario, inputs })
    const { port } = await proxy()
    const ran = await again(azure, plan, { env: { HTTPS_PROXY: `http://127.0.0.1:${port}` } })
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)[0]).toMatch(/proxy/i)
  })
})

test('a runner that keeps no state: red at once, for nothing could be put right after the end', async () => {
  const ran = await onRunner({ GITHUB_STATE: NOWHERE })
  expect(ran.exitCode).toBe(1)
  expect(annotations(ran)).toEqual([expect.stringContaining('there-is-no-such-folder')])
  expect(ran.azure.exchanges.filter(({ plane }) => plane === 'arm' || plane === 'batch')).toEqual([])
  expect(ran.log).not.toContain('Node.js v')
})

test('a runner that stops reading the log: the run goes on, and its files tell how it ended', async () => {
  const gone = new AbortController()
  const ran = await again(await azureOf({ ...scenario, inputs }), inputs, { hangUp: gone.signal, onLine: () => gone.abort() })
  expect({ exitCode: ran.exitCode, result: ran.outputs.result }).toEqual({ exitCode: 0, result: 'succeeded' })
  expect(ran.summary).toContain('10 of 10')
})

test('a runner whose address for tokens is none: told as a sign-in that failed', async () => {
  const ran = await onRunner({ ACTIONS_ID_TOKEN_REQUEST_URL: 'https://[' })
  expect(ran.exitCode).toBe(1)
  expect(annotations(ran)).toEqual([expect.stringMatching(/^::error title=Azure sign-in failed::/)])
  expect(ran.outputs.result).toBe('failed')
})

test('a runner that is older than files for outputs and state gets commands', async () => {
  const ran = await onRunner({ GITHUB_OUTPUT: '', GITHUB_STATE: '' })
  expect({ exitCode: ran.exitCode, errors: annotations(ran) }).toEqual({ exitCode: 0, errors: [] })
  expect(ran.log).toContain('::set-output name=result::succeeded')
})

test.each([
  ['white space and letters beyond ASCII', 'Läufer 1 – ü'],
  ['what a URL would escape', '100%25 #a?b'],
])('an action in a folder whose name has %s', async (_, name) => {
  const folder = await mkdtemp(path.join(tmpdir(), `${name}-`))
  try {
    await cp(path.join(import.meta.dirname, '../../dist'), folder, { recursive: true })
    const ran = await onRunner({ RUNNER_TEMP: folder }, path.join(folder, 'index.js'))
    expect({ exitCode: ran.exitCode, errors: annotations(ran) }).toEqual({ exitCode: 0, errors: [] })
  } finally {
    await rm(folder, { recursive: true })
  }
})
