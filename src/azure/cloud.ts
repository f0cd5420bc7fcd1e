import { ASSERTION_AUDIENCES } from '../config/assertion-audience.ts'
import type { Identity } from '../config/config.ts'

/** Hosts and audiences of a cloud. URLs have no trailing slash. */
export interface Cloud {
  readonly resourceManagerUrl: string
  readonly resourceManagerScope: string
  readonly batchScope: string
  readonly authorityHost: string
  /** MSAL knows the authority, so its metadata need not be looked up. */
  readonly isKnownAuthority: boolean
  /** `aud` of GitHub's assertion. */
  readonly assertionAudience: string
  /** For people. */
  readonly portalUrl: string
}

/** https://learn.microsoft.com/azure/batch/batch-aad-auth and each cloud's own endpoint list. */
const CLOUDS = {
  AzureCloud: {
    resourceManagerUrl: 'https://management.azure.com',
    batchScope: 'https://batch.core.windows.net/.default',
    authorityHost: 'https://login.microsoftonline.com',
    portalUrl: 'https://portal.azure.com',
  },
  AzureUSGovernment: {
    resourceManagerUrl: 'https://management.usgovcloudapi.net',
    batchScope: 'https://batch.core.usgovcloudapi.net/.default',
    authorityHost: 'https://login.microsoftonline.us',
    portalUrl: 'https://portal.azure.us',
  },
  AzureChinaCloud: {
    resourceManagerUrl: 'https://management.chinacloudapi.cn',
    batchScope: 'https://batch.chinacloudapi.cn/.default',
    authorityHost: 'https://login.chinacloudapi.cn',
    portalUrl: 'https://portal.azure.cn',
  },
} as const

/** The cloud of these inputs; `authorityHost` is the variable `AZURE_AUTHORITY_HOST`. */
export function cloudOf(identity: Identity, authorityHost: string | undefined): Cloud {
  const cloud = CLOUDS[identity.environment]
  const resourceManagerUrl = identity.resourceManagerUrl ?? cloud.resourceManagerUrl
  const authority = (authorityHost || cloud.authorityHost).replace(/\/+$/, '')
  return {
    ...cloud,
    assertionAudience: ASSERTION_AUDIENCES[identity.environment],
    resourceManagerUrl,
    resourceManagerScope: `${resourceManagerUrl}/.default`,
    authorityHost: authority,
    isKnownAuthority: Object.values(CLOUDS).some((known) => known.authorityHost === authority),
  }
}
