/** Text from Azure, nodes and people is text in every place it is shown: Markdown, HTML, Mermaid, the log of the runner, JSON. */
import fc from 'fast-check'
import { marked } from 'marked'
import { describe, expect, test } from 'vitest'
import { logEvent, startLog } from '../../../src/report/log.ts'
import { outputsOf } from '../../../src/report/outputs.ts'
import { timeline } from '../../../src/report/summary/charts.ts'
import { alert, breakableCode, code, details, fence, link, list, md, multiline, table, text } from '../../../src/report/summary/markdown.ts'
import { renderRefusal, renderSummary } from '../../../src/report/summary/summary.ts'
import { lines, singleLine, withoutCommands } from '../../../src/report/untrusted.ts'
import type { RunEvent } from '../../../src/run/events.ts'
import { at, nodes, SAMPLES } from '../../fixtures/sample-reports.ts'

/** What breaks out of one grammar or another, in any order. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '<script>alert(1)</script>',
        '<img src=x onerror=alert(1)>',
        '</details>',
        '<!--',
        '-->',
        '&lt;',
        '&#60;',
        '![x](https://evil.example/x.png)',
        '[x](javascript:alert(1))',
        '[x]: https://evil.example',
        '`',
        '```',
        '~~~',
        '|',
        '\n',
        '\r\n',
        '\n\n',
        '\n# ',
        '\n> ',
        '\n- ',
        '**',
        '__',
        '~~',
        '\\',
        '::error::x',
        '\n::set-output name=a::b',
        '##[error]x',
        '##[',
        '\u200b',
        '\u202e',
        '\u001b[31m',
        '\u0000',
        '\ud800',
        '@octocat',
        '#1',
        '$x$',
        ':::',
        '%%{',
        '"',
        ';',
        'end',
        '{',
        '}',
      ),
      fc.string({ maxLength: 5 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''))

/** Tags of the HTML that a reader's browser would get, in lower case. */
const tagsOf = (html: string): readonly string[] =>
  [...html.matchAll(/<\s*\/?\s*([a-z!][a-z0-9-]*)/gi)].map(([, name = '']) => name.toLowerCase())
const rendered = (markdown: string): string => marked.parse(markdown, { async: false, gfm: true })

