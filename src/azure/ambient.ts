/**
 * Variables by which Azure's libraries would choose another identity, tenant, host or region. The run has already read those that it needs,
 * together with its inputs. https://github.com/Azure/azure-sdk-for-js/tree/main/sdk/identity/identity#environment-variables
 */
const READ_BY_LIBRARIES = [
  'AZURE_ADDITIONALLY_ALLOWED_TENANTS',
  'AZURE_AUTHORITY_HOST',
  'AZURE_CLIENT_CERTIFICATE_PASSWORD',
  'AZURE_CLIENT_CERTIFICATE_PATH',
  'AZURE_CLIENT_ID',
  'AZURE_CLIENT_SECRET',
  'AZURE_CLIENT_SEND_CERTIFICATE_CHAIN',
  'AZURE_FEDERATED_TOKEN_FILE',
  'AZURE_IDENTITY_DISABLE_MULTITENANTAUTH',
  'AZURE_PASSWORD',
  'AZURE_REGIONAL_AUTHORITY_NAME',
  'AZURE_TENANT_ID',
  'AZURE_TOKEN_CREDENTIALS',
  'AZURE_USERNAME',
  'MSAL_FORCE_REGION',
  'REGION_NAME',
] as const

export type Environment = Readonly<Record<string, string | undefined>>

/** Removes these variables from the environment. @returns the environment as it was */
export function takeAmbient(environment: NodeJS.ProcessEnv = process.env): Environment {
  const before = { ...environment }
  for (const name of READ_BY_LIBRARIES) delete environment[name]
  return before
}
