import type { ClientRequest, IncomingMessage } from 'node:http'
import { HttpsProxyAgent } from 'https-proxy-agent'

/** The proxy for a URL; `undefined` where it is to be reached directly. */
export type ProxyFor = (url: URL) => URL | undefined

type Connected = Awaited<ReturnType<HttpsProxyAgent<string>['connect']>>

/**
 * A tunnel that says whose words a failure is: the agent alone hands a proxy's refusal on as if the host had answered.
 * https://www.rfc-editor.org/rfc/rfc9110#name-connect
 */
class TunnelAgent extends HttpsProxyAgent<string> {
  readonly #name: string

  constructor(proxy: URL) {
    super(proxy.href, { keepAlive: true })
    this.#name = `the proxy ${proxy.protocol}//${proxy.host}`
  }

  override async connect(...[request, options]: Parameters<HttpsProxyAgent<string>['connect']>): Promise<Connected> {
    let answer: Pick<IncomingMessage, 'statusCode'> & { statusText?: string } = {}
    request.once('proxyConnect', (connect: typeof answer) => {
      answer = connect
    })
    const socket = await this.#tunnel(request, options)
    const { statusCode = 0, statusText = '' } = answer
    if (statusCode === 200) return socket
    socket.destroy()
    throw Object.assign(new Error(`${this.#name} answered ${`${statusCode} ${statusText}`.trim()}`), {
      // A gateway's failure may pass, and is tried again like a refused connection; what the proxy forbids is not.
      code: statusCode >= 500 ? 'ECONNREFUSED' : `PROXY_${statusCode}`,
    })
  }

  async #tunnel(request: ClientRequest, options: Parameters<HttpsProxyAgent<string>['connect']>[1]): Promise<Connected> {
    try {
      return await super.connect(request, options)
    } catch (error) {
      const { code = 'ECONNRESET', message } = error as NodeJS.ErrnoException
      throw Object.assign(new Error(`${this.#name} could not be reached: ${message}`, { cause: error }), { code })
    }
  }
}

/** The agent of a request, by its URL: one tunnel for each proxy, with connections that are kept. `undefined`: go there directly. */
export function agents(proxyFor: ProxyFor): (url: string) => TunnelAgent | undefined {
  const known = new Map<string, TunnelAgent>()
  return (url) => {
    const proxy = proxyFor(new URL(url))
    if (!proxy) return undefined
    const agent = known.get(proxy.href) ?? new TunnelAgent(proxy)
    known.set(proxy.href, agent)
    return agent
  }
}
