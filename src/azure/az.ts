import { stripVTControlCharacters } from 'node:util'
import type { AccessToken, TokenCredential } from '@azure/core-auth'
import { execFile, isProcessError } from '@azure/core-process'
import type { Environment } from './ambient.ts'
import { AZ_PATIENCE_MS, type AzAccount, azArguments, azOptions, type EarlyAz } from './early-az.ts'

/** The Azure CLI gave no token. The message is its own, if it printed one. */
export class AzError extends Error {
  override readonly name = 'AzError'
}

/** A token that lives for less than this is requested again; the Azure CLI renews its own at the same time. */
const SPARE_MS = 300_000

/**
 * The session of the Azure CLI. `AzureCliCredential` of `@azure/identity` drops the message of `az` as soon as it mentions `az login`, and
 * that message contains the reason (AADSTS…). https://learn.microsoft.com/cli/azure/account#az-account-get-access-token
 */
export class AzCredential implements TokenCredential {
  readonly #account: AzAccount
  readonly #environment: Environment
  readonly #early: EarlyAz | undefined
  readonly #tokens = new Map<string, AccessToken>()

  constructor(account: AzAccount, environment: Environment, early?: EarlyAz) {
    this.#account = account
    this.#environment = environment
    this.#early = early
  }

  async getToken(scopes: string | string[]): Promise<AccessToken> {
    const resource = String([scopes].flat()[0]).replace(/\/\.default$/, '')
    const known = this.#tokens.get(resource)
    if (known && known.expiresOnTimestamp - Date.now() > SPARE_MS) return known
    const args = azArguments(resource, this.#account)
    const token = tokenIn((await this.#early?.take(args)) ?? (await this.#run(args)))
    this.#tokens.set(resource, token)
    return token
  }

  async #run(args: readonly string[]): Promise<string> {
    try {
      return (await execFile('az', args, { ...azOptions(this.#environment), allowWindowsBatchFiles: true })).stdout
    } catch (error) {
      throw new AzError(whyNot(error), { cause: error })
    }
  }
}

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
  if (error.killed) return `az account get-access-token gave no answer within ${AZ_PATIENCE_MS / 1_000} s`
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
