/** Text that means harm, in every place where text from outside comes in; and secrets, in every place where something goes out. */
import fc from 'fast-check'
import { marked } from 'marked'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import type { InputReader } from '../../src/config/inputs.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import { AzureError } from '../../src/errors/azure-error.ts'
import { explain } from '../../src/errors/explanation.ts'
import { innermost } from '../../src/errors/innermost.ts'
import { InputError } from '../../src/errors/input-error.ts'
import * as github from '../../src/github/runtime.ts'
import { logEvent, startLog } from '../../src/report/log.ts'
import { outputsOf } from '../../src/report/outputs.ts'
import type { RunReport } from '../../src/report/run-report.ts'
import { breakableCode, code, fence, md, multiline, table, text } from '../../src/report/summary/markdown.ts'
import { renderRefusal, renderSummary } from '../../src/report/summary/summary.ts'
import { SAMPLES } from '../fixtures/sample-reports.ts'
import { hold, leave, SEED } from './matrix.ts'
import { commandsIn } from './runner-commands.ts'
import { secretCases } from './secrets.ts'

const SPELLS = [
  '::set-output name=image-id::evil',
  '\r::add-path::/evil',
  '\n  ::stop-commands::x',
  '\u0085::set-env name=PATH::evil',
  '\u2028::error::x',
  '##[set-env name=PATH]evil',
  '%0A::warning::x',
  '\u001b[31m::notice::x',
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '</details></td><h1>x',
  '[click](javascript:alert(1))',
  '![x](https://evil.example/p.png)',
  '`` ` ``',
  '```\n# heading',
  '~~~',
  '| a | b |\n|---|---|',
  '---',
  '# heading',
  '> [!CAUTION]',
  '@octo-org/team',
  '#1',
  'GH-1',
  '- [ ] task',
  '$$x$$',
  '<!--',
  '&lt;b&gt;',
  '\u202egnp.exe',
  '\u0000',
  '%%{init: {}}%%',
  'click A href "javascript:alert(1)"',
  '"; end',
  '\ud800',
  '[x]: https://evil.example "t"',
  'https://evil.example/?a=<b>',
  '*'.repeat(50),
  '_x_'.repeat(20),
]
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(...SPELLS),
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.constantFrom('\n', '\r', '\r\n', ' ', '\t', '\n\n'),
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((parts) => parts.join(''))
const RUNS = { seed: SEED, numRuns: 300 }

const counted = { all: 0, run: 0, held: 0, broken: [] as string[] }
const startedAtMs = Date.now()

/** `fc.assert`, each run counted as a case for the table. */
function assertAll<T>(property: fc.IProperty<T>, parameters: typeof RUNS): void {
  const details = fc.check(property, parameters)
  counted.all += parameters.numRuns
  counted.run += details.numRuns
  counted.held += details.failed ? details.numRuns - 1 : details.numRuns
  const report = fc.defaultReportMessage(details)
  if (!report) return
  counted.broken.push(`${expect.getState().currentTestName}: ${report}`)
  throw new Error(report)
}

afterEach(() => vi.restoreAllMocks())
afterAll(() => leave({ matrix: 'hostile', flow: 'texts and inputs', seconds: Math.round((Date.now() - startedAtMs) / 1_000), ...counted }))

/** What `say` writes to the runner. */
function printed(say: () => void): string {
  let out = ''
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    out += String(chunk)
    return true
  })
  say()
  write.mockRestore()
  return out
}

describe('the runner hears no command that is not ours', () => {
  test.each([
    ['log.info', (words: string) => github.log.info(words), []],
    ['log.warning', (words: string) => github.log.warning(words), []],
    ['log.debug', (words: string) => github.log.debug(words), ['debug']],
    ['log.startGroup', (words: string) => github.log.startGroup(words), ['group']],
    ['annotate', (words: string) => github.annotate('error', words, words), ['error']],
  ] as const)('%s', (_, say, expected) => {
    assertAll(
      fc.property(hostile, (words) => {
        expect(commandsIn(printed(() => say(words)))).toEqual(expected)
      }),
      RUNS,
    )
  })

  test('a line of the log for each event', () => {
    const [START, at] = ['2026-11-23T19:00:00Z', '2026-11-23T20:00:00Z']
    assertAll(
      fc.property(hostile, (words) => {
        const events = [
          { kind: 'notice', level: 'info', text: words, at },
          { kind: 'resource', change: 'created', type: 'pool', id: `/x/${words}`, detail: words, at },
          { kind: 'check-warning', id: 'vm-extensions', title: 'VM has extensions', seen: words, at },
          { kind: 'data-plane-unreachable', host: words, reason: words, at },
          { kind: 'heartbeat', waitingFor: words, elapsedMs: 1, at },
        ] as const
        const out = printed(() => {
          for (const event of events) logEvent(startLog(START), event).lines.forEach(github.show)
        })
        expect(commandsIn(out)).toEqual([])
        expect(out.split('\n').length).toBe(events.length + 1)
      }),
      RUNS,
    )
  })
})

/** Tags that the summary is made of. */
const OURS = new Set(
  'p h3 h4 h5 table thead tbody tr th td strong em code pre a br ul ol li details summary blockquote hr del sub wbr'.split(' '),
)

