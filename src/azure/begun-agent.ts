import { Agent } from 'node:https'
import type { EarlyConnection } from './early-connection.ts'

/** Gives a connection that was begun early to the first request, and makes the others as usual. */
export class BegunAgent extends Agent {
  readonly #begun: EarlyConnection

  constructor(begun: EarlyConnection) {
    super({ keepAlive: true })
    this.#begun = begun
  }

  override createConnection(...args: Parameters<Agent['createConnection']>): ReturnType<Agent['createConnection']> {
    return this.#begun.take() ?? super.createConnection(...args)
  }
}
