import type { SignIn } from '../model/sign-in.ts'
import type { Environment } from './ambient.ts'

/** The first token of the Azure CLI's session, for which `az` was started before the packages were loaded. */
export interface EarlyAz {
  /** Gives it away, what it printed, to the first who asks the same; `undefined` where it failed, which another try explains. */
  take(args: readonly string[]): Promise<string | undefined> | undefined
}

export const AZ_PATIENCE_MS = 30_000

/**
 * Arguments of `az` for a token of this resource. It takes the subscription or the tenant, and refuses both.
 * https://github.com/Azure/azure-cli/blob/dev/src/azure-cli/azure/cli/command_modules/profile/custom.py
 */
export function azArguments(resource: string, { subscriptionId, tenantId }: AzAccount): readonly string[] {
  const whose = subscriptionId ? ['--subscription', subscriptionId] : tenantId ? ['--tenant', tenantId] : []
  return ['account', 'get-access-token', '--output', 'json', '--resource', resource, ...whose]
}

/** Whose token the Azure CLI is asked for. */
export interface AzAccount extends Pick<SignIn, 'tenantId'> {
  /** The subscription of the run; '' where it is not known. */
  readonly subscriptionId: string
}

/** What `az` runs with. Not in the workspace: a file named `az` there is not the Azure CLI. */
export const azOptions = (environment: Environment) =>
  ({
    cwd: process.platform === 'win32' ? (environment.SystemRoot ?? environment.SYSTEMROOT ?? 'C:\\Windows') : '/bin',
    encoding: 'utf8',
    timeout: AZ_PATIENCE_MS,
    env: { ...environment, AZURE_CORE_NO_COLOR: 'true' },
  }) as const

/** Starts `az`, which alone takes a second or so. On Windows, where it is a batch file, `@azure/core-process` has to. */
export function startAz(args: readonly string[], environment: Environment): EarlyAz | undefined {
  if (process.platform === 'win32') return undefined
  const { execFile } = process.getBuiltinModule('node:child_process')
  let printed: Promise<string | undefined> | undefined = new Promise((resolve) => {
    const child = execFile('az', args, azOptions(environment), (error, stdout) => resolve(error ? undefined : stdout))
    child.unref()
  })
  return {
    take(other) {
      if (other.join('\n') !== args.join('\n')) return undefined
      const taken = printed
      printed = undefined
      return taken
    },
  }
}
