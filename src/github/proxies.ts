import { getProxyUrl } from '@actions/http-client/lib/proxy'

/** What is wrong with the proxy variables of this runner, as sentences for the log. */
export type ProxyProblems = readonly string[]

/**
 * Reads the proxy variables as GitHub's runner does and leaves them so that every library in this process reads the same: lower case
 * before upper case, `http_proxy` not for https, no `ALL_PROXY`, an address without a scheme is http.
 * https://github.com/actions/runner/blob/main/src/Runner.Sdk/RunnerWebProxy.cs
 */
export function settleProxies(environment: NodeJS.ProcessEnv = process.env): ProxyProblems {
  const problems: string[] = []
  for (const name of ['https_proxy', 'http_proxy']) {
    const upper = name.toUpperCase()
    const text = environment[name]?.trim() || environment[upper]?.trim()
    // On Windows both names are one variable, so that the old one goes first.
    delete environment[upper]
    delete environment[name]
    if (!text) continue
    const url = /^https?:\/\//i.test(text) ? text : `http://${text}`
    if (URL.canParse(url)) environment[name] = url
    else problems.push(`${name} (or ${upper}) of this runner is not an address, so no proxy is used.`)
  }
  const noProxy = environment.no_proxy || environment.NO_PROXY
  delete environment.NO_PROXY
  delete environment.ALL_PROXY
  delete environment.all_proxy
  if (noProxy) environment.no_proxy = noProxy
  if (environment.https_proxy) problems.push(...unreadPatterns(noProxy ?? ''))
  return problems
}

/** The proxy for a URL; `undefined` where it is to be reached directly. */
export const proxyFor = (url: URL): URL | undefined => getProxyUrl(url)

/** Entries that neither the runner nor `@actions/http-client` understands. https://docs.github.com/actions/how-tos/manage-runners/self-hosted-runners/use-proxy-servers */
function unreadPatterns(noProxy: string): readonly string[] {
  const entries = noProxy.split(',').map((entry) => entry.trim())
  const ranges = entries.filter((entry) => /^[\da-f.:]+\/\d+$/i.test(entry))
  const patterns = entries.filter((entry) => entry !== '*' && entry.includes('*'))
  return [
    ...(ranges.length > 0
      ? [`no_proxy has address ranges (${ranges.join(', ')}), which are not read: name hosts or domains instead.`]
      : []),
    ...(patterns.length > 0
      ? [`no_proxy has patterns (${patterns.join(', ')}), which are not read: write the domain alone, such as .example.com.`]
      : []),
  ]
}
