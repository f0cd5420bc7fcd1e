import { describe, expect, test } from 'vitest'
import { config, problems } from '../../fixtures/config-inputs.ts'

describe('tags', () => {
  test('are name=value, a line each; a value may hold anything', () => {
    expect(config({ tags: 'team=render\r\ncost center = 4711 \nurl=https://x/?a=b' }).image?.tags).toEqual({
      team: 'render',
      'cost center': '4711',
      url: 'https://x/?a=b',
    })
  })

  test.each<[string, string]>([
    ['a<b=1', 'tags "a<b": is not a valid tag name'],
    ['a/b=1', 'tags "a/b": is not a valid tag name'],
    ['a\\b=1', 'tags "a\\b": is not a valid tag name'],
    ['a%b=1', 'tags "a%b": is not a valid tag name'],
    [`${'n'.repeat(513)}=1`, 'is not a valid tag name'],
    [`a=${'v'.repeat(257)}`, 'tags "a": has a value that is too long (allowed: at most 256 characters)'],
    ['Microsoft.x=1', 'begins with a word that Azure reserves'],
    ['Image-Pool-Tool=1', 'tags "Image-Pool-Tool": is a tag that this action sets itself'],
    ['a=1\nA=2', 'tags "A": names a tag more than once'],
    ['novalue', 'tags "novalue": has a line that is not key=value'],
    [
      Array.from({ length: 39 }, (_, index) => `t${index}=1`).join('\n'),
      'tags: has 39 tags (allowed: at most 38 besides those that this action sets)',
    ],
  ])('%.30s is refused', (text, expected) => {
    const told = problems({ tags: text })
    expect(told).toHaveLength(1)
    expect(told[0]).toContain(expected)
  })

  test('at their limits are taken', () => {
    const most = Array.from({ length: 38 }, (_, index) => `${'n'.repeat(500)}${index}=${'v'.repeat(256)}`).join('\n')
    expect(problems({ tags: most })).toEqual([])
  })
})
