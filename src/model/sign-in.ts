/** How a run signs in to Azure, as data. */

interface Ids {
  /** The application, as given: an application (client) id. */
  readonly clientId: string
  /** A tenant's id or one of its domains, as given. */
  readonly tenantId: string
}

/** Secrets are not here: the credential takes them from the environment. */
export type SignIn =
  /** A fresh GitHub assertion for every token. */
  | ({ readonly way: 'oidc' } & Ids)
  /** `AZURE_CLIENT_SECRET`. */
  | ({ readonly way: 'secret' } & Ids)
  /** `AZURE_CLIENT_CERTIFICATE_PATH`. */
  | ({ readonly way: 'certificate' } & Ids)
  /** The projected token of a Kubernetes pod. https://learn.microsoft.com/azure/aks/workload-identity-overview */
  | ({ readonly way: 'workload-identity'; readonly tokenFile: string } & Ids)
  /** With a `clientId`: that user-assigned identity. */
  | ({ readonly way: 'managed-identity' } & Partial<Ids>)
  /** The session of the Azure CLI, such as `azure/login` leaves. */
  | ({ readonly way: 'cli' } & Partial<Ids>)
  /** The identity of the machine: its managed identity, otherwise the session of the Azure CLI. */
  | ({ readonly way: 'machine' } & Partial<Ids>)
  /** There is nothing to sign in with as the given ids. */
  | ({ readonly way: 'none' } & Partial<Ids>)

export type Way = SignIn['way']

/** For people; completes “signed in by …”. */
export const WAYS: Readonly<Record<Way, string>> = {
  oidc: 'OIDC',
  secret: 'client secret',
  certificate: 'client certificate',
  'workload-identity': 'workload identity',
  'managed-identity': 'managed identity',
  cli: 'Azure CLI session',
  machine: 'managed identity, else Azure CLI session',
  none: 'no way at all',
}
