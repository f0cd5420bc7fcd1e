/**
 * The commands and files by which the action talks to the runner. These modules of `@actions/core` need no network; its main module brings an HTTP
 * client with all of undici, half a megabyte that only `getIDToken` needs: that one is loaded when it is called.
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
 */
import { EOL } from 'node:os'
import { issue, issueCommand } from '../../node_modules/@actions/core/lib/command.js'
import { issueFileCommand, prepareKeyValueMessage } from '../../node_modules/@actions/core/lib/file-command.js'
import { toCommandValue } from '../../node_modules/@actions/core/lib/utils.js'

export { summary } from '../../node_modules/@actions/core/lib/summary.js'

/** The value of an input without space around it; '' where there is none. */
export const getInput = (name: string): string => (process.env[`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`] ?? '').trim()

export const getState = (name: string): string => process.env[`STATE_${name}`] ?? ''

/** @throws Error where the runner's file cannot be written */
export function saveState(name: string, value: unknown): void {
  if (process.env.GITHUB_STATE) issueFileCommand('STATE', prepareKeyValueMessage(name, value))
  else issueCommand('save-state', { name }, toCommandValue(value))
}

/** @throws Error where the runner's file cannot be written */
export function setOutput(name: string, value: string): void {
  if (process.env.GITHUB_OUTPUT) issueFileCommand('OUTPUT', prepareKeyValueMessage(name, value))
  else issueCommand('set-output', { name }, value)
}

export const setSecret = (secret: string): void => issueCommand('add-mask', {}, secret)
export const debug = (text: string): void => issueCommand('debug', {}, text)
export const info = (text: string): void => void process.stdout.write(text + EOL)
export const startGroup = (name: string): void => issue('group', name)
export const endGroup = (): void => issue('endgroup')

/** An annotation of the job. */
export const annotation = (level: 'error' | 'warning', text: string, title: string): void => issueCommand(level, { title }, text)

/** @throws Error where GitHub gives no token */
export async function getIDToken(audience: string): Promise<string> {
  const core = await import('@actions/core')
  return core.getIDToken(audience)
}
