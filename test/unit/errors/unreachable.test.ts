import { describe, expect, test } from 'vitest'
import { UnreachableError, unreachable } from '../../../src/errors/unreachable.ts'

const coded = (code: string, message = code, cause?: unknown): Error => Object.assign(new Error(message, { cause }), { code })

describe('why a host was not reached', () => {
  test.each<[string, unknown, string, string]>([
    [
      'a root that is not trusted',
      coded('SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain'),
      'certificate',
      'NODE_EXTRA_CA_CERTS',
    ],
    ['a self-signed certificate', coded('DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate'), 'certificate', 'NODE_EXTRA_CA_CERTS'],
    [
      'a chain that is not complete',
      coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to verify the first certificate'),
      'certificate',
      'NODE_EXTRA_CA_CERTS',
    ],
    [
      'an issuer that is not known',
      coded('UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'unable to get local issuer certificate'),
      'certificate',
      'NODE_EXTRA_CA_CERTS',
    ],
    ['a certificate that has expired', coded('CERT_HAS_EXPIRED', 'certificate has expired'), 'certificate-time', 'clock'],
    [
      'a certificate for another name',
      coded('ERR_TLS_CERT_ALTNAME_INVALID', "Host: x. is not in the cert's altnames"),
      'certificate-name',
      'DNS',
    ],
    ['a port without TLS', coded('EPROTO', 'wrong version number'), 'tls', 'TLS'],
    ['an unknown name', coded('ENOTFOUND', 'getaddrinfo ENOTFOUND h'), 'name', 'DNS'],
    ['a resolver that is away', coded('EAI_AGAIN', 'getaddrinfo EAI_AGAIN h'), 'name', 'DNS'],
    ['a port that is closed', coded('ECONNREFUSED', 'connect ECONNREFUSED 10.0.0.1:443'), 'refused', 'firewalls'],
    [
      'a proxy that wants a password',
      coded('PROXY_407', 'the proxy http://p:3128 answered 407 Proxy Authentication Required'),
      'proxy-credentials',
      'USER:PASSWORD',
    ],
    [
      'the same in the words of the toolkit',
      new Error('tunneling socket could not be established, statusCode=407'),
      'proxy-credentials',
      'USER:PASSWORD',
    ],
    ['a proxy that forbids the host', coded('PROXY_403', 'the proxy http://p:3128 answered 403 Forbidden'), 'proxy-refusal', 'allowed'],
    [
      'the same in the words of the toolkit',
      new Error('tunneling socket could not be established, statusCode=403'),
      'proxy-refusal',
      'allowed',
    ],
    [
      'a proxy that is away',
      coded('ECONNREFUSED', 'the proxy http://p:3128 could not be reached: connect ECONNREFUSED'),
      'proxy-unreachable',
      'https_proxy',
    ],
    [
      'the same in the words of the toolkit',
      new Error('tunneling socket could not be established, cause=connect ECONNREFUSED'),
      'proxy-unreachable',
      'https_proxy',
    ],
    [
      'a page of a firewall',
      coded('INTERCEPTED', 'the answer is an HTML page titled "Blocked", with status 403'),
      'intercepted',
      'allowed',
    ],
    [
      'beneath wrappers',
      new Error('endpoints_resolution_error', { cause: coded('X', 'x', coded('CERT_HAS_EXPIRED', 'certificate has expired')) }),
      'certificate-time',
      'clock',
    ],
    ['beneath several at once', new AggregateError([coded('ECONNREFUSED', 'connect ECONNREFUSED ::1:443')], ''), 'refused', 'firewalls'],
    [
      'beneath the words of @actions/core',
      new Error(
        'Error message: Failed to get ID Token. \n \n        Error Code : undefined\n \n        Error Message: self-signed certificate in certificate chain',
      ),
      'certificate',
      'NODE_EXTRA_CA_CERTS',
    ],
  ])('%s', (_, error, kind, advice) => {
    const reason = unreachable(error)
    if (!reason) throw new Error('it was not recognised')
    expect(reason.kind).toBe(kind)
    const { message, hint, link } = new UnreachableError('host.example', reason).explanation
    expect(message).toMatch(/^host\.example could not be reached: [^\n]+$/)
    expect(message).not.toContain('Error Code')
    expect(hint).toContain(advice)
    expect(link).toMatch(/^https:/)
  })

  test.each([new Error('AADSTS700016: not found'), coded('ETIMEDOUT', 'no answer within 60 s'), undefined, 'x'])(
    '%s is something else',
    (error) => {
      expect(unreachable(error)).toBeUndefined()
    },
  )
})
