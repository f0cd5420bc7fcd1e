/** Inputs as texts, as the runner gives them, and what becomes of them. */
import type { Config } from '../../../src/config/config.ts'
import { parseConfig } from '../../../src/config/parse-config.ts'
import { InputError } from '../../../src/errors/input-error.ts'

export type Given = Readonly<Record<string, string>>

export const SUBSCRIPTION = '11111111-2222-3333-4444-555555555555'
export const OTHER = '99999999-2222-3333-4444-555555555555'
export const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/render-rg`
export const VM_ID = `${GROUP}/providers/Microsoft.Compute/virtualMachines/golden-vm`
export const VERSION_ID = `${GROUP}/providers/Microsoft.Compute/galleries/farm/images/golden/versions/1.0.0`

/** The least that makes an image and a pool. */
export const LEAST: Given = {
  vm: 'golden-vm',
  'subscription-id': SUBSCRIPTION,
  'resource-group': 'render-rg',
  'image-name': 'golden',
  gallery: 'farm',
  'batch-account': 'renderfarm',
  'pool-id': 'render',
  'vm-size': 'Standard_D4s_v5',
}

export function parse(given: Given, environment: Given = {}, files: Given = {}): Config {
  return parseConfig({
    input: (name) => (given[name] ?? '').trim(),
    environment: (name) => environment[name],
    file: (name) => files[name],
  })
}

export const config = (changes: Given, environment: Given = {}) => parse({ ...LEAST, ...changes }, environment)

/** What a user is told, line by line. */
export function problems(changes: Given, base: Given = LEAST): readonly string[] {
  try {
    parse({ ...base, ...changes })
  } catch (error) {
    if (error instanceof InputError) return error.message.split('\n')
    throw error
  }
  return []
}

/** Without an input of the least. */
export const without = (...names: readonly string[]): Given =>
  Object.fromEntries(Object.entries(LEAST).filter(([name]) => !names.includes(name)))
