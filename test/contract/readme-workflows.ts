/** Every YAML block of the README that shows a workflow or steps, as a workflow that a linter can read. */
import { parse } from 'yaml'
import { read } from './generated.ts'

/** Around steps that are shown alone, with the step of a user that they refer to. */
const AROUND_STEPS = `name: Block of the README
on:
  workflow_dispatch:
permissions: {}
concurrency:
  group: readme
  cancel-in-progress: false
jobs:
  refresh:
    name: Refresh
    runs-on: ubuntu-latest
    timeout-minutes: 360
    permissions:
      contents: read
      id-token: write # to sign in to Azure
    steps:
      - id: packer
        run: echo "image-id=…" >> "$GITHUB_OUTPUT"
`

const asWorkflow = (block: string): string | undefined => {
  const content = parse(block) as unknown
  if (Array.isArray(content)) return AROUND_STEPS + block.replace(/^(?=.)/gm, '      ')
  return content && Object.hasOwn(content, 'jobs') ? block : undefined
}

export const yamlBlocks = (): readonly string[] =>
  [...read('README.md').matchAll(/```ya?ml\n([\s\S]*?)```/g)].map(([, block = '']) => block)

/** @returns file name and text. */
export const readmeWorkflows = (): readonly (readonly [string, string])[] =>
  yamlBlocks()
    .flatMap((block) => asWorkflow(block) ?? [])
    .map((workflow, index) => [`readme-${index + 1}.yml`, workflow] as const)
