import { Ajv } from 'ajv'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import SCHEMA from '../../../src/config/pool-spec.schema.json' with { type: 'json' }
import { schemaProblems } from '../../../src/config/pool-spec-schema.ts'
import { FULL_POOL } from '../../fixtures/config-inputs.ts'

describe('the published schema', () => {
  const ajv = new Ajv({ strict: true, allowUnionTypes: true, strictTypes: false })
  const isPool = ajv.compile({ definitions: SCHEMA.definitions, $ref: '#/definitions/Pool' })

  test('is valid, and every property says what it is', () => {
    expect(ajv.validateSchema(SCHEMA)).toBe(true)
    for (const [name, { properties }] of Object.entries(SCHEMA.definitions)) {
      for (const [property, schema] of Object.entries(properties)) {
        expect('$ref' in schema || (schema as { description?: string }).description, `${name}.${property}`).toBeTruthy()
      }
    }
  })

  type Bag = Record<string, unknown>
  const places = (value: unknown): (readonly [Bag, string])[] =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([name, inner]) => [[value as Bag, name] as const, ...places(inner)])
      : []
  const strange = [undefined, null, -1, 0, 1.5, 1e10, '', 'x', '/a', 'PT5M', true, [], {}, [1], [{}], { name: 'a' }, 'a'.repeat(2_000)]

  test('means the same to another validator, wherever one value of a whole pool is another, one is missing or one too many', () => {
    const full = parse(FULL_POOL)
    for (let place = 0; place < places(full).length; place++) {
      for (const value of strange) {
        const pool = structuredClone(full)
        const [bag, name] = places(pool)[place] ?? []
        if (!bag || name === undefined || (value === undefined && Array.isArray(bag))) continue
        if (value === undefined) delete bag[name]
        else bag[name] = value
        expect(schemaProblems(pool).length === 0, `${name}: ${JSON.stringify(value)}`).toBe(isPool(pool))
        if (value === undefined) bag[`${name}X`] = 1
        expect(schemaProblems(pool).length === 0, `${name}X`).toBe(isPool(pool))
      }
    }
  })

  test('and for pools of any shape', () => {
    const leaf = fc.oneof(
      fc.integer(),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom('Enabled', 'Pack', 'PT30M', 'x', '/a'),
    )
    const names = Object.values(SCHEMA.definitions).flatMap(({ properties }) => Object.keys(properties))
    const bag = (value: fc.Arbitrary<unknown>) => fc.dictionary(fc.constantFrom(...names, 'unknown'), value, { maxKeys: 3 })
    const value = fc.letrec((tie) => ({
      any: fc.oneof({ depthSize: 'small' }, leaf, bag(tie('any')), fc.array(tie('any'), { maxLength: 2 })),
    })).any
    fc.assert(
      fc.property(bag(value), (pool) => {
        expect(schemaProblems(pool).length === 0).toBe(isPool(pool))
      }),
    )
  })
})
