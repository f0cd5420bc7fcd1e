/** A log that goes on while nothing happens. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { AzureError } from '../../../src/errors/azure-error.ts'
import { AuthError } from '../../../src/errors/sign-in.ts'
import { logEvent, startLog } from '../../../src/report/log.ts'
import { phase, type StepContext, waitFor } from '../../../src/run/context.ts'
import type { RunEvent } from '../../../src/run/events.ts'
import type { Clock } from '../../../src/run/runner.ts'

const MINUTE_MS = 60_000
const START = '2026-11-24T12:00:00.000Z'

const clock: Clock = {
  now: () => new Date(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      setTimeout(resolve, ms)
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    }),
}

/** What the log says of a phase that does nothing but `wait`, and when. */
async function logOf(wait: (context: StepContext) => Promise<unknown>) {
  const lines: { readonly atMs: number; readonly text: string }[] = []
  let log = startLog(START)
  const emit = (event: RunEvent) => {
    const step = logEvent(log, event)
    log = step.log
    const shown = step.lines.filter(({ level }) => level === 'info')
    lines.push(...shown.map(({ text }) => ({ atMs: Date.parse(event.at), text })))
  }
  const context = { clock, events: { emit }, signal: new AbortController().signal } as unknown as StepContext
  const ended = phase(context, 'capture', () => wait(context))
  await vi.runAllTimersAsync()
  await ended
  const silences = lines.slice(1).map(({ atMs }, index) => atMs - (lines[index]?.atMs ?? 0))
  return { texts: lines.map(({ text }) => text), longestSilenceMs: Math.max(...silences) }
}

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse(START) })
})
afterEach(() => {
  vi.useRealTimers()
})

test('a long operation that reports nothing: a line every minute, and none after it', async () => {
  const { texts, longestSilenceMs } = await logOf(({ signal }) => clock.sleep(23 * MINUTE_MS, signal))
  expect(longestSilenceMs).toBeLessThanOrEqual(MINUTE_MS)
  expect(texts).toContainEqual(expect.stringMatching(/^capture has been running for 10 min.*, nothing new for 10 min/))
  expect(texts.length).toBeLessThan(30)
})

test.each([2_000, 15_000, 200_000])('a wait that looks every %i ms: a line every minute, which says what for', async (everyMs) => {
  const isOver = () => Date.now() >= Date.parse(START) + 20 * MINUTE_MS
  const { texts, longestSilenceMs } = await logOf((context) =>
    waitFor(
      context,
      () => 'image version 1.0.0',
      () => everyMs,
      async () => isOver() || undefined,
    ),
  )
  expect(longestSilenceMs).toBeLessThanOrEqual(MINUTE_MS)
  expect(
    texts.filter((text) => /^still waiting for image version 1\.0\.0; waiting for \d+ min.*, nothing new for \d+ min/.test(text)).length,
  ).toBeGreaterThan(15)
  expect(texts.join('\n')).not.toContain('has been under way')
})

const outage = (status: number) =>
  new AzureError({ operation: 'read pool', method: 'GET', url: 'https://management.azure.com/pools/p', status, body: '' })

/** What becomes of a wait for something that is there after 20 minutes, while Azure answers with `status` from minute 2 to minute `untilMin`, and from minute 10 with `then`. */
async function waited(status: number, untilMin: number, then?: Error): Promise<readonly string[]> {
  const at = (minutes: number) => Date.parse(START) + minutes * MINUTE_MS
  const warnings: string[] = []
  const emit = (event: RunEvent) => {
    if (event.kind === 'notice') warnings.push(event.text)
  }
  const context = { clock, events: { emit }, signal: new AbortController().signal } as unknown as StepContext
  const look = async () => {
    if (then && Date.now() >= at(10)) throw then
    if (Date.now() >= at(2) && Date.now() < at(untilMin)) throw outage(status)
    return Date.now() >= at(20) || undefined
  }
  const waiting = waitFor(
    context,
    () => 'a pool',
    () => 30_000,
    look,
  ).catch((error: Error) => warnings.push(error.message))
  await vi.runAllTimersAsync()
  await waiting
  return warnings
}

test('an outage of 20 minutes is waited out, and said once', async () => {
  expect(await waited(503, 22)).toEqual([expect.stringContaining('the run keeps waiting')])
})

test('an outage that lasts half an hour ends the wait', async () => {
  expect(await waited(503, 90)).toEqual([expect.stringContaining('the run keeps waiting'), expect.stringContaining('503')])
})

test('a refusal ends it at once', async () => {
  expect(await waited(403, 22)).toEqual([expect.stringContaining('403')])
})

test('a token that cannot be renewed during an outage does not hide it', async () => {
  const noToken = new AuthError({ error: new Error('AADSTS90033: A transient error has occurred.'), way: 'oidc' } as never)
  expect(await waited(429, 90, noToken)).toEqual([expect.stringContaining('the run keeps waiting'), expect.stringContaining('429')])
})
