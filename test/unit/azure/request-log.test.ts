import fc from 'fast-check'
import { test } from 'vitest'
import { redactUrl } from '../../../src/azure/request-log.ts'

test('of a query only the api-version is printed', () => {
  fc.assert(
    fc.property(fc.webUrl({ withQueryParameters: true }), fc.stringMatching(/^[A-Za-z0-9]{20}$/), (url, secret) => {
      const asked = new URL(url)
      asked.searchParams.set('sig', secret)
      asked.searchParams.set('api-version', '2025-06-01')
      const shown = redactUrl(asked.href)
      return shown.endsWith('?api-version=2025-06-01') && !shown.includes(secret)
    }),
  )
})
