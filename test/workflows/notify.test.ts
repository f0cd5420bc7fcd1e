/** The steps that report.md shows after ours, on act exactly as they are printed: a message to a webhook, and an issue of a failed run. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { loadScenario, type Scenario } from '../embedded-azure/scenarios/scenario.ts'
import { type EmbeddedAzure, startAzure } from '../embedded-azure/server.ts'
import { readmeWorkflows } from '../fixtures/readme-workflows.ts'
import { type ActRun, publish, runAct } from './act.ts'
import { tool } from './tools.ts'

const act = tool('act')
const SPEED = 500

/** Only the permission that the page asks for is added. */
function printed(): string {
  const found = readmeWorkflows().filter(([, workflow]) => workflow.includes('secrets.WEBHOOK'))
  const [[, workflow] = ['', '']] = found
  if (found.length !== 1) throw new Error(`${found.length} blocks of the pages send a message`)
  return workflow.replace(/^( +)contents: read$/m, '$1contents: read\n$1issues: write')
}

describe.skipIf(!act)('on act (skipped where it is not installed)', () => {
  let published = ''
  let azure: EmbeddedAzure
  let webhook: Server
  let received: { readonly type: string | undefined; readonly body: string }[] = []
  let status = 200

  beforeAll(async () => {
    published = await publish()
  })
  beforeEach(async () => {
    received = []
    status = 200
    webhook = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      received.push({ type: request.headers['content-type'], body: Buffer.concat(chunks).toString() })
      response.writeHead(status).end()
    })
    await new Promise<void>((resolve) => webhook.listen(0, '127.0.0.1', resolve))
  })
  afterEach(async () => {
    await azure.close()
    await new Promise((resolve) => webhook.close(resolve))
  })

  const notify = async (): Promise<ActRun> => {
    const { port } = webhook.address() as AddressInfo
    const secrets = { WEBHOOK: `http://127.0.0.1:${port}/` }
    return runAct(act ?? '', { azure, published, workflow: printed(), event: 'workflow_dispatch', secrets })
  }
  const world = async (changes: Partial<Scenario> = {}) => {
    azure = await startAzure({ ...loadScenario('happy'), ...changes }, SPEED)
  }

  test('a refresh: one message, no issue; nothing to do: no message', async () => {
    await world()
    const first = await notify()
    expect(first.exitCode, first.log).toBe(0)
    expect(received.map(({ type }) => type)).toEqual(['application/json'])
    expect(JSON.parse(received[0]?.body ?? '')).toEqual({
      text: expect.stringMatching(
        /^Pool render: succeeded, image \d{4}\.\d{3,4}\.0 https:\/\/github\.com\/octo-org\/render\/actions\/runs\/\d+$/,
      ),
    })
    const second = await notify()
    expect(second.exitCode, second.log).toBe(0)
    expect(received).toHaveLength(1)
    expect(azure.github.issues).toEqual([])
  })

  test('a failed run: the message says so, and an issue has the error and what to do', async () => {
    await world({ account: { name: 'renderbatch', dedicatedCoreQuota: 4 } })
    const { exitCode, log } = await notify()
    expect(exitCode, log).not.toBe(0)
    expect(JSON.parse(received[0]?.body ?? '').text).toMatch(/^Pool render: failed, image none /)
    expect(azure.github.issues, log).toMatchObject([
      {
        title: expect.stringMatching(/quota|check/i),
        body: expect.stringMatching(/core[\s\S]*https:\/\/github\.com\/octo-org\/render\/actions\/runs\//),
      },
    ])
  })

  test('a webhook that refuses makes the step red, and its address is not in the log', async () => {
    await world()
    status = 404
    const { exitCode, log } = await notify()
    expect(exitCode).not.toBe(0)
    expect(log).toContain('404')
    expect(log).not.toContain(`127.0.0.1:${(webhook.address() as AddressInfo).port}/`)
  })
})
