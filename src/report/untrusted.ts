/** What Azure, a node or a tag says is text and nothing else: no terminal codes, no hidden characters, no command to the runner. */
import { stripVTControlCharacters } from 'node:util'

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to remove
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g
/** Zero-width and bidirectional controls, which make text look like what it is not. https://trojansource.codes */
const INVISIBLE = /[\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g

/** On one line, at most `longest` characters. */
export function singleLine(untrusted: string, longest = 4_000): string {
  return shorten(lines(untrusted).join(' ').replace(/\s+/g, ' ').trim(), longest)
}

/**
 * A command to the runner begins a line (`::`) or stands anywhere in its old form (`##[`); neither survives. The runner trims what .NET
 * takes for white space, U+0085 too. https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
 */
export function withoutCommands(text: string): string {
  return text.replaceAll('##[', '## [').replace(/^([\s\u0085]*)::/gm, '$1: :')
}

/** Line by line, without commands to the runner. */
export function lines(untrusted: string): readonly string[] {
  return stripVTControlCharacters(untrusted.toWellFormed())
    .split(/\r\n|[\n\r\u0085\u2028\u2029]/)
    .map((line) => withoutCommands(line.replace(CONTROLS, '').replace(INVISIBLE, '')))
}

function shorten(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1).trimEnd()}…`.toWellFormed()
}
