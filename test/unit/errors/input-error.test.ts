import { expect, test } from 'vitest'
import { explain } from '../../../src/errors/explanation.ts'
import { InputError } from '../../../src/errors/input-error.ts'

test('all input problems at once', () => {
  const { title, message } = explain(
    new InputError([
      { input: 'mode', value: 'x', problem: 'is unknown', allowed: 'apply, plan' },
      { input: 'vm', problem: 'is missing' },
    ]),
  )
  expect(title).toBe('2 invalid inputs')
  expect(message).toBe('mode "x": is unknown (allowed: apply, plan)\nvm: is missing')
})
