import { expect, test } from 'vitest'
import { parseConfig } from '../../../src/config/parse-config.ts'
import { sourceContent } from '../../../src/image/source.ts'
import type { VirtualMachine } from '../../../src/model/compute.ts'
import { withChosenCapture } from '../../../src/observe/choose-capture.ts'
import { factsOf } from '../../fixtures/rule-examples.ts'

const { observed } = factsOf()
const { vm } = observed.vm ?? {}
const as = (capture: string, statuses: readonly string[]) => {
  const { config } = factsOf({ capture })
  return withChosenCapture(config, { ...(vm as VirtualMachine), statuses })
}

test.each([
  ['auto', ['OSState/generalized', 'PowerState/deallocated'], 'generalized', /is marked as generalized/],
  ['auto', ['PowerState/running'], 'copy', /not marked as generalized/],
  ['auto', ['PowerState/deallocated'], 'copy', /not marked as generalized/],
  // Asked for: never second-guessed, and needs no reason.
  ['live', ['OSState/generalized', 'PowerState/deallocated'], 'live', undefined],
  ['deallocate', ['PowerState/running'], 'deallocate', undefined],
])('capture: %s of a VM with %j is %s', (asked, statuses, capture, why) => {
  const { source } = as(asked, statuses)
  expect(source).toMatchObject({ capture })
  expect('whyChosen' in source ? source.whyChosen : undefined).toEqual(why ? expect.stringMatching(why) : undefined)
})

test('a VM that does not exist leaves the choice open', () => {
  expect(withChosenCapture(factsOf({ capture: 'auto' }).config, undefined).source).toMatchObject({ capture: 'auto' })
})

test('what auto chose has the fingerprint of the same way requested by name', () => {
  const identity = (capture: string) => sourceContent(as(capture, ['PowerState/running']).source, observed)?.identity
  expect(identity('auto')).toEqual(identity('copy'))
  expect(identity('auto')).not.toEqual(identity('live'))
})

test('auto is the default', () => {
  const inputs: Readonly<Record<string, string>> = {
    vm: 'a',
    'resource-group': 'g',
    'subscription-id': '0',
    'image-name': 'i',
    gallery: 'x',
  }
  const { source } = parseConfig({
    input: (name) => inputs[name] ?? '',
    environment: () => undefined,
    hide: () => undefined,
    file: () => undefined,
  })
  expect(source).toMatchObject({ capture: 'auto' })
})
