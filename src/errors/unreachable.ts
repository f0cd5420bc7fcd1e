/** Hosts that could not be reached: a request that never arrived at Azure or GitHub is not reported as their refusal. */
import { ActionError, type Explanation } from './explanation.ts'

/** Why a host could not be reached. */
export interface Unreachable {
  readonly kind: keyof typeof KINDS
  /** The innermost message, e.g. `self-signed certificate in certificate chain`. */
  readonly words: string
  /** E.g. `SELF_SIGNED_CERT_IN_CHAIN`. */
  readonly code?: string
}

/** A host could not be reached from this runner, however often it was tried. */
export class UnreachableError extends ActionError {
  readonly kind: Unreachable['kind']

  /** @param host e.g. `management.azure.com` */
  constructor(host: string, reason: Unreachable) {
    super({ ...explainUnreachable(host, reason), ...(reason.code && { code: reason.code }) })
    this.kind = reason.kind
  }
}

const PROXY_DOCS = 'https://docs.github.com/actions/how-tos/manage-runners/self-hosted-runners/use-proxy-servers'
const CERTIFICATE_DOCS = 'https://nodejs.org/api/cli.html#node_extra_ca_certsfile'

interface Kind {
  readonly title: string
  /** Matched against `code: message`; looked at in order. */
  readonly matches: RegExp
  readonly hint: (host: string) => string
  readonly link: string
}

/**
 * Codes are those of Node.js and OpenSSL (https://nodejs.org/api/errors.html,
 * https://nodejs.org/api/tls.html#x509-certificate-error-codes).
 */
const KINDS = {
  'proxy-credentials': {
    title: 'Proxy requires authentication',
    matches: /\bproxy\b.*answered 407|tunneling socket could not be established, statusCode=407/is,
    hint: () =>
      "The proxy of this runner requires a user and password: set `https_proxy` to http://USER:PASSWORD@HOST:PORT in the runner's environment.",
    link: PROXY_DOCS,
  },
  'proxy-refusal': {
    title: 'Proxy refused the connection',
    matches: /\bproxy\b.*answered \d{3}|tunneling socket could not be established, statusCode=/is,
    hint: (host) =>
      `The proxy of this runner does not let it reach ${host}: have ${host} allowed there, or name it in \`no_proxy\` if it can be reached directly.`,
    link: PROXY_DOCS,
  },
  'proxy-unreachable': {
    title: 'Proxy cannot be reached',
    matches: /\bproxy\b.*could not be reached|tunneling socket could not be established/is,
    hint: () => "Check the address in `https_proxy` (or HTTPS_PROXY) of the runner's environment, and that the proxy is running.",
    link: PROXY_DOCS,
  },
  intercepted: {
    title: 'Something answered in place of the host',
    matches: /^INTERCEPTED\b/,
    hint: (host) => `A proxy or firewall between this runner and ${host} answered with a page of its own: have ${host} allowed there.`,
    link: PROXY_DOCS,
  },
  'certificate-time': {
    title: 'Certificate is not valid at this time',
    matches: /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID|certificate has expired|certificate is not yet valid/i,
    hint: (host) =>
      `Check the clock of this runner first; if it is right, whoever inspects TLS between the runner and ${host} presents a certificate that is out of date.`,
    link: CERTIFICATE_DOCS,
  },
  'certificate-name': {
    title: 'Certificate is for another host',
    matches: /ERR_TLS_CERT_ALTNAME_INVALID|does not match certificate's altnames/i,
    hint: (host) => `The name ${host} leads this runner to another server: check its DNS, private endpoints and proxy.`,
    link: CERTIFICATE_DOCS,
  },
  certificate: {
    title: 'Certificate is not trusted',
    matches:
      /SELF_SIGNED_CERT|UNABLE_TO_(?:VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT)|CERT_(?:UNTRUSTED|REJECTED|SIGNATURE_FAILURE|CHAIN_TOO_LONG)|INVALID_CA|self[- ]signed certificate|unable to verify the first certificate|unable to get (?:local )?issuer certificate/i,
    hint: (host) =>
      `This runner does not trust the certificate presented for ${host}; usually a proxy or firewall inspects TLS with a certificate authority of its own. Put that authority's root certificate into a PEM file and set NODE_EXTRA_CA_CERTS to its path, in \`env\` of the job or in the runner's own environment.`,
    link: CERTIFICATE_DOCS,
  },
  tls: {
    title: 'TLS handshake failed',
    matches: /ERR_SSL_|\bEPROTO\b|wrong version number|tlsv1 alert|socket disconnected before secure TLS connection/i,
    hint: (host) =>
      `The server or proxy that answers for ${host} does not accept a TLS connection from this runner: check the port, the proxy's address and its scheme.`,
    link: PROXY_DOCS,
  },
  name: {
    title: 'Host name not found',
    matches: /ENOTFOUND|EAI_AGAIN|getaddrinfo/,
    hint: (host) =>
      `This runner's DNS does not know ${host}. Check the DNS and the private DNS zones of its network, or, where only the proxy knows names, \`https_proxy\` and \`no_proxy\`; for another cloud check \`environment\`, \`resource-manager-url\` and AZURE_AUTHORITY_HOST.`,
    link: PROXY_DOCS,
  },
  refused: {
    title: 'Connection refused',
    matches: /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH/,
    hint: (host) =>
      `Nothing accepted the connection to ${host}: check firewalls, private endpoints and, where this runner may go out through a proxy only, \`https_proxy\`.`,
    link: PROXY_DOCS,
  },
} as const satisfies Readonly<Record<string, Kind>>

const LONGEST_WORDS = 500
const DEEPEST = 10

/** Why a host could not be reached, wherever in an error and its causes it stands; `undefined` for every other error. */
export function unreachable(error: unknown): Unreachable | undefined {
  for (const { code, message } of causesOf(error).toReversed()) {
    const text = `${code}: ${message}`
    const kind = (Object.keys(KINDS) as Unreachable['kind'][]).find((name) => KINDS[name].matches.test(text))
    if (kind) return { kind, words: wordsOf(message) || code, ...(code && { code }) }
  }
  return undefined
}

/** The reason as a section of the summary. */
export function explainUnreachable(host: string, { kind, words }: Pick<Unreachable, 'kind' | 'words'>): Explanation {
  const { title, hint, link }: Kind = KINDS[kind]
  return { title, message: `${host} could not be reached: ${words}`, hint: hint(host), link }
}

interface Cause {
  readonly code: string
  readonly message: string
}

/** An error and what it wraps, from the outside to the inside. */
function causesOf(error: unknown, depth = 0): readonly Cause[] {
  if (typeof error === 'string') return [{ code: '', message: error }]
  if (typeof error !== 'object' || error === null || depth > DEEPEST) return []
  const { code, message, cause, errors } = error as Readonly<Record<string, unknown>>
  const inner = [cause, ...(Array.isArray(errors) ? errors : [])].flatMap((one) => causesOf(one, depth + 1))
  return [{ code: typeof code === 'string' ? code : '', message: typeof message === 'string' ? message : '' }, ...inner]
}

/** `@actions/core` puts its own words around those of Node.js. */
const wordsOf = (message: string): string =>
  message
    .replace(/^[\s\S]*Error Message: /, '')
    .trim()
    .slice(0, LONGEST_WORDS)
