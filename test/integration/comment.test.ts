/** `comment: true`: one comment on the pull request, kept up to date, and never a reason to be red. */
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { GITHUB_TOKEN } from '../embedded-azure/github/github.ts'
import { loadScenario, type Scenario } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { again, azureOf, type Ran } from '../fixtures/whole-runs.ts'

const NUMBER = 12
const PLAN = { mode: 'plan', comment: 'true', 'github-token': GITHUB_TOKEN }
const MARKER = /^<!-- azure-batch-image-pool [0-9a-f]{16} -->\n/

async function onEvent(
  azure: EmbeddedAzure,
  payload: object,
  inputs: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'event-')), 'event.json')
  await writeFile(file, JSON.stringify(payload))
  const given = { ...scenario.inputs, ...PLAN, ...inputs }
  return again(azure, given, { env: { GITHUB_EVENT_PATH: file, ...env } })
}

const scenario: Scenario = loadScenario('happy')
const PULL_REQUEST = { pull_request: { number: NUMBER } }
const warnings = ({ log }: Ran): readonly string[] => log.split('\n').filter((line) => line.startsWith('::warning'))

describe('comment: true on a pull request', () => {
  test('the first run writes the summary, the next ones put theirs in its place', async () => {
    const azure = await azureOf(scenario)
    const first = await onEvent(azure, PULL_REQUEST)
    expect(azure.github.comments).toHaveLength(1)
    expect(azure.github.comments[0]).toMatchObject({ issue: NUMBER, body: expect.stringMatching(MARKER) })
    expect(azure.github.comments[0]?.body.replace(MARKER, '')).toBe(first.summary)
    await onEvent(azure, PULL_REQUEST, { 'target-dedicated-nodes': '77' })
    expect(azure.github.comments).toHaveLength(1)
    expect(azure.github.comments[0]?.body).toContain('77')
  })

  test('another pool and another workflow have comments of their own', async () => {
    const azure = await azureOf(scenario)
    await onEvent(azure, PULL_REQUEST)
    await onEvent(azure, PULL_REQUEST, { 'pool-id': 'preview' })
    await onEvent(azure, PULL_REQUEST, {}, { GITHUB_WORKFLOW: 'Nightly' })
    await onEvent(azure, PULL_REQUEST)
    expect(azure.github.comments).toHaveLength(3)
  })

  test('refused inputs replace the comment on an earlier commit', async () => {
    const azure = await azureOf(scenario)
    await onEvent(azure, PULL_REQUEST)
    const refused = await onEvent(azure, PULL_REQUEST, { 'max-resizes': 'many' })
    expect(refused.exitCode).toBe(1)
    expect(azure.github.comments).toHaveLength(1)
    expect(azure.github.comments[0]?.body).toContain('max-resizes')
  })

  test('validate says that it is valid, without asking Azure', async () => {
    const azure = await azureOf(scenario)
    const ran = await onEvent(azure, PULL_REQUEST, { mode: 'validate' })
    expect(ran.summary).toContain('**Valid**')
    expect(azure.github.comments[0]?.body).toContain('**Valid**')
    expect(azure.exchanges.filter(({ plane }) => plane !== 'github')).toEqual([])
  })

  test('the comment is found behind a hundred others, and a stranger who copies the marker is left alone', async () => {
    const azure = await azureOf(scenario)
    await onEvent(azure, PULL_REQUEST)
    const marker = MARKER.exec(azure.github.comments[0]?.body ?? '')?.[0] ?? ''
    azure.github.comments.splice(0)
    const stranger = { user: { login: 'mallory', type: 'User' }, author_association: 'NONE' } as const
    const forged = azure.github.add(NUMBER, `${marker}all is well`, stranger)
    for (let index = 0; index < 110; index += 1) azure.github.add(NUMBER, `talk ${index}`, stranger)
    await onEvent(azure, PULL_REQUEST)
    await onEvent(azure, PULL_REQUEST)
    expect(forged.body).toBe(`${marker}all is well`)
    expect(azure.github.comments).toHaveLength(112)
  })

  test('an answer that GitHub fails to give once does not keep the comment away', async () => {
    const azure = await azureOf(scenario)
    let failures = 0
    azure.intervene = ({ method, url }) => {
      if (method !== 'POST' || !url.includes('/comments') || failures > 0) return undefined
      failures += 1
      return { kind: 'answer', status: 502, body: 'Bad Gateway' }
    }
    const ran = await onEvent(azure, PULL_REQUEST)
    expect(failures).toBe(1)
    expect(warnings(ran)).toEqual([])
    expect(azure.github.comments).toHaveLength(1)
  })

  test('a comment on a pull request counts as one, too', async () => {
    const azure = await azureOf(scenario)
    await onEvent(azure, { issue: { number: 9, pull_request: { url: 'https://api.github.com/…' } } })
    expect(azure.github.comments).toMatchObject([{ issue: 9 }])
  })
})

describe('no comment', () => {
  test('elsewhere than on a pull request: nothing is asked, and the debug log says why', async () => {
    const azure = await azureOf(scenario)
    const ran = await onEvent(azure, { issue: { number: 9 } })
    expect(ran.exitCode).toBe(0)
    expect(ran.log).toContain('::debug::No pull request started this run')
    expect(azure.exchanges.filter(({ liveRequest }) => liveRequest.url.includes('/api/v3/'))).toEqual([])
  })

  test('without the permission: green, and one warning that names it', async () => {
    const azure = await azureOf(scenario)
    azure.github.permission = 'read'
    const ran = await onEvent(azure, PULL_REQUEST)
    expect(ran.exitCode).toBe(0)
    expect(warnings(ran)).toHaveLength(1)
    expect(warnings(ran)[0]).toMatch(/Resource not accessible by integration.*%0AThe job needs `permissions: pull-requests: write`/)
  })

  test('where GitHub does not answer: green, with a warning', async () => {
    const azure = await azureOf(scenario)
    azure.intervene = ({ url }) => (url.includes('/comments') ? { kind: 'reset' } : undefined)
    const ran = await onEvent(azure, PULL_REQUEST)
    expect(ran.exitCode).toBe(0)
    expect(warnings(ran)).toHaveLength(1)
  })

  test('the token is not in log, summary or comment', async () => {
    const azure = await azureOf(scenario)
    const ran = await onEvent(azure, PULL_REQUEST, {}, { ACTIONS_STEP_DEBUG: 'true', RUNNER_DEBUG: '1' })
    expect([ran.log, ran.summary, azure.github.comments[0]?.body].join('\n')).not.toContain(GITHUB_TOKEN)
  })

  test('comment: true without a token is refused', async () => {
    const azure = await azureOf(scenario)
    const ran = await onEvent(azure, PULL_REQUEST, { 'github-token': '' })
    expect(ran.exitCode).toBe(1)
    expect(ran.log).toMatch(/::error.*github-token/)
  })
})
