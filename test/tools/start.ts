/** `npm start`: the main job on the embedded Azure, as the runner would run it. */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { loadScenario, scenarioNames } from '../embedded-azure/scenarios/scenario.ts'
import { startAzure } from '../embedded-azure/server.ts'
import { renderPage } from './preview.ts'
import { type ActionRun, runAction } from './run-action.ts'

/** What the runner shows: masks and debug lines are not for the reader. */
const HIDDEN = /^::(?:debug|add-mask)::/

/** Chunks end anywhere; lines are shown whole. */
function lineWriter(): (text: string) => void {
  let rest = ''
  return (text) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (!HIDDEN.test(line)) console.log(line)
  }
}

/** Log, summary, page and report of a run. @returns the path of the page. */
async function keep(name: string, { log, summary, report }: ActionRun): Promise<string> {
  const folder = path.resolve('out', name)
  await mkdir(folder, { recursive: true })
  await writeFile(path.join(folder, 'summary.md'), summary)
  await writeFile(path.join(folder, 'log.txt'), log)
  if (report) await writeFile(path.join(folder, 'report.json'), report)
  return renderPage(summary, folder, 'summary')
}

async function start(name: string, speed: number): Promise<void> {
  const scenario = loadScenario(name)
  const azure = await startAzure(scenario, speed)
  const options = { azure, inputs: scenario.inputs, onLine: lineWriter() }
  const main = await runAction(options)
  await runAction({ ...options, state: main.state })
  await azure.close()
  const page = await keep(name, main)
  const error = /^::error(?: title=([^:]*))?::(.*)$/m.exec(main.log)
  console.log(`\nresult:   ${main.outputs.result ?? 'none'}, exit code ${main.exitCode}`)
  if (error) console.log(`cause:    ${error[1] ?? ''}: ${(error[2] ?? '').split('%0A')[0]?.replaceAll('%25', '%')}`)
  console.log(`summary:  ${path.join(path.dirname(page), 'summary.md')}`)
  console.log(`rendered: ${page}`)
  process.exitCode = main.exitCode
}

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'happy' },
    speed: { type: 'string', default: '100' },
    list: { type: 'boolean', default: false },
  },
})
const names = scenarioNames()
if (values.list) for (const name of names) console.log(`${name}: ${loadScenario(name).description}`)
else if (names.includes(values.scenario)) await start(values.scenario, Number(values.speed))
else {
  console.error(`There is no scenario ${values.scenario}. Ready ones: ${names.join(', ')}`)
  process.exitCode = 2
}
