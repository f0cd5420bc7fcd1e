/** GitHub's own language service (that of its editor extension) has nothing to say against workflows, examples and actions. */
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { validate } from '@actions/languageservice'
import { describe, expect, test } from 'vitest'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { parse } from 'yaml'
import { readmeWorkflows, yamlBlocks } from '../fixtures/readme-workflows.ts'
import { metadata, ROOT, read } from '../tools/generated.ts'

const ymlIn = (folder: string): readonly string[] =>
  readdirSync(path.join(ROOT, folder))
    .filter((name) => name.endsWith('.yml'))
    .map((name) => `${folder}/${name}`)
const WORKFLOWS = [...ymlIn('.github/workflows'), ...ymlIn('.github/examples')]

/** Knows this action, so that its inputs are looked at, too. */
const provider = {
  fetchActionMetadata: async ({ name }: { readonly name: string }) => (name === 'azure-batch-image-pool' ? metadata() : undefined),
}

/** The service remembers a file by its name. */
let looked = 0

/** Metadata of others' actions is at GitHub, which no test asks; that they are pinned is looked at below. */
const UNKNOWN_HERE = /Unable to resolve action `(?:actions|github|zizmorcore|azure)\//i

async function complaints(name: string, text: string): Promise<readonly string[]> {
  looked += 1
  const uri = name.endsWith('action.yml') ? `file:///${looked}/action.yml` : `file:///${looked}/.github/workflows/${path.basename(name)}`
  const found = await validate(TextDocument.create(uri, 'yaml', 1, text), { actionsMetadataProvider: provider as never })
  return found
    .map(({ message, range }) => `${name}:${range.start.line + 1}: ${message}`)
    .filter((complaint) => !UNKNOWN_HERE.test(complaint))
}

describe('language service', () => {
  test.each([...WORKFLOWS, 'action.yml', '.github/actions/self/action.yml'])('%s', async (name) => {
    expect(await complaints(name, read(name))).toEqual([])
  })

  test.each(readmeWorkflows())('%s: a block of the README', async (name, workflow) => {
    expect(await complaints(name, workflow)).toEqual([])
  })

  test('no block of the README that calls an action is left out', () => {
    expect(readmeWorkflows()).toHaveLength(yamlBlocks().filter((block) => /\buses:/.test(block)).length)
  })

  test('an input that the action does not have is found out', async () => {
    const misspelled = read('.github/examples/plan-on-pull-request.yml').replace('image-name:', 'image-nam:')
    expect((await complaints('plan-on-pull-request.yml', misspelled)).join()).toContain('image-nam')
  })
})

/** Without `shell: bash`, the runner's bash does not have `pipefail`. */
interface Job {
  readonly defaults?: { readonly run: { readonly shell?: string } }
  readonly steps?: readonly { readonly run?: string; readonly shell?: string }[]
}

describe('conventions', () => {
  const workflows = WORKFLOWS.map((name) => [name, parse(read(name)), read(name)] as const)

  test.each(workflows)('%s grants nothing to all jobs, and each job what it needs', (_, { permissions, jobs }) => {
    expect(permissions).toEqual({})
    for (const job of Object.values<{ permissions?: object }>(jobs)) expect(job.permissions).toBeDefined()
  })

  test.each(workflows)('%s pins actions of others to a commit, with the version beside it', (_, __, text) => {
    const uses = [...text.matchAll(/uses: (?!\$\/|PUBLISHER\/)(\S+)(.*)/g)]
    expect(
      uses.filter(([, reference = '', comment = '']) => !/@[0-9a-f]{40}$/.test(reference) || !/^ # v\d+\.\d+\.\d+$/.test(comment)),
    ).toEqual([])
  })

  test.each(workflows)('%s fails where the first part of a pipe does', (_, { jobs }) => {
    const unsafe = Object.values<Job>(jobs).flatMap(({ defaults, steps = [] }) =>
      steps.filter(({ run, shell }) => / \|(?: |$)/m.test(run ?? '') && (shell ?? defaults?.run.shell) !== 'bash'),
    )
    expect(unsafe).toEqual([])
  })

  test.each(workflows)('%s has a time limit for every job of its own', (_, { jobs }) => {
    for (const job of Object.values<Record<string, unknown>>(jobs)) expect(job.uses ?? job['timeout-minutes']).toBeDefined()
  })
})
