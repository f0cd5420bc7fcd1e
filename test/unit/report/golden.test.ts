/** The summaries of the sample reports, reviewed by eye like code (`npm run preview` shows them), and their bounds. */
import { describe, expect, test } from 'vitest'
import { cloudOf } from '../../../src/azure/cloud.ts'
import { explain } from '../../../src/errors/explanation.ts'
import { InputError } from '../../../src/errors/input-error.ts'
import type { UnhealthyNode } from '../../../src/pool/unhealthy-nodes.ts'
import { commentBody, commentMarker } from '../../../src/report/comment.ts'
import type { RunReport } from '../../../src/report/run-report.ts'
import { renderRefusal, renderSummary, renderValid } from '../../../src/report/summary/summary.ts'
import { manyPools, SAMPLES, startTaskFailed } from '../../fixtures/sample-reports.ts'

const MIB = 1_048_576

describe('golden summaries', () => {
  test.each(Object.entries(SAMPLES))('%s', async (name, report) => {
    await expect(renderSummary(report())).toMatchFileSnapshot(`golden/${name}.md`)
  })

  test('refused inputs', async () => {
    const refused = new InputError([
      { input: 'resize-timeout', value: '4m', problem: 'too short', allowed: '5m or longer' },
      { input: 'vm', value: 'golden', problem: 'needs `resource-group`' },
    ])
    await expect(renderRefusal(explain(refused))).toMatchFileSnapshot('golden/refusal.md')
  })

  test('valid inputs', async () => {
    await expect(renderValid()).toMatchFileSnapshot('golden/valid.md')
  })
})

test.each([
  ['AzureUSGovernment', 'https://portal.azure.us'],
  ['AzureChinaCloud', 'https://portal.azure.cn'],
] as const)('in %s links lead to the portal of that cloud', (environment, portal) => {
  const { portalUrl } = cloudOf({ environment })
  const summary = renderSummary({ ...SAMPLES.succeeded(), portalUrl })
  expect(summary).toContain(`(${portal}/#resource/subscriptions/`)
  expect(summary).not.toContain('portal.azure.com')
})

/** Every node of every pool broken in a way of its own, with as much text as a node may give. */
function worst(): RunReport {
  const report = manyPools()
  const [sample] = startTaskFailed().pools[0]?.unhealthyNodes ?? []
  if (!sample) throw new Error('the sample has no unhealthy node')
  const broken = Array.from(
    { length: 2_500 },
    (_, index): UnhealthyNode => ({
      ...sample,
      id: `tvmps_${index}_d`,
      exitCode: index,
      stderrTail: '| <&>` '.repeat(2_000),
      errors: [{ code: `Code${index}`, message: 'm'.repeat(4_000), details: [] }],
    }),
  )
  const explanation = {
    title: 't'.repeat(4_000),
    message: `${'&'.repeat(3_900)}\n`.repeat(60),
    hint: '<'.repeat(8_000),
    code: 'c'.repeat(4_000),
  }
  return {
    ...report,
    warnings: Array.from({ length: 200 }, (_, index) => `${index} ${'*'.repeat(4_000)}`),
    pools: report.pools.map((pool, index) => ({
      ...pool,
      unhealthyNodes: broken,
      unhealthyTotal: 2_500,
      error: { ...explanation, title: `${index} ${explanation.title}` },
    })),
    error: explanation,
  }
}

describe('bounds', () => {
  test('20 pools of 900 nodes stay far below what the runner takes, and nothing is left out', () => {
    const summary = renderSummary(manyPools())
    expect(Buffer.byteLength(summary)).toBeLessThan(MIB / 8)
    expect(summary).not.toContain('Left out')
  })

  test('the longest report stays below 1 MiB, with verdict and footer', () => {
    const summary = renderSummary(worst())
    expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(1_000_000)
    expect(summary).toContain('**Failed** after')
    expect(summary).toContain('Left out, because a summary may not be longer')
    expect(summary).toContain('<sub>Mode `apply`')
  })

  test.each(Object.entries({ ...SAMPLES, worst }))('as a comment, %s is no longer than GitHub takes, and whole', (_, report) => {
    const marker = commentMarker({ workflow: 'Refresh', account: 'renderfarm', pool: 'render', image: 'golden' })
    const body = commentBody(marker, (mostBytes) => renderSummary(report(), mostBytes))
    expect(body.length).toBeLessThanOrEqual(65_536)
    expect(body.startsWith(`${marker}\n### `)).toBe(true)
    expect(body.match(/<details/g)?.length ?? 0).toBe(body.match(/<\/details>/g)?.length ?? 0)
    expect((body.match(/^```/gm)?.length ?? 0) % 2).toBe(0)
  })
})

describe('marker', () => {
  const subject = { workflow: 'Refresh', account: 'renderfarm', pool: 'render', image: 'golden' }

  test('is the same for the same subject, however its names are spelled', () => {
    expect(commentMarker({ ...subject, account: 'RenderFarm' })).toBe(commentMarker(subject))
  })

  test.each(['workflow', 'account', 'pool', 'image'])('is another for another %s', (part) => {
    expect(commentMarker({ ...subject, [part]: 'other' })).not.toBe(commentMarker(subject))
  })

  test('no name can end it', () => {
    expect(commentMarker({ ...subject, pool: '--> <script>' })).toMatch(/^<!-- azure-batch-image-pool [0-9a-f]{16} -->$/)
  })
})