function foreignIn(html: string): readonly string[] {
  const tags = [...html.matchAll(/<\/?([a-z][\w-]*)([^>]*)>/gi)]
  const foreign = tags.filter(([, name = '']) => !OURS.has(name.toLowerCase())).map(([tag]) => tag)
  const events = tags.filter(([, , attributes = '']) => /\bon\w+\s*=|javascript:/i.test(attributes)).map(([tag]) => tag)
  return [...foreign, ...events]
}
const skeleton = (html: string): string => [...html.matchAll(/<\/?[a-z][\w-]*/gi)].map(([tag]) => tag).join('')
const rendered = (source: string): string => marked.parse(source, { gfm: true, async: false })

describe('the summary shows text as text', () => {
  test('a value in Markdown does not change its structure', () => {
    assertAll(
      fc.property(hostile, (words) => {
        const page = (value: string) =>
          rendered(
            table(
              ['a', 'b'],
              [
                [md`**a${value}b**`, value],
                [value, 'x'],
              ],
            ).source,
          )
        expect(skeleton(page(words || 'x'))).toBe(skeleton(page('x')))
        expect(foreignIn(page(words))).toEqual([])
      }),
      RUNS,
    )
  })

  test('prose, code and fences hold it', () => {
    assertAll(
      fc.property(hostile, (words) => {
        for (const part of [text(words), code(words), breakableCode(words), multiline(words), fence(words)]) {
          expect(foreignIn(rendered(part.source))).toEqual([])
        }
        expect(skeleton(rendered(`${fence(words).source}\n\nafter`))).toBe('<pre<code</code</pre<p</p')
      }),
      RUNS,
    )
  })

  test('whole reports: no foreign tag, no event handler, no heading that is not ours, at most 1 MiB', () => {
    const headings = (html: string) => [...html.matchAll(/<h\d/g)].length
    assertAll(
      fc.property(hostile, fc.constantFrom(...Object.values(SAMPLES)), (words, sample) => {
        const report = sample()
        const html = rendered(renderSummary(poisoned(report, words)))
        expect(foreignIn(html)).toEqual([])
        expect(headings(html)).toBe(headings(rendered(renderSummary(poisoned(report, 'x')))))
      }),
      { ...RUNS, numRuns: 100 },
    )
  })

  test('a summary is never larger than the runner takes, however long the texts are', () => {
    for (const sample of Object.values(SAMPLES)) {
      const summary = renderSummary(poisoned(sample(), '<&|`'.repeat(100_000)))
      expect(Buffer.byteLength(summary)).toBeLessThan(1_048_576)
    }
    const refusal = renderRefusal({ title: '<'.repeat(1e6), message: '<\n'.repeat(1e6), hint: '&'.repeat(1e6) })
    expect(Buffer.byteLength(refusal)).toBeLessThan(1_048_576)
  })

  test('outputs are bounded, and JSON where they say so', () => {
    for (const sample of Object.values(SAMPLES)) {
      const outputs = outputsOf(poisoned(sample(), '"\n::'.repeat(100_000)))
      for (const name of ['plan', 'snapshot-ids', 'node-states', 'resize-errors', 'pools']) JSON.parse(outputs[name] ?? '')
    }
  })
})

/** Members that Azure, a node or a user's script fills. */
const FROM_OUTSIDE = new Set([
  'message',
  'innermostMessage',
  'title',
  'hint',
  'stderrTail',
  'detail',
  'reason',
  'seen',
  'fix',
  'why',
  'region',
])

function poisoned(report: RunReport, words: string): RunReport {
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [name, typeof member === 'string' && FROM_OUTSIDE.has(name) ? words : walk(member)]),
    )
  }
  return walk(report) as RunReport
}

describe('nothing crashes without a message', () => {
  test('any answer of Azure is explained, in bounded words', () => {
    assertAll(
      fc.property(fc.oneof(fc.jsonValue(), hostile, fc.anything()), (body) => {
        expect(innermost(body).message.length).toBeLessThanOrEqual(2_001)
        const { title, message, hint } = explain(
          new AzureError({ operation: 'test', method: 'GET', url: 'https://azure', status: 400, body }),
        )
        expect(title && message && hint).toBeTruthy()
        expect(title.length).toBeLessThan(4_000)
      }),
      RUNS,
    )
  })

  test('any inputs are taken or refused, every problem named', () => {
    const names = [
      'mode',
      'vm',
      'snapshots',
      'vhd',
      'managed-image',
      'image-id',
      'resource-group',
      'image-name',
      'gallery',
      'image-version',
      'target-regions',
      'replicas',
      'tags',
      'batch-account',
      'pool-spec',
      'pool-id',
      'vm-size',
      'resize-timeout',
      'timeout',
      'strategy',
      'resource-manager-url',
    ]
    const inputs = fc.dictionary(
      fc.constantFrom(...names),
      fc.oneof(hostile, fc.json(), fc.constantFrom('apply', 'golden', '1.0.0', '30m', 'id: x', '[]', '- id: a\n- 5', 'id: &a [*a]')),
    )
    assertAll(
      fc.property(inputs, (given) => {
        const reader: InputReader = {
          input: (name) => given[name]?.trim() ?? '',
          environment: () => undefined,
          hide: () => undefined,
          file: () => undefined,
        }
        try {
          parseConfig(reader)
        } catch (error) {
          expect(error).toBeInstanceOf(InputError)
          expect((error as InputError).problems.length).toBeGreaterThan(0)
        }
      }),
      { ...RUNS, numRuns: 1_000 },
    )
  })
})

test('secrets of pool specs, tokens and signatures leave the run in requests to Azure only', async () => {
  await hold('hostile', 'planted secrets', secretCases(), 4)
})
