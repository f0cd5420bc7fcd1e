/** Who signs in, and to which cloud. */
import type { Identity } from './config.ts'
import type { Group, InputReader, Inputs } from './inputs.ts'

export function readIdentity(inputs: Inputs, reader: InputReader, { subscriptionId }: Group): Identity {
  const auth = inputs.choice('auth', ['auto', 'oidc', 'cli', 'managed-identity', 'environment'], 'auto')
  const clientId = inputs.text('client-id') || reader.environment('AZURE_CLIENT_ID')
  const tenantId = inputs.text('tenant-id') || reader.environment('AZURE_TENANT_ID')
  if (auth === 'oidc' && !clientId) inputs.refuse('client-id', 'is required with `auth: oidc`')
  if (auth === 'oidc' && !tenantId) inputs.refuse('tenant-id', 'is required with `auth: oidc`')
  const url = inputs.text('resource-manager-url').replace(/\/+$/, '')
  if (url && !/^https:\/\/[^/?#]+$/.test(url)) inputs.refuse('resource-manager-url', 'is not an https address', 'https://host')
  return {
    auth,
    subscriptionId,
    environment: inputs.choice('environment', ['AzureCloud', 'AzureUSGovernment', 'AzureChinaCloud'], 'AzureCloud'),
    ...(clientId && { clientId }),
    ...(tenantId && { tenantId }),
    ...(url && { resourceManagerUrl: url }),
  }
}
