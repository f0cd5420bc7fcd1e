/** Another team's client, which knows nothing of this project: the real Azure CLI, signed in to the embedded Azure. */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { CLIENT, CLIENT_SECRET, type Scenario, TENANT } from '../embedded-azure/scenarios/scenario.ts'
import { type EmbeddedAzure, startAzure } from '../embedded-azure/server.ts'

export const CLI_HOST = 'https://localhost'

/** Otherwise the CLI asks for Trusted Launch, and no version of such a definition can be made from snapshots. */
export const FROM_SNAPSHOTS = ['--features', 'SecurityType=Standard'] as const

/** Gives what the command prints. */
// biome-ignore lint/suspicious/noExplicitAny: whatever the command prints
export type AzureCli = (...command: readonly string[]) => Promise<any>

/** Whether `az` is on this machine. */
export function hasAzureCli(): boolean {
  try {
    execFileSync('az', ['--help'], { stdio: 'ignore', env: { ...process.env, AZURE_CORE_COLLECT_TELEMETRY: 'false' } })
    return true
  } catch {
    return false
  }
}

/** MSAL drops the port of an authority, so that nothing but 443 will do. @throws where port 443 of loopback cannot be bound */
export const startAzureForCli = (scenario: Scenario, speed: number): Promise<EmbeddedAzure> => startAzure(scenario, speed, 443)

/** Its answer to `az login` is given too. */
export async function signIn({ caPath, entra, clock }: EmbeddedAzure): Promise<{ readonly az: AzureCli; readonly accounts: unknown }> {
  entra.tokenLifetimeS *= clock.speed
  const env = {
    ...process.env,
    REQUESTS_CA_BUNDLE: caPath,
    AZURE_CONFIG_DIR: await mkdtemp(path.join(tmpdir(), 'azure-cli-')),
    AZURE_CORE_COLLECT_TELEMETRY: 'false',
    AZURE_CORE_ONLY_SHOW_ERRORS: 'true',
  }
  const az: AzureCli = async (...command) => {
    const { stdout } = await promisify(execFile)('az', [...command, '--output', 'json'], { env })
    return stdout.trim() ? JSON.parse(stdout) : undefined
  }
  const endpoints = ['resource-manager', 'management', 'active-directory-resource-id', 'active-directory-graph-resource-id']
  const register = [
    ...['cloud', 'register', '--name', 'embedded', '--endpoint-active-directory', `${CLI_HOST}/adfs`],
    ...endpoints.flatMap((name) => [`--endpoint-${name}`, CLI_HOST]),
  ]
  // An older CLI discovers nothing, and does not know the option.
  await az(...register, '--skip-endpoint-discovery').catch(() => az(...register))
  await az('cloud', 'set', '--name', 'embedded')
  const accounts = await az('login', '--service-principal', '-u', CLIENT, '-p', CLIENT_SECRET, '--tenant', TENANT)
  return { az, accounts }
}
