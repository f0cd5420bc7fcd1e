/** Run Command reports success whatever a script's exit status was: the script is made to print it. */
import { ScriptError } from '../../errors/run-errors.ts'
import type { OsType } from '../../model/compute.ts'

const MARK = 'image-pool-exit-status:'
/** Run Command gives back 4 KiB at most. https://learn.microsoft.com/azure/virtual-machines/linux/run-command#restrictions */
const LONGEST_OUTPUT = 4_096

export interface RunCommandInput {
  readonly commandId: 'RunShellScript' | 'RunPowerShellScript'
  readonly script: string[]
}

/** The script inside a frame that prints its exit status at the end. */
export function runCommandInput(osType: OsType, script: string): RunCommandInput {
  const lines = script.replace(/\r\n/g, '\n').split('\n')
  if (osType === 'Windows') {
    return {
      commandId: 'RunPowerShellScript',
      script: [
        '$global:LASTEXITCODE = 0',
        'try { & {',
        ...lines,
        '}; $status = $LASTEXITCODE } catch { Write-Error $_; $status = 1 }',
        `Write-Output "${MARK} $status"`,
      ],
    }
  }
  const shebang = lines[0]?.startsWith('#!') ? lines.slice(0, 1) : []
  return { commandId: 'RunShellScript', script: [...shebang, '(', ...lines.slice(shebang.length), ')', `echo "${MARK} $?"`] }
}

/** What the script printed. @throws ScriptError where it failed, or ended before its end. */
export function scriptOutput(vm: string, answer: unknown): string {
  const { value = [] } = (answer ?? {}) as { value?: readonly { code?: string; message?: string }[] }
  const printed = value.map(({ message = '' }) => message).join('\n')
  const status = new RegExp(`${MARK} (-?\\d+)`).exec(printed)?.[1]
  const text = printed
    .split('\n')
    .filter((line) => !line.includes(MARK))
    .join('\n')
    .trim()
    .slice(-LONGEST_OUTPUT)
  if (status === '0') return text
  throw new ScriptError(vm, status === undefined ? undefined : Number(status), text)
}
