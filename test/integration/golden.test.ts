/** The summary of every scenario, as the bundle writes it; times, counts of requests and charts, which no two runs share, made equal. */
import { expect, test } from 'vitest'
import { scenarioNames } from '../embedded-azure/scenarios/scenario.ts'
import { run, testConformance } from '../fixtures/whole-runs.ts'

const SPANS = /\b\d+ (?:d|h|min|s)(?: \d+ (?:h|min|s))?\b/g

function normalised(summary: string): string {
  return summary
    .replace(/```mermaid\n(?:%%.*\n)?(\S+)[\s\S]*?```/g, '```mermaid\n$1 …\n```')
    .replace(/(<summary>The same in numbers<\/summary>\n\n(?:\|.*\n){2})(?:\|.*\n)+/g, '$1| … |\n')
    .replace(/(\| Time \(UTC\) \|.*\n\|.*\n)(?:\|.*\n)+/g, '$1| … |\n')
    .replace(/\b\d{4}-\d\d-\d\d \d\d:\d\d to \d\d:\d\d UTC/g, 'DATE to TIME UTC')
    .replace(/\b\d\d:\d\d:\d\d\b/g, 'TIME')
    .replace(/\b\d{4}\.\d{3,4}\.(\d+)\b/g, 'YYYY.MMDD.$1')
    .replace(SPANS, 'SPAN')
    .replace(/\b[\d,]+ requests, (\d+) writes, \d+ retries/g, 'N requests, $1 writes, N retries')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(?=`)/g, 'ID')
}

test.each(scenarioNames())('%s', async (name) => {
  const { summary } = await run(name)
  await expect(normalised(summary)).toMatchFileSnapshot(`golden/${name}.md`)
})

testConformance()
