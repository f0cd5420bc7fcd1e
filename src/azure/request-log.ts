/** Counts and logs requests, without what is secret in their URLs. */
import type { PipelinePolicy, PipelineRequest, PipelineResponse } from '@azure/core-rest-pipeline'

/** Receives a line for each request. */
export interface TransportLog {
  debug(message: string): void
}

/** Requests sent so far, for the report. */
export class RequestCounter {
  total = 0
  writes = 0
  retries = 0
}

const WRITES = new Set(['PUT', 'PATCH', 'POST', 'DELETE'])

/** Counts each request and its retries, and logs it with its answer. */
export function observe(log: TransportLog, counter: RequestCounter): PipelinePolicy {
  const seen = new WeakSet<PipelineRequest>()
  return {
    name: 'observePolicy',
    async sendRequest(request, next) {
      counter.total += 1
      if (seen.has(request)) counter.retries += 1
      else if (WRITES.has(request.method)) counter.writes += 1
      seen.add(request)
      const line = `${request.method} ${redactUrl(request.url)}`
      const startedAtMs = Date.now()
      try {
        const response = await next(request)
        log.debug(`${line} → ${response.status} in ${Date.now() - startedAtMs} ms${traceOf(response)}`)
        return response
      } catch (error) {
        log.debug(`${line} → ${redactUrls(error instanceof Error ? error.message : String(error))}`)
        throw error
      }
    },
  }
}

function traceOf({ headers }: PipelineResponse): string {
  const names = ['x-ms-request-id', 'x-ms-correlation-request-id', 'retry-after', 'x-ms-ratelimit-remaining-resource']
  return names.flatMap((name) => (headers.has(name) ? [` ${name}=${headers.get(name)}`] : [])).join('')
}

/** Operation URLs carry signatures; only the api-version is fit to print. */
export function redactUrl(url: string): string {
  const { origin, pathname, searchParams } = new URL(url)
  const version = searchParams.get('api-version')
  return `${origin}${pathname}${version ? `?api-version=${version}` : ''}`
}

const redactUrls = (text: string): string => text.replace(/https?:\/\/[^\s"'<>]+/g, (url) => (URL.canParse(url) ? redactUrl(url) : 'a URL'))
