/** Services write `null` where a property is absent. */
import { createHttpHeaders, createPipelineRequest } from '@azure/core-rest-pipeline'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { withoutNullMembers, withoutNulls } from '../../../src/azure/null-members.ts'

test.each<[string, unknown, unknown]>([
  ['members', { a: null, b: 1 }, { b: 1 }],
  [
    'members deep inside',
    { properties: { storageProfile: { dataDisks: null, osDisk: { name: 'os', vhd: null } } } },
    { properties: { storageProfile: { osDisk: { name: 'os' } } } },
  ],
  ['elements', { list: [null, { a: null }, 1] }, { list: [{}, 1] }],
  ['a list that has no items', { value: null, nextLink: null }, { value: [] }],
  ['a value that is no list', { values: [{ key: 'x', value: null }] }, { values: [{ key: 'x' }] }],
  ['what only looks like it', { text: 'null', zero: 0, no: false, empty: '' }, { text: 'null', zero: 0, no: false, empty: '' }],
])('%s', (_, given, expected) => {
  expect(JSON.parse(withoutNulls(JSON.stringify(given)))).toEqual(expected)
})

test('an answer that is null is an empty one', () => {
  expect(withoutNulls('null')).toBe('')
})

test('nothing but null is lost', () => {
  const hasNoNull = (text: string) => !/(?:^|[[:,])null/.test(text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""'))
  fc.assert(fc.property(fc.json(), (text) => hasNoNull(withoutNulls(text))))
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean())),
      (bag) => JSON.stringify(JSON.parse(withoutNulls(JSON.stringify(bag)))) === JSON.stringify(bag),
    ),
  )
})

test.each([
  ['JSON', 'application/json; charset=utf-8', '{"a":null}', '{}'],
  ['the data plane', 'application/json;odata=minimalmetadata', '{"a":null}', '{}'],
  ['text', 'text/plain', 'stderr says null', 'stderr says null'],
  ['JSON that is cut off', 'application/json', '{"a":null', '{"a":null'],
])('an answer of %s', async (_, type, body, expected) => {
  const request = createPipelineRequest({ url: 'https://a/b' })
  const response = await withoutNullMembers().sendRequest(request, async () => ({
    request,
    status: 200,
    headers: createHttpHeaders({ 'content-type': type }),
    bodyAsText: body,
  }))
  expect(response.bodyAsText).toBe(expected)
})
