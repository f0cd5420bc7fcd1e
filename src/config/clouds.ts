import type { CloudName } from './config.ts'

/** `aud` of GitHub's assertion, by cloud. https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust */
export const ASSERTION_AUDIENCES: Readonly<Record<CloudName, string>> = {
  AzureCloud: 'api://AzureADTokenExchange',
  AzureUSGovernment: 'api://AzureADTokenExchangeUSGov',
  AzureChinaCloud: 'api://AzureADTokenExchangeChina',
}

/** Hosts of Microsoft Entra ID, by cloud; the first is the one that this action asks. https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud */
export const AUTHORITY_HOSTS: Readonly<Record<CloudName, readonly [string, ...string[]]>> = {
  AzureCloud: ['login.microsoftonline.com', 'login.microsoft.com', 'login.windows.net', 'sts.windows.net'],
  AzureUSGovernment: ['login.microsoftonline.us', 'login.usgovcloudapi.net'],
  AzureChinaCloud: ['login.chinacloudapi.cn', 'login.partner.microsoftonline.cn'],
}
