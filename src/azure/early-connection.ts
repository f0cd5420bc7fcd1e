import { Agent } from 'node:https'
import { isIP } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { AUTHORITY_HOSTS } from '../config/clouds.ts'

/** A connection to Entra ID that was begun before the packages were loaded. */
export interface EarlyConnection {
  /** With the port, where it is not the usual one. */
  readonly host: string
  /** Gives that connection to the first request, and makes the others as usual. */
  readonly agent: Agent
  /** It is there, or will not be soon: from now on the process may be kept busy. Never rejects. */
  readonly made: Promise<void>
}

/** Loading the rest would delay the handshake, which alone takes no longer than this. */
const LONGEST_HANDSHAKE_MS = 150

type Environment = Readonly<Record<string, string | undefined>>

/** Begins it where the inputs will surely need it: with `auth: environment`. A proxy, and whatever goes wrong, is left to the request itself. */
export function earlyConnection(environment: Environment): EarlyConnection | undefined {
  const address = neededAddress(environment)
  if (!address) return undefined
  const { host, hostname, port } = address
  const name = isIP(hostname) ? {} : { servername: hostname }
  const socket = connect({ host: hostname, port: Number(port || 443), ...name, ALPNProtocols: ['http/1.1'] })
  return { host, agent: new BegunAgent(socket), made: untilMade(socket) }
}

/** Of Entra ID, where the run will ask it directly, and first of all. The inputs are read with all their rules later. */
export function neededAddress(environment: Environment): URL | undefined {
  const input = (name: string) => environment[`INPUT_${name}`]?.trim() ?? ''
  const isSignIn = input('AUTH').toLowerCase() === 'environment'
  const hasProof = Boolean(environment.AZURE_CLIENT_SECRET || environment.AZURE_CLIENT_CERTIFICATE_PATH)
  const isNeeded = input('MODE').toLowerCase() !== 'validate' && environment.STATE_isPost !== 'true'
  const hasProxy = ['https_proxy', 'HTTPS_PROXY'].some((name) => environment[name])
  if (!isSignIn || !hasProof || !isNeeded || hasProxy) return undefined
  const named = Object.entries(AUTHORITY_HOSTS).find(([cloud]) => cloud.toLowerCase() === input('ENVIRONMENT').toLowerCase())
  const [known] = named?.[1] ?? AUTHORITY_HOSTS.AzureCloud
  const address = (input('RESOURCE-MANAGER-URL') && environment.AZURE_AUTHORITY_HOST) || `https://${known}`
  return /^https:/.test(address) && URL.canParse(address) ? new URL(address) : undefined
}

class BegunAgent extends Agent {
  #begun: TLSSocket | undefined

  constructor(socket: TLSSocket) {
    super({ keepAlive: true })
    this.#begun = socket
    const drop = () => {
      this.#begun = undefined
    }
    // A run that is refused for its inputs does not wait for it.
    socket.unref().once('close', drop).on('error', drop)
  }

  override createConnection(...args: Parameters<Agent['createConnection']>): ReturnType<Agent['createConnection']> {
    const begun = this.#begun
    this.#begun = undefined
    return begun?.ref() ?? super.createConnection(...args)
  }
}

function untilMade(socket: TLSSocket): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, LONGEST_HANDSHAKE_MS)
    for (const event of ['secureConnect', 'close']) {
      socket.once(event, () => {
        clearTimeout(timer)
        resolve()
      })
    }
  })
}
