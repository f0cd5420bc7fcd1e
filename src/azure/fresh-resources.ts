/**
 * Resource Manager answers from several places, and not all of them hear of a new resource at once: for a while after its PUT the
 * resource itself may be "not found", and what is put below it has no parent.
 * https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-not-found
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { PipelinePolicy, PipelineRequest, PipelineResponse } from '@azure/core-rest-pipeline'

export interface Patience {
  /** How long a resource may be unknown after its PUT, and a parent after the first answer that misses it. */
  readonly longestMs: number
  readonly everyMs: number
}

const PATIENCE: Patience = { longestMs: 120_000, everyMs: 5_000 }

/** Asks again where a 404 may only mean that Azure has not heard yet of what this run has just put. */
export function patientWithFreshResources({ longestMs, everyMs }: Patience = PATIENCE): PipelinePolicy {
  const fresh = new FreshResources(longestMs)
  return {
    name: 'patientWithFreshResourcesPolicy',
    async sendRequest(request, next) {
      const untilMs = Date.now() + longestMs
      for (;;) {
        const response = await next(request)
        fresh.note(request, response)
        if (response.status !== 404 || Date.now() >= untilMs || !fresh.mayBeLate(request, response)) return response
        await delay(everyMs, undefined, request.abortSignal ? { signal: request.abortSignal as AbortSignal } : {})
      }
    },
  }
}

const READS = new Set(['GET', 'HEAD'])

/** What this run has put, and when. */
class FreshResources {
  readonly #longestMs: number
  readonly #putAtMs = new Map<string, number>()

  constructor(longestMs: number) {
    this.#longestMs = longestMs
  }

  note({ method, url }: PipelineRequest, { status }: PipelineResponse): void {
    const path = pathOf(url)
    if (method === 'PUT' && status < 300) this.#putAtMs.set(path, Date.now())
    if (method !== 'DELETE' || status >= 400) return
    for (const known of this.#putAtMs.keys()) if (known === path || known.startsWith(`${path}/`)) this.#putAtMs.delete(known)
  }

  mayBeLate({ method, url, body }: PipelineRequest, { bodyAsText }: PipelineResponse): boolean {
    if (method === 'DELETE') return false
    const path = pathOf(url)
    const isParentMissing = /"ParentResourceNotFound"/i.test(bodyAsText ?? '')
    if (READS.has(method)) return isParentMissing ? this.#hasPutAbove(path) : this.#isFresh(path)
    // Nobody writes below a parent that was not there before.
    if (isParentMissing) return true
    const sent = typeof body === 'string' ? body.toLowerCase() : ''
    const fresh = [...this.#putAtMs.keys()].filter((known) => this.#isFresh(known))
    return fresh.some((known) => path.startsWith(`${known}/`) || (path === known && method !== 'PUT') || sent.includes(`"${known}"`))
  }

  #hasPutAbove(path: string): boolean {
    return [...this.#putAtMs.keys()].some((known) => path.startsWith(`${known}/`))
  }

  #isFresh(path: string): boolean {
    const putAtMs = this.#putAtMs.get(path)
    return putAtMs !== undefined && Date.now() - putAtMs < this.#longestMs
  }
}

/** In Azure's letter case, which is none. */
const pathOf = (url: string): string => decodeURIComponent(new URL(url).pathname).replace(/\/+$/, '').toLowerCase()
