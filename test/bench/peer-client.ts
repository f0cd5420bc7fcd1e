/** A plain ARM client with the polling habits of another tool: what it waits before the first poll, and between polls. */
import { readFileSync } from 'node:fs'
import { Agent, request as send } from 'node:https'
import { CLIENT, CLIENT_SECRET, GROUP_ID, TENANT } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'

export interface Habit {
  readonly firstS: number
  readonly everyS: number
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  // biome-ignore lint/suspicious/noExplicitAny: a body as its reader knows it
  readonly body: any
}

export class PeerClient {
  readonly #azure: EmbeddedAzure
  readonly #agent: Agent
  #token: Promise<string> | undefined
  requests = 0

  constructor(azure: EmbeddedAzure) {
    this.#azure = azure
    this.#agent = new Agent({ ca: readFileSync(azure.caPath), keepAlive: true })
  }

  close(): void {
    this.#agent.destroy()
  }

  /** Seconds of Azure's time. */
  async sleep(seconds: number): Promise<void> {
    await new Promise<void>((resolve) => this.#azure.clock.after(seconds * 1_000, resolve))
  }

  get(path: string, apiVersion: string): Promise<Answer> {
    return this.#ask('GET', `${this.#azure.url}${idOf(path)}?api-version=${apiVersion}`)
  }

  /** A PUT or POST, followed to its end as this tool does. `Retry-After` counts where Azure gives one. */
  async operation(
    method: 'PUT' | 'POST',
    path: string,
    apiVersion: string,
    body: object | undefined,
    { firstS, everyS }: Habit,
  ): Promise<void> {
    const started = await this.#ask(method, `${this.#azure.url}${idOf(path)}?api-version=${apiVersion}`, body)
    if (started.status >= 400) throw new Error(`${method} ${path}: ${started.status} ${JSON.stringify(started.body)}`)
    const url = started.headers['azure-asyncoperation']
    if (!url) return
    const asked = Number(started.headers['retry-after']) || undefined
    await this.sleep(firstS === 0 ? 0 : (asked ?? firstS))
    for (;;) {
      const poll = await this.#ask('GET', url)
      if (poll.body.status === 'Succeeded') return
      if (poll.body.status !== 'InProgress') throw new Error(`${method} ${path}: ${JSON.stringify(poll.body)}`)
      await this.sleep(Number(poll.headers['retry-after']) || asked || everyS)
    }
  }

  async #ask(method: string, url: string, body?: object): Promise<Answer> {
    this.#token ??= this.#signIn()
    const token = await this.#token
    return this.#send(method, url, { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body && JSON.stringify(body))
  }

  async #signIn(): Promise<string> {
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: CLIENT,
      client_secret: CLIENT_SECRET,
      scope: 'https://management.azure.com/.default',
    })
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const { body } = await this.#send('POST', `${this.#azure.url}/${TENANT}/oauth2/v2.0/token`, headers, form.toString())
    return body.access_token
  }

  #send(method: string, url: string, headers: Record<string, string>, body?: string): Promise<Answer> {
    this.requests += 1
    return new Promise((resolve, reject) => {
      const request = send(url, { method, headers, agent: this.#agent }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part
        })
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers as Answer['headers'],
            body: text ? JSON.parse(text) : undefined,
          }),
        )
      })
      request.on('error', reject)
      request.end(body)
    })
  }
}

const idOf = (path: string): string => (path.startsWith('/subscriptions') ? path : `${GROUP_ID}/providers/${path}`)
