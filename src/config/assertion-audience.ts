import type { CloudName } from './config.ts'

/** `aud` of GitHub's assertion, by cloud. https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust */
export const ASSERTION_AUDIENCES: Readonly<Record<CloudName, string>> = {
  AzureCloud: 'api://AzureADTokenExchange',
  AzureUSGovernment: 'api://AzureADTokenExchangeUSGov',
  AzureChinaCloud: 'api://AzureADTokenExchangeChina',
}
