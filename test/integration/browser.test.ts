/** Summaries as a reader sees them: GitHub's Markdown and Mermaid in a real browser, by day and by night, on a desk and on a telephone. */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { renderSummary } from '../../src/report/summary/summary.ts'
import { SAMPLES } from '../fixtures/sample-reports.ts'
import { browserPath, look, openBrowser, VIEWS } from '../tools/browser.ts'
import { CAN_DRAW_CHARTS, renderPage } from '../tools/preview.ts'

const executablePath = browserPath()

describe.skipIf(!executablePath || !CAN_DRAW_CHARTS)(
  'in a browser (skipped where Chromium, or Mermaid of `npm run extras`, is not installed)',
  () => {
    let browser: Awaited<ReturnType<typeof openBrowser>>
    let folder: string

    beforeAll(async () => {
      browser = await openBrowser(executablePath ?? '')
      folder = await mkdtemp(path.join(tmpdir(), 'pages-'))
    })
    afterAll(() => browser?.close())

    test.each(Object.entries(SAMPLES))('%s: every chart is drawn, nothing is wider than the screen', async (name, report) => {
      const summary = renderSummary(report())
      const page = await renderPage(summary, folder, name)
      for (const view of VIEWS) {
        const { charts, faults } = await look(browser, page, view)
        expect(faults).toEqual([])
        expect(charts).toBe(summary.match(/^```mermaid$/gm)?.length ?? 0)
      }
    })

    test('a chart that Mermaid cannot read is found out', async () => {
      const page = await renderPage('```mermaid\nxychart-beta\n  bar [1, two\n```\n', folder, 'broken')
      expect((await look(browser, page, VIEWS[0])).faults.join()).toContain('not drawn')
    })
  },
)
