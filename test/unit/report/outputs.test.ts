/** What machines read: the report and the outputs that are JSON are as the published schema says, and no output outgrows its place. */
import { describe, expect, test } from 'vitest'
import { annotationOf } from '../../../src/report/annotation.ts'
import { outputsOf } from '../../../src/report/outputs.ts'
import type { RunReport } from '../../../src/report/run-report.ts'
import { outputViolations, reportViolations, SCHEMA } from '../../fixtures/report-schema.ts'
import { manyPools, quotaReached, SAMPLES } from '../../fixtures/sample-reports.ts'

const KIB = 1_024

describe.each(Object.entries(SAMPLES))('sample %s', (_, sample) => {
  test('its report is as the schema says', () => {
    expect(reportViolations(JSON.stringify(sample()))).toEqual([])
  })

  test('its outputs are as the schema says', () => {
    expect(outputViolations(outputsOf(sample()))).toEqual([])
  })
})

describe('the schema', () => {
  test('objects to a member that it does not describe, and to one that is missing', () => {
    const { requests: _, ...report } = { ...SAMPLES.succeeded(), invented: 1 }
    expect(reportViolations(JSON.stringify(report)).join('\n')).toMatch(/required.*requests[\s\S]*invented/)
    expect(outputViolations({ 'node-states': '{"idle":0}' })).toHaveLength(1)
  })

  test('says what every member is', () => {
    const undescribed: string[] = []
    const walk = (schema: typeof SCHEMA, where: string): void => {
      for (const [name, member] of Object.entries<typeof SCHEMA>(schema.properties ?? {})) {
        if (!member.description && !member.$ref) undescribed.push(`${where}/${name}`)
        walk(member, `${where}/${name}`)
      }
      if (schema.items) walk(schema.items, `${where}/items`)
    }
    walk(SCHEMA, '')
    for (const [name, definition] of Object.entries(SCHEMA.definitions)) walk(definition, name)
    expect(undescribed).toEqual([])
    expect(SCHEMA.$id).toMatch(/^https:\/\/.*\/report\.schema\.json$/)
  })
})

/** As much of everything as a run may have. */
function largest(): RunReport {
  const report = manyPools()
  const [pool] = quotaReached().pools
  if (!pool) throw new Error('the sample has no pool')
  const [, attempt] = pool.attempts
  const [error] = attempt?.errors ?? []
  if (!attempt || !error) throw new Error('the sample has no error')
  const long = { ...error, message: '€'.repeat(4_000), innermostCode: 'Code', innermostMessage: '€'.repeat(4_000) }
  const attempts = Array.from({ length: 50 }, (_, number) => ({ ...attempt, number, errors: [long, long] }))
  return {
    ...report,
    planId: 'image=5e1c09aab3',
    changes: Array.from({ length: 5_000 }, (_, index) => ({
      ...(report.changes[0] as RunReport['changes'][number]),
      name: `change-${index}`,
    })),
    pools: Array.from({ length: 500 }, (_, index) => ({ ...pool, name: `render-${index}`, attempts })),
  }
}

describe('the largest run', () => {
  const outputs = outputsOf(largest())

  test('each output fits into an environment variable, and all together are far below 1 MiB, as UTF-16 too', () => {
    for (const [name, value] of Object.entries(outputs)) expect([name, Buffer.byteLength(value) < 100 * KIB]).toEqual([name, true])
    const all = Object.values(outputs).join('')
    expect(Math.max(Buffer.byteLength(all), 2 * all.length)).toBeLessThan(512 * KIB)
  })

  test('what is left out is counted, and the rest is as the schema says', () => {
    expect(outputViolations(outputs)).toEqual([])
    for (const [name, total] of [
      ['plan', 5_000],
      ['pools', 500],
    ] as const) {
      const entries = JSON.parse(outputs[name] ?? '') as readonly { readonly omitted?: number }[]
      expect((entries.at(-1)?.omitted ?? 0) + entries.length - 1).toBe(total)
      expect(entries.length).toBeGreaterThan(50)
    }
    expect(JSON.parse(outputs['resize-errors'] ?? '').at(-1)).toMatchObject({ attempt: 49 })
  })
})

test('many pools keep all their places before their errors do', () => {
  const report = manyPools()
  const pools = JSON.parse(outputsOf(report).pools ?? '') as readonly {
    readonly 'batch-account': string
    readonly 'resize-errors': readonly object[]
  }[]
  expect(pools).toHaveLength(20)
  expect(pools.every((pool) => pool['batch-account'] === 'renderfarm')).toBe(true)
  expect(pools.flatMap((pool) => pool['resize-errors'])).toHaveLength(1)
})

describe('the annotation', () => {
  const said = { title: 'Core quota reached', message: 'Azure said so.', hint: 'Ask for more.', link: 'https://example.com/quota' }

  test('is cause, remedy and link', () => {
    expect(annotationOf(said)).toEqual({ title: said.title, text: `${said.message}\n${said.hint}\n${said.link}` })
  })

  test('keeps the remedy, however long the cause is', () => {
    const message = Array.from({ length: 5_000 }, (_, index) => `render-${index}: Core quota reached`).join('\n')
    const { text } = annotationOf({ ...said, message })
    expect(Buffer.byteLength(text)).toBeLessThan(64_000)
    expect(text).toMatch(
      /\nrender-\d+: Core quota reached\n… \(all of it is in the job summary and the JSON report\)\nAsk for more\.\nhttps/,
    )
  })
})
