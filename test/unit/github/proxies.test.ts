/** The proxy variables as GitHub's runner reads them: https://github.com/actions/runner/blob/main/src/Runner.Sdk/RunnerWebProxy.cs */
import { expect, test } from 'vitest'
import { settleProxies } from '../../../src/github/proxies.ts'

type Environment = Record<string, string>

test.each<[string, Environment, Environment, number]>([
  ['nothing', {}, {}, 0],
  ['upper case', { HTTPS_PROXY: 'http://p:1' }, { https_proxy: 'http://p:1' }, 0],
  ['lower case first', { https_proxy: 'http://p:1', HTTPS_PROXY: 'http://q:2' }, { https_proxy: 'http://p:1' }, 0],
  ['an empty lower case', { https_proxy: '', HTTPS_PROXY: 'http://q:2' }, { https_proxy: 'http://q:2' }, 0],
  [
    'no scheme',
    { HTTPS_PROXY: 'proxy:3128', http_proxy: '10.0.0.1:3128' },
    { https_proxy: 'http://proxy:3128', http_proxy: 'http://10.0.0.1:3128' },
    0,
  ],
  ['a proxy that is asked over TLS', { https_proxy: 'HTTPS://p:1' }, { https_proxy: 'HTTPS://p:1' }, 0],
  ['ALL_PROXY', { ALL_PROXY: 'http://p:1', all_proxy: 'http://p:1' }, {}, 0],
  ['no address at all', { HTTPS_PROXY: 'http://:::' }, {}, 1],
  ['exceptions', { https_proxy: 'http://p:1', NO_PROXY: 'a, .b,*' }, { https_proxy: 'http://p:1', no_proxy: 'a, .b,*' }, 0],
  [
    'ranges and patterns',
    { https_proxy: 'http://p:1', no_proxy: '10.0.0.0/8,fd00::/8,*.b' },
    { https_proxy: 'http://p:1', no_proxy: '10.0.0.0/8,fd00::/8,*.b' },
    2,
  ],
  ['ranges that matter to nobody', { no_proxy: '10.0.0.0/8' }, { no_proxy: '10.0.0.0/8' }, 0],
])('%s', (_, given, left, problems) => {
  const environment = { PATH: '/bin', ...given }
  expect(settleProxies(environment)).toHaveLength(problems)
  expect(environment).toEqual({ PATH: '/bin', ...left })
})

test('what is wrong is reported without the password', () => {
  expect(settleProxies({ HTTPS_PROXY: 'http://user:hush@:::' }).join()).not.toContain('hush')
})
