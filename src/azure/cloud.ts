import { ASSERTION_AUDIENCES, AUTHORITY_HOSTS } from '../config/clouds.ts'
import type { Identity } from '../config/config.ts'

/** Hosts and audiences of a cloud. URLs have no trailing slash. */
export interface Cloud {
  readonly resourceManagerUrl: string
  readonly resourceManagerScope: string
  readonly batchScope: string
  readonly authorityHost: string
  /** MSAL knows the authority, so it need not look up the metadata. */
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
    portalUrl: 'https://portal.azure.com',
  },
  AzureUSGovernment: {
    resourceManagerUrl: 'https://management.usgovcloudapi.net',
    batchScope: 'https://batch.core.usgovcloudapi.net/.default',
    portalUrl: 'https://portal.azure.us',
  },
  AzureChinaCloud: {
    resourceManagerUrl: 'https://management.chinacloudapi.cn',
    batchScope: 'https://batch.chinacloudapi.cn/.default',
    portalUrl: 'https://portal.azure.cn',
  },
} as const

/** The cloud of these inputs. */
export function cloudOf({ environment, ...identity }: Pick<Identity, 'environment' | 'authorityHost' | 'resourceManagerUrl'>): Cloud {
  const cloud = CLOUDS[environment]
  const resourceManagerUrl = identity.resourceManagerUrl ?? cloud.resourceManagerUrl
  return {
    ...cloud,
    assertionAudience: ASSERTION_AUDIENCES[environment],
    resourceManagerUrl,
    resourceManagerScope: `${resourceManagerUrl}/.default`,
    authorityHost: identity.authorityHost ?? `https://${AUTHORITY_HOSTS[environment][0]}`,
    isKnownAuthority: identity.authorityHost === undefined,
  }
}
