/** The certificate of the embedded Azure. */
import { generate } from 'selfsigned'

/**
 * Names under which a test may have its hosts known: proxies and name servers treat names and the loopback address differently.
 * https://www.rfc-editor.org/rfc/rfc6761#section-6.2
 */
export const DOMAIN = 'azure.test'

/** One for all of a process: making it takes longer than a run. */
let certificate: ReturnType<typeof makeCertificate> | undefined

function makeCertificate() {
  return generate([{ name: 'commonName', value: 'Embedded Azure' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 2, value: `*.${DOMAIN}` },
          { type: 2, value: 'prices.azure.com' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  })
}

export const certificateOf = (): ReturnType<typeof makeCertificate> => {
  certificate ??= makeCertificate()
  return certificate
}