describe('in Markdown', () => {
  test.each<[string, (untrusted: string) => { readonly source: string }, readonly string[]]>([
    ['a value', (value) => md`before ${value} after`, ['p']],
    ['prose', (value) => md`before ${text(value)} after`, ['p', 'code', 'a']],
    ['prose of many lines', (value) => md`before ${multiline(value)} after`, ['p', 'code', 'a', 'br']],
    ['code', (value) => md`before ${code(value)} after`, ['p', 'code']],
    ['code that may be broken', (value) => md`before ${breakableCode(value)} after`, ['p', 'code', 'wbr']],
    ['a block', (value) => fence(value), ['pre', 'code']],
    [
      'a cell',
      (value) =>
        table(
          ['A', 'B'],
          [
            [value, text(value)],
            [code(value), breakableCode(value)],
          ],
        ),
      ['table', 'thead', 'tbody', 'tr', 'th', 'td', 'code', 'a', 'wbr'],
    ],
    ['an item', (value) => list([value, text(value), code(value)]), ['ul', 'li', 'code', 'a', 'p']],
    ['a box', (value) => alert('CAUTION', md`${text(value)}`), ['blockquote', 'p', 'code', 'a']],
    ['a fold', (value) => details(value, md`body`), ['details', 'summary', 'p']],
    ['a link', (value) => md`before ${link(value, `https://x.example/${value}`)}`, ['p', 'a']],
    ['an address', (value) => md`before ${link('x', value)}`, ['p', 'a']],
  ])('%s makes no other element than its own', (_, make, allowed) => {
    fc.assert(
      fc.property(hostile, (untrusted) => {
        expect(tagsOf(rendered(make(untrusted).source)).filter((tag) => !allowed.includes(tag))).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    'www.x.example',
    '1www.x.example',
    'a@b.example',
    'a@-b.example',
    'a@_b.example',
    'a.b@c-d.example',
    'x_www.x.example',
    'ftp://x.example',
    'mailto:a@b.example',
    'xmpp:a@b.example',
  ])('no link is made of %s', (address) => {
    expect(tagsOf(rendered(md`before ${address} after`.source))).toEqual(['p', 'p'])
  })

  test('a row keeps its number of cells', () => {
    fc.assert(
      fc.property(hostile, hostile, (one, other) => {
        const html = rendered(
          table(
            ['A', 'B'],
            [
              [one, text(other)],
              [code(one), breakableCode(other)],
            ],
          ).source,
        )
        expect(html.match(/<td/g)).toHaveLength(4)
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    ['golden', '`golden`'],
    ['farm/golden/2026.1123.0', '<code>farm/<wbr>golden/<wbr>2026.1123.0</code>'],
    ['AllocationTimedOut', '<code>Allocation<wbr>Timed<wbr>Out</code>'],
    ['canonical:ubuntu', '<code>canonical:<wbr>ubuntu</code>'],
  ])('on a telephone, %s is broken between its parts', (untrusted, source) => {
    expect(breakableCode(untrusted).source).toBe(source)
  })

  test('links lead to the web only', () => {
    for (const url of ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'no url', ''] as const) {
      expect(link('label', url).source).toBe('label')
    }
    expect(rendered(link('label', 'https://x.example/a b(c)"d').source)).toContain('href="https://x.example/a%20b%28c%29%22d"')
  })

  test('no image is loaded by what Azure says', () => {
    const html = rendered(md`${text('![x](https://evil.example/x.png) <img src=x>')}`.source)
    expect(html).not.toContain('<img')
  })
})

describe('in Mermaid', () => {
  test('a timeline has one line a task, whatever the pools are called', () => {
    const phases = [{ phase: 'pool', startedAt: at(0), finishedAt: at(60), outcome: 'succeeded' }] as const
    fc.assert(
      fc.property(hostile, (name) => {
        const attempt = { number: 1, startedAt: at(1), finishedAt: at(2), from: nodes(0), errors: [], request: {} as never }
        const body = timeline(phases, [{ name, account: 'renderfarm', attempts: [attempt] }])?.source.split('\n') ?? []
        for (const line of body.slice(6, -1)) {
          expect(line).toMatch(/^ {2}(?:section [\w .-]+|[\w .-]+ :(?:crit, )?[\d-]+T[\d:]+, [\d-]+T[\d:]+)$/)
        }
        expect(body.filter((line) => line.includes('section'))).toHaveLength(2)
      }),
    )
  })
})

describe('in the log', () => {
  /** https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs */
  const isCommand = (line: string): boolean => line.trimStart().startsWith('::') || line.includes('##[')

  test('nothing is a command to the runner', () => {
    fc.assert(
      fc.property(hostile, (untrusted) => {
        const events: readonly RunEvent[] = [
          { at: at(1), kind: 'notice', level: 'warning', text: untrusted },
          { at: at(1), kind: 'check-warning', id: 'vm-extensions', title: 'VM has extensions', seen: untrusted },
          { at: at(1), kind: 'data-plane-unreachable', reason: untrusted },
          { at: at(1), kind: 'resize-backoff', pool: untrusted, waitMs: 1, reason: untrusted },
          { at: at(1), kind: 'resource', change: 'created', type: 'snapshot', id: untrusted, detail: untrusted },
          { at: at(1), kind: 'planned', changes: [{ verb: 'create', type: 'pool', name: untrusted, reason: untrusted }] },
          { at: at(2), kind: 'phase-ended', phase: 'plan', outcome: 'succeeded' },
        ]
        let log = logEvent(startLog(at(0)), { at: at(0), kind: 'phase-started', phase: 'plan' }).log
        const shown = events.flatMap((event) => {
          const step = logEvent(log, event)
          log = step.log
          return step.lines.map(({ text: line }) => line)
        })
        // A group begins and ends; the plan comes when its phase has ended.
        expect(shown.length).toBe(events.length + 2)
        for (const line of shown) {
          expect(line).not.toMatch(/[\r\n]/)
          expect(isCommand(line)).toBe(false)
        }
        expect(
          withoutCommands(untrusted)
            .split(/\r\n|[\r\n]/)
            .some(isCommand),
        ).toBe(false)
      }),
      { numRuns: 1_000 },
    )
  })

  test('nothing is hidden, and every text is well-formed', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 50 }), (untrusted, longest) => {
        const line = singleLine(untrusted, longest)
        expect(line.length).toBeLessThanOrEqual(longest)
        expect(line.isWellFormed()).toBe(true)
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to be gone
        expect(lines(untrusted).join('')).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\ufeff]/)
      }),
    )
  })

  test('singleLine changes nothing that it gave', () => {
    fc.assert(fc.property(hostile, (untrusted) => singleLine(singleLine(untrusted)) === singleLine(untrusted)))
  })
})

