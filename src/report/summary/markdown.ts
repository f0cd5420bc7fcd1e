/**
 * GitHub Markdown, composed so that text from outside stays text. A `Markdown` value is safe by construction: `md` escapes every
 * string that is put into it, and nothing else makes one. Entities are used for escaping because they hold in Markdown, in its
 * tables and in raw HTML alike.
 */
import { lines, singleLine } from '../untrusted.ts'

declare const safe: unique symbol

export interface Markdown {
  readonly source: string
  readonly [safe]: true
}

export type Content = string | number | Markdown

const markdown = (source: string): Markdown => ({ source }) as Markdown

export const nothing = markdown('')

/** A template whose literal parts are Markdown and whose values are text. */
export function md(literals: TemplateStringsArray, ...values: readonly Content[]): Markdown {
  return markdown(literals.map((literal, index) => (index === 0 ? literal : source(values[index - 1] ?? '') + literal)).join(''))
}

/** Prose on one line: spans in backticks become code, web addresses links, everything else is escaped. */
export function text(untrusted: string, longest?: number): Markdown {
  const parts = singleLine(untrusted, longest).split(/(`[^`]+`|https?:\/\/[^\s<>"'`|\\]+[^\s<>"'`|\\.,;:!?()[\]{}])/)
  return markdown(
    parts
      .map((part, index) => {
        if (index % 2 === 0) return entities(part)
        return part.startsWith('`') ? code(part.slice(1, -1)).source : link(address(part), part).source
      })
      .join(''),
  )
}

/** Prose whose line breaks are kept, at most `most` lines. */
export function multiline(untrusted: string, most = 40): Markdown {
  const filled = lines(untrusted).filter((line) => line.trim() !== '')
  const shown = filled.slice(0, most).map((line) => text(line))
  return join(filled.length > most ? [...shown, md`… ${filled.length - most} more lines`] : shown, '<br>\n')
}

/** Code within a line. Backticks where they can hold it, else HTML. */
export function code(untrusted: string, longest?: number): Markdown {
  const line = singleLine(untrusted, longest)
  if (line === '') return nothing
  return markdown(/[`|]/.test(line) ? `<code>${entities(line)}</code>` : `\`${line}\``)
}

/** E.g. `AllocationTimedout`. */
const LONGEST_WHOLE = 20

/** Code that may be broken within a word, for cells of a table: on a telephone a column is some fifteen letters wide. */
export function breakableCode(untrusted: string): Markdown {
  const parts = singleLine(untrusted).split(/(?<=[/:])(?=.)|(?<=[a-z])(?=[A-Z])/)
  return parts.length < 2 ? code(untrusted) : markdown(`<code>${parts.map(entities).join('<wbr>')}</code>`)
}

/** The name of an error, for a cell of a table: whole where it fits, so that a search for it finds it. */
export function errorName(untrusted: string): Markdown {
  return untrusted.length > LONGEST_WHOLE ? breakableCode(untrusted) : code(untrusted)
}

/** A block of lines as they are. The fence is longer than any run of backticks within. */
export function fence(untrusted: string, language = 'text'): Markdown {
  const body = lines(untrusted).join('\n').trimEnd()
  const longestRun = Math.max(2, ...(body.match(/`+/g) ?? []).map((run) => run.length))
  const ticks = '`'.repeat(longestRun + 1)
  return markdown(`${ticks}${language}\n${body}\n${ticks}`)
}

/** A chart; GitHub draws it. The lines must be free of text from outside, but for letters and digits. */
export function mermaid(...body: readonly string[]): Markdown {
  return fence(body.join('\n'), 'mermaid')
}

/** Only to the web; anything else is just its label. */
export function link(label: Content, url: string | undefined): Markdown {
  const shown = source(label)
  const target = url && URL.canParse(url) ? new URL(url) : undefined
  if (shown === '' || !target || !/^https?:$/.test(target.protocol)) return markdown(shown)
  const href = target.href.replace(/[\s<>|\\`()[\]"']/g, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
  return markdown(`[${shown}](${href.replaceAll('&', '&amp;')})`)
}

export function heading(level: 3 | 4 | 5, title: Content): Markdown {
  return markdown(`${'#'.repeat(level)} ${source(title)}`)
}

interface RightColumn {
  readonly right: string
}

/** A title; numbers stand at the right. */
export type Column = Content | RightColumn

/** Nothing where there are no rows. */
export function table(columns: readonly Column[], rows: readonly (readonly Content[])[]): Markdown {
  if (rows.length === 0) return nothing
  const row = (cells: readonly Content[]): string => `| ${cells.map((cell) => source(cell).replaceAll('\n', ' ')).join(' | ')} |`
  const titles = row(columns.map((column) => (isRight(column) ? column.right : column)))
  const rule = `| ${columns.map((column) => (isRight(column) ? '---:' : '---')).join(' | ')} |`
  return markdown([titles, rule, ...rows.map(row)].join('\n'))
}

const isRight = (column: Column): column is RightColumn => typeof column === 'object' && 'right' in column

/** A section that can be folded, folded at first by default. Markdown works in the body because blank lines surround it. */
export function details(title: string, body: Markdown, state: 'folded' | 'open' = 'folded'): Markdown {
  return body.source === ''
    ? nothing
    : markdown(
        `<details${state === 'open' ? ' open' : ''}>\n<summary>${entities(singleLine(title))}</summary>\n\n${body.source}\n\n</details>`,
      )
}

/** A coloured box; a block quote where alerts are not known. */
export function alert(kind: 'NOTE' | 'TIP' | 'IMPORTANT' | 'WARNING' | 'CAUTION', body: Markdown): Markdown {
  return markdown([`[!${kind}]`, ...body.source.split('\n')].map((line) => (line === '' ? '>' : `> ${line}`)).join('\n'))
}

export function list(items: readonly Content[]): Markdown {
  return markdown(items.map((item) => `- ${source(item).replace(/\n/g, '\n  ')}`).join('\n'))
}

export function join(parts: readonly Content[], separator: string): Markdown {
  return markdown(parts.map(source).join(separator))
}

/** Blocks with a blank line between them; empty ones are left out. */
export function blocks(...parts: readonly (Markdown | undefined)[]): Markdown {
  return markdown(parts.flatMap((part) => (part && part.source !== '' ? [part.source] : [])).join('\n\n'))
}

function source(content: Content): string {
  if (typeof content === 'number') return content.toLocaleString('en-US')
  return typeof content === 'string' ? entities(singleLine(content)) : content.source
}

/** A long address is shown by its beginning. */
function address(url: string): Markdown {
  return markdown(entities(singleLine(url.replace(/^https?:\/\//, ''), 60)))
}

/**
 * Entities stop Markdown and HTML. GitHub turns names, numbers and addresses into links only after that, so a zero-width space
 * goes into `@name`, `#1` and `GH-1`, as Renovate does it.
 */
function entities(line: string): string {
  return line
    .replace(/[&<>"|\\`*_~[\]$]/g, entity)
    .replace(/@(?=[\w-])|(?<!&)#(?=\d)|\bGH-(?=\d)/gi, '$&&#8203;')
    .replace(/^[#=:]|^[+-](?!\d)|^\d+[.)](?!\d)|:(?=\/\/)|\bwww\./gi, (start) => start.slice(0, -1) + entity(start.slice(-1)))
}

function entity(character: string): string {
  switch (character) {
    case '&':
      return '&amp;'
    case '<':
      return '&lt;'
    case '>':
      return '&gt;'
    default:
      return `&#${character.charCodeAt(0)};`
  }
}
