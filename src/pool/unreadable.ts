/** Pure: members of a pool whose secrets Azure does not return, so that no request can repeat them. */
import { isNothing } from './members.ts'

const UNREADABLE: Readonly<Record<string, string>> = {
  userAccounts: 'its user accounts, whose passwords Azure does not return',
  mountConfiguration: 'its mounts, whose keys Azure does not return',
  startTask: 'its start task, whose registry password Azure does not return',
  'vm.containerConfiguration': 'its container configuration, whose registry passwords Azure does not return',
  'vm.extensions': 'its extensions, whose protected settings, if they have any, Azure does not return',
}

/** What an unreadable member is, for a reader. */
export const describeUnreadable = (member: string): string => UNREADABLE[member] ?? `its ${member}, whose secrets Azure does not return`

/** https://learn.microsoft.com/rest/api/batchmanagement/pool/get: without what the OpenAPI document marks as `x-ms-secret`. */
export function isUnreadable(member: string, value: unknown): boolean {
  const text = JSON.stringify(value ?? null)
  switch (member) {
    case 'userAccounts':
      return !isNothing(value)
    case 'mountConfiguration':
      return /"(?:azureBlobFileSystem|azureFileShare|cifsMount)Configuration"/.test(text) && !/"identityReference"/.test(text)
    case 'startTask':
    case 'vm.containerConfiguration':
      return /"registryServer"/.test(text) && /"username"/.test(text) && !/"identityReference"/.test(text)
    case 'vm.extensions':
      return Array.isArray(value) && value.some(mayHaveProtectedSettings)
    default:
      return false
  }
}

/**
 * Extensions that Batch takes and whose pages describe public settings only.
 * https://learn.microsoft.com/azure/batch/create-pool-extensions#supported-extensions
 */
const WITHOUT_PROTECTED_SETTINGS = new Set([
  'keyvaultforlinux',
  'keyvaultforwindows',
  'azuremonitorlinuxagent',
  'azuremonitorwindowsagent',
  'amdgpudriverwindows',
  'nvidiagpudriverlinux',
  'nvidiagpudriverwindows',
  'iaasantimalware',
  'applicationhealthlinux',
  'applicationhealthwindows',
  'guestattestation',
])

/**
 * Whether an extension has protected settings does not show in what Azure returns; of types that need none it is known. The monitoring
 * agent has them where its proxy asks for a password.
 * https://learn.microsoft.com/azure/azure-monitor/agents/azure-monitor-agent-network-configuration#proxy-configuration
 */
function mayHaveProtectedSettings(extension: unknown): boolean {
  const { type, settings } = (extension ?? {}) as { readonly type?: unknown; readonly settings?: unknown }
  const isKnown = WITHOUT_PROTECTED_SETTINGS.has(String(type ?? '').toLowerCase())
  return !isKnown || /\\*"auth\\*"\s*:\s*\\*"?true/i.test(JSON.stringify(settings ?? {}))
}
