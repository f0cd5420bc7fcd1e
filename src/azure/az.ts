import { stripVTControlCharacters } from 'node:util'
import type { AccessToken, TokenCredential } from '@azure/core-auth'
import { execFile, isProcessError } from '@azure/core-process'
import type { Environment } from './ambient.ts'

/** Whose token the Azure CLI is asked for. */
export interface AzAccount {
  /** The subscription of the run; '' where it is not known. */
  readonly subscriptionId: string
  readonly tenantId?: string
}

/** The Azure CLI gave no token. The message is in its own words where it had any. */
export class AzError extends Error {
  override readonly name = 'AzError'
}

const PATIENCE_MS = 30_000
/** A token that is older is asked for again; the Azure CLI renews its own at the same time. */
const SPARE_MS = 300_000

/**
 * The session of the Azure CLI. `AzureCliCredential` of `@azure/identity` drops what `az` says as soon as it mentions `az login`, and
 * the reason (AADSTS…) is just that. https://learn.microsoft.com/cli/azure/account#az-account-get-access-token
 */
export class AzCredential implements TokenCredential {
  readonly #account: AzAccount
  readonly #environment: Environment
  readonly #tokens = new Map<string, AccessToken>()

  constructor(account: AzAccount, environment: Environment) {
    this.#account = account
    this.#environment = environment
  }

  async getToken(scopes: string | string[]): Promise<AccessToken> {
    const resource = String([scopes].flat()[0]).replace(/\/\.default$/, '')
    const known = this.#tokens.get(resource)
    if (known && known.expiresOnTimestamp - Date.now() > SPARE_MS) return known
    const { subscriptionId, tenantId } = this.#account
    // One of the two: `az` refuses both. https://github.com/Azure/azure-cli/blob/dev/src/azure-cli/azure/cli/command_modules/profile/custom.py
    const whose = subscriptionId ? ['--subscription', subscriptionId] : tenantId ? ['--tenant', tenantId] : []
    const token = tokenIn(await this.#run(['account', 'get-access-token', '--output', 'json', '--resource', resource, ...whose]))
    this.#tokens.set(resource, token)
    return token
  }

  async #run(args: readonly string[]): Promise<string> {
    const env = { ...this.#environment, AZURE_CORE_NO_COLOR: 'true' }
    const options = { allowWindowsBatchFiles: true, cwd: safeFolder(env), encoding: 'utf8', timeout: PATIENCE_MS, env } as const
    try {
      return (await execFile('az', args, options)).stdout
    } catch (error) {
      throw new AzError(whyNot(error), { cause: error })
    }
  }
}

/** Not the workspace: a file named `az` there is not the Azure CLI. */
const safeFolder = ({ SystemRoot, SYSTEMROOT }: Environment): string =>
  process.platform === 'win32' ? (SystemRoot ?? SYSTEMROOT ?? 'C:\\Windows') : '/bin'

function tokenIn(stdout: string): AccessToken {
  try {
    const { accessToken, expires_on: seconds, expiresOn } = JSON.parse(stdout) as Readonly<Record<string, unknown>>
    // Before 2.54 there was only a local time. https://learn.microsoft.com/cli/azure/release-notes-azure-cli
    const expiresOnTimestamp = seconds === undefined ? Date.parse(String(expiresOn)) : Number(seconds) * 1_000
    if (typeof accessToken === 'string' && accessToken && !Number.isNaN(expiresOnTimestamp))
      return { token: accessToken, expiresOnTimestamp }
  } catch {
    // Not JSON at all.
  }
  throw new AzError('az account get-access-token printed no token that can be read')
}

function whyNot(error: unknown): string {
  if (!isProcessError(error)) return `az could not be started: ${error instanceof Error ? error.message : String(error)}`
  if (error.code === 'ENOENT') return 'az was not found: the Azure CLI is not installed on this runner, or not on its PATH'
  if (error.killed) return `az account get-access-token gave no answer within ${PATIENCE_MS / 1_000} s`
  return wordsOf(String(error.stderr ?? '')) || `az account get-access-token ended with exit code ${error.code} and said nothing`
}

/** What `az` says before it asks to sign in again, without warnings; that sentence itself where there is no other. */
export function wordsOf(stderr: string): string {
  const lines = stripVTControlCharacters(stderr)
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '' && !/^\s*WARNING:/i.test(line))
    .map((line) => line.replace(/^\s*ERROR:\s*/i, '').trim())
  const all = lines.join(' ')
  const reason = all.split(/\s*(?:Interactive authentication is needed|Please run:?\s+'?az |To re-authenticate, please run)/i)[0] ?? ''
  return reason || all
}
