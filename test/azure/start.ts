/** `npm start`: the main job on the embedded Azure, as the runner would run it. */
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { runAction } from './run-action.ts'
import { loadScenario } from './scenario.ts'
import { startAzure } from './server.ts'

/** What the runner shows: masks and debug lines are not for the reader. */
function show(text: string): void {
  const lines = text.split('\n').filter((line) => !/^::(?:debug|add-mask)::/.test(line))
  process.stdout.write(lines.join('\n'))
}

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'happy' },
    speed: { type: 'string', default: '100' },
    list: { type: 'boolean', default: false },
  },
})

if (values.list) {
  const names = (await readdir(path.join(import.meta.dirname, 'scenarios'))).map((file) => path.parse(file).name)
  for (const name of names) console.log(`${name}: ${loadScenario(name).description}`)
} else {
  const scenario = loadScenario(values.scenario)
  const azure = await startAzure(scenario, Number(values.speed))
  const options = { azure, inputs: scenario.inputs, onLine: show }
  const main = await runAction(options)
  await runAction({ ...options, state: main.state })
  await azure.close()
  const folder = path.resolve('out', values.scenario)
  await mkdir(folder, { recursive: true })
  await writeFile(path.join(folder, 'summary.md'), main.summary)
  await writeFile(path.join(folder, 'log.txt'), main.log)
  const cause = /^::error(?: title=([^:]*))?::(.*)$/m.exec(main.log)
  console.log(`\nresult: ${main.outputs.result ?? 'none'}, exit code ${main.exitCode}`)
  if (cause) console.log(`cause: ${cause[1] ?? ''}: ${decodeURIComponent(cause[2]?.split('%0A')[0] ?? '')}`)
  console.log(`summary: ${path.join(folder, 'summary.md')}`)
  process.exitCode = main.exitCode
}
