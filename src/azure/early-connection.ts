import { once } from 'node:events'
import { connect, isIP, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** A connection over TLS that was begun before the packages were loaded, for one request. */
export interface EarlyConnection {
  /** With the port, where it is not the usual one. */
  readonly host: string
  /** With TLS; `undefined` where it could not be had. Never rejects. */
  readonly secured: Promise<TLSSocket | undefined>
  /** Resolves once the connection is open, or will not be soon: from then on the process may be kept busy. Never rejects. */
  readonly made: Promise<void>
  /** Gives it away, where it is there and nobody has it yet. */
  take(): TLSSocket | undefined
}

/** Loading the rest would delay the handshake, which alone takes no longer than this. */
const LONGEST_HANDSHAKE_MS = 150

/** Begins a connection to an https address. Whatever goes wrong is left to the request itself, which then makes its own. */
export function connectEarly({ host, hostname, port }: URL): EarlyConnection {
  const tcp = connect({ host: hostname, port: Number(port || 443) })
  // A run that is refused for its inputs does not wait for it.
  tcp.unref().on('error', () => undefined)
  let ready: TLSSocket | undefined
  const secured = secure(tcp, hostname).catch(() => undefined)
  secured.then((socket) => {
    ready = socket?.once('close', () => {
      ready = undefined
    })
  })
  return {
    host,
    secured,
    made: atMost(LONGEST_HANDSHAKE_MS, secured),
    take() {
      const socket = ready
      ready = undefined
      return socket?.ref()
    },
  }
}

async function secure(tcp: Socket, hostname: string): Promise<TLSSocket> {
  const [tls] = await Promise.all([underWay().then(() => process.getBuiltinModule('node:tls')), once(tcp, 'connect')])
  const name = isIP(hostname) ? {} : { servername: hostname }
  const socket = tls.connect({ socket: tcp, ...name, ALPNProtocols: ['http/1.1'] })
  socket.unref().on('error', () => undefined)
  await once(socket, 'secureConnect')
  return socket
}

/**
 * Connections that were begun are on their way: Node.js connects to an address in the next tick. What takes long to load (`node:tls` 9 to
 * 16 ms, `node:http` as many) is loaded only now, while they are being made.
 */
export const underWay = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Until then; no longer than this. Never rejects. */
export function atMost(ms: number, until: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    until.finally(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
