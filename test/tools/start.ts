/** `npm start`: the main job on the embedded Azure, as the runner would run it. */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { loadScenario, scenarioNames } from '../embedded-azure/scenarios/scenario.ts'
import { startAzure } from '../embedded-azure/server.ts'
import { renderPage } from './preview.ts'
import { type ActionRun, runAction } from './run-action.ts'

/** Masks and debug lines are not for the reader. */
const HIDDEN = /^::(?:debug|add-mask)::/
const COMMAND = /^::(error|warning|notice)(?: title=(.*?))?::(.*)$/

/** The log as the runner's page shows it, with all groups open. */
function logWriter(): (text: string) => void {
  let rest = ''
  let indent = ''
  const show = (line: string): void => {
    const group = /^::group::(.*)$/.exec(line)?.[1]
    const [, level, title, message = ''] = COMMAND.exec(line) ?? []
    if (line === '::endgroup::') indent = ''
    else if (group !== undefined) {
      console.log(`▾ ${group}`)
      indent = '    '
    } else if (level) console.log(`${level === 'error' ? 'Error' : 'Warning'}: ${decoded([title, message].filter(Boolean).join('\n'))}`)
    else if (!HIDDEN.test(line)) console.log(`${indent}${line}`)
  }
  // Chunks end anywhere; lines are shown whole.
  return (text) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) show(line)
  }
}

/** https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts */
const decoded = (text: string): string =>
  text.replaceAll('%0A', '\n').replaceAll('%0D', '').replaceAll('%3A', ':').replaceAll('%2C', ',').replaceAll('%25', '%')

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
  const options = { azure, inputs: scenario.inputs, onLine: logWriter() }
  const main = await runAction(options)
  await runAction({ ...options, state: main.state })
  await azure.close()
  const page = await keep(name, main)
  console.log(`\nresult:   ${main.outputs.result ?? 'none'}, exit code ${main.exitCode}`)
  console.log(`summary:  ${path.join(path.dirname(page), 'summary.md')}`)
  console.log(`rendered: ${page}`)
  process.exitCode = main.exitCode
}

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'happy' },
    speed: { type: 'string', default: '100' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false, short: 'h' },
  },
})
const names = scenarioNames()
if (values.help)
  console.log(`Runs the committed bundle on the embedded Azure, as a runner would.

  npm start -- [--scenario NAME] [--speed N]   ${names.join(', ')}
  npm start -- --list                          what each of them is`)
else if (values.list) for (const name of names) console.log(`${name}: ${loadScenario(name).description}`)
else if (names.includes(values.scenario)) await start(values.scenario, Number(values.speed))
else {
  console.error(`There is no scenario ${values.scenario}. Ready ones: ${names.join(', ')}`)
  process.exitCode = 2
}
