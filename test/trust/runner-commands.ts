/**
 * What the runner takes for a command in the output of a step, by its own rules.
 * https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
 */

/** The runner reads line by line as .NET does, and trims what .NET takes for white space. */
const LINE_END = /\r\n|\n|\r/
const LEADING_SPACE = /^[\s\u0085]+/

/** Names of the commands, in order. */
export function commandsIn(output: string): readonly string[] {
  return output.split(LINE_END).flatMap((line) => {
    const trimmed = line.replace(LEADING_SPACE, '')
    const name =
      trimmed.startsWith('::') && trimmed.indexOf('::', 2) > 0 ? trimmed.slice(2, trimmed.indexOf('::', 2)).split(' ')[0] : undefined
    if (name) return [name]
    const old = /##\[([^\]]*)\]/.exec(line)
    return old ? [`##[${old[1]}]`] : []
  })
}
