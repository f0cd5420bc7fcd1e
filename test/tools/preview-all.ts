/** `npm run preview`: the summaries of all scenarios, run through the bundle, and of the sample reports, as pages and pictures in `out/preview`. */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { renderSummary } from '../../src/report/summary/summary.ts'
import { loadScenario, scenarioNames } from '../embedded-azure/scenarios/scenario.ts'
import { startAzure } from '../embedded-azure/server.ts'
import { SAMPLES } from '../fixtures/sample-reports.ts'
import { browserPath, look, openBrowser, VIEWS } from './browser.ts'
import { CAN_DRAW_CHARTS, renderPage } from './preview.ts'
import { runAction } from './run-action.ts'

const FOLDER = path.resolve('out/preview')
const SPEED = 300

async function summaryOf(scenarioName: string): Promise<string> {
  const scenario = loadScenario(scenarioName)
  const azure = await startAzure(scenario, SPEED)
  const { summary } = await runAction({ azure, inputs: scenario.inputs })
  await azure.close()
  return summary
}

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } })
const pages: string[] = []
const add = async (title: string, summary: () => string | Promise<string>): Promise<void> => {
  if (!title.includes(values.only)) return
  pages.push(await renderPage(await summary(), FOLDER, title))
}

if (values.only === '') await rm(FOLDER, { recursive: true, force: true })
for (const [name, report] of Object.entries(SAMPLES)) await add(`sample ${name}`, () => renderSummary(report()))
for (const name of scenarioNames()) await add(`scenario ${name}`, () => summaryOf(name))
console.log(`${pages.length} pages in ${FOLDER}`)

const chromium = browserPath()
if (!CAN_DRAW_CHARTS) console.log('skipped: no pictures, because Mermaid is not installed (npm run extras)')
else if (chromium) {
  const browser = await openBrowser(chromium)
  for (const page of pages) {
    const seen = []
    for (const view of VIEWS) seen.push(await look(browser, page, view))
    const faults = [...new Set(seen.flatMap((one) => one.faults))]
    console.log(`${path.basename(page)}: ${VIEWS.map(({ name }) => name).join(', ')}${faults.length > 0 ? `; ${faults.join('; ')}` : ''}`)
    if (faults.length > 0) process.exitCode = 1
  }
  await browser.close()
} else console.log('skipped: no pictures, because no Chromium is installed (Debian: apt-get install chromium; else CHROMIUM=<path>)')
