/** Run Command reports success whatever a script's exit status was: the script is made to print it. */
import { AzureError } from '../../errors/azure-error.ts'
import { ScriptError, ScriptTimeoutError } from '../../errors/run-errors.ts'
import type { OsType, ScriptRequest } from '../../model/compute.ts'
import type { FollowedOperation, Limit } from '../long-operation.ts'
import { PACES } from '../pace.ts'
import { type ComputeCalls, placeOf } from './calls.ts'

const MARK = 'image-pool-exit-status:'
/** Run Command returns at most 4 KiB. https://learn.microsoft.com/azure/virtual-machines/linux/run-command#restrictions */
const LONGEST_OUTPUT = 4_096

/** A script runs for 90 minutes at most. https://learn.microsoft.com/azure/virtual-machines/linux/run-command#restrictions */
const LONGEST_RUN_MS = 90 * 60_000
/** One runs at a time. https://github.com/Azure/azure-cli/issues/19137 */
const BUSY_DELAY_MS = 15_000

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
  throw new ScriptError({ vm, printed: text, ...(status !== undefined && { status: Number(status) }) })
}

/** Runs a script in a VM, after any other that runs there. @throws ScriptError, ScriptTimeoutError */
export async function runScript(calls: ComputeCalls, request: ScriptRequest, signal: AbortSignal): Promise<string> {
  const { name } = placeOf(request.vm)
  const input = runCommandInput(request.osType, request.script)
  const operation = await startCommand(calls, { ...request, input }, signal)
  await calls.follow(operation, { pace: PACES.vm, signal, limit: limitOf(request, false) })
  return scriptOutput(name, await operation.output())
}

/**
 * Removes what Run Command has installed in a VM; the next script installs it again.
 * https://learn.microsoft.com/azure/virtual-machines/linux/run-command#action-run-command-removal
 */
export async function removeRunCommand(calls: ComputeCalls, { vm, osType }: CommandTarget, signal: AbortSignal): Promise<void> {
  const input = { commandId: `RemoveRunCommand${osType}Extension` }
  const operation = await startCommand(calls, { vm, osType, input }, signal)
  await calls.follow(operation, { pace: PACES.vm, signal, limit: limitOf({ vm, osType }, false) })
}

type CommandTarget = Pick<ScriptRequest, 'vm' | 'osType'>

async function startCommand(
  calls: ComputeCalls,
  { vm, osType, input }: CommandTarget & { readonly input: { commandId: string; script?: string[] } },
  signal: AbortSignal,
): Promise<FollowedOperation> {
  const { group, name } = placeOf(vm)
  const { ms, error: tooLate } = limitOf({ vm, osType }, true)
  const untilMs = calls.clock.now().getTime() + ms
  for (;;) {
    try {
      return await calls.start({
        operation: 'run script in virtual machine',
        method: 'POST',
        id: vm,
        signal,
        send: (options) => calls.for(vm).virtualMachines.runCommand(group, name, input, options),
      })
    } catch (error) {
      if (!isBusy(error)) throw error
      if (calls.clock.now().getTime() >= untilMs) throw tooLate()
      await calls.clock.sleep(BUSY_DELAY_MS, signal)
    }
  }
}

/** "Run command extension execution is in progress. Please wait for completion before invoking a run command." */
function isBusy(error: unknown): boolean {
  return error instanceof AzureError && error.status === 409 && /run command extension execution is in progress/i.test(error.message)
}

const limitOf = ({ vm, osType }: CommandTarget, isBusy: boolean): Limit => ({
  ms: LONGEST_RUN_MS,
  error: () => new ScriptTimeoutError({ vm: placeOf(vm).name, osType, limit: '90 min', isBusy }),
})