/** Every text of a value replaced, but those that the types restrict. */
// biome-ignore lint/suspicious/noExplicitAny: any part of a report
function poisoned(value: any, poison: string): any {
  if (Array.isArray(value)) return value.map((item) => poisoned(item, poison))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      typeof member === 'string' && FREE_TEXTS.has(name) ? `${poison}${member}` : poisoned(member, poison),
    ]),
  )
}

const FREE_TEXTS = new Set([
  'message',
  'title',
  'hint',
  'seen',
  'fix',
  'reason',
  'why',
  'details',
  'stderrTail',
  'innermostMessage',
  'innermostCode',
  'code',
  'name',
  'image',
  'actor',
  'repository',
  'vmSize',
  'imageBefore',
  'value',
])

describe.each(Object.entries(SAMPLES))('the report of a run: %s', (_, sample) => {
  test('with hostile texts everywhere, is a page without scripts, images, forms or handlers', () => {
    fc.assert(
      fc.property(hostile, (poison) => {
        const html = rendered(renderSummary(poisoned(sample(), poison)))
        expect(
          tagsOf(html).filter((tag) => ['script', 'img', 'iframe', 'form', 'input', 'style', 'object', 'svg', '!--'].includes(tag)),
        ).toEqual([])
        expect((html.match(/<details/g) ?? []).length).toBe((html.match(/<\/details>/g) ?? []).length)
      }),
      { numRuns: 30 },
    )
  })

  test('with hostile texts everywhere, gives outputs whose JSON parses', () => {
    fc.assert(
      fc.property(hostile, (poison) => {
        const outputs = outputsOf(poisoned(sample(), poison))
        for (const name of ['plan', 'snapshot-ids', 'node-states', 'resize-errors', 'pools']) JSON.parse(outputs[name] ?? '')
      }),
      { numRuns: 30 },
    )
  })

  test('fits into the space given, however small', () => {
    const whole = Buffer.byteLength(renderSummary(sample()))
    const least = Buffer.byteLength(renderSummary(sample(), 0))
    fc.assert(
      fc.property(fc.integer({ min: least, max: whole }), (bytes) => Buffer.byteLength(renderSummary(sample(), bytes)) <= bytes),
      { numRuns: 20 },
    )
  })
})

test('a refusal of inputs is as safe', () => {
  fc.assert(
    fc.property(hostile, (poison) => {
      const html = rendered(renderRefusal({ title: `Refused ${poison}`, message: poison, hint: poison, link: poison }))
      expect(tagsOf(html).filter((tag) => !['h3', 'p', 'code', 'a', 'strong', 'br', 'blockquote'].includes(tag))).toEqual([])
    }),
  )
})
