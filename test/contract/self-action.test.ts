/** What the reusable workflow runs is the action itself, at the workflow's own commit, with all that the action takes. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { metadata, ROOT, read, selfAction } from './generated.ts'

const SELF = '.github/actions/self/action.yml'

interface Step {
  readonly id?: string
  readonly uses?: string
  readonly with?: Readonly<Record<string, string>>
}

interface Workflow {
  readonly on: {
    readonly workflow_call: {
      readonly inputs: Readonly<Record<string, { readonly description: string }>>
      readonly outputs: Readonly<Record<string, { readonly value: string }>>
    }
  }
  readonly permissions: object
  readonly jobs: Readonly<
    Record<string, { readonly steps: readonly Step[]; readonly outputs?: Readonly<Record<string, string>>; readonly permissions: object }>
  >
}

const workflow = parse(read('.github/workflows/refresh-pool.yml')) as Workflow
const stepOf = (job: string): Step => workflow.jobs[job]?.steps.find(({ uses }) => uses === '$/.github/actions/self') ?? {}
const inputs = Object.keys(metadata().inputs)
const outputs = Object.keys(metadata().outputs)

describe('self action', () => {
  test('is as `npm run docs` makes it', () => {
    expect(read(SELF)).toBe(selfAction())
  })

  test('differs from action.yml only in where the bundle is', () => {
    const { runs, ...rest } = metadata(SELF)
    const { runs: rootRuns, ...rootRest } = metadata()
    expect(rest).toEqual(rootRest)
    const resolved = Object.fromEntries(
      Object.entries(runs).map(([key, value]) => [key, value.endsWith('.js') ? path.posix.join(path.posix.dirname(SELF), value) : value]),
    )
    expect(resolved).toEqual(rootRuns)
    expect(existsSync(path.join(ROOT, resolved.main ?? ''))).toBe(true)
  })
})

describe('reusable workflow', () => {
  /** `comment` would need another permission; `pool-id` is named by each pool of `pools`; a plan is made by each job for itself. */
  const NOT_PASSED_ON = ['comment', 'github-token', 'pool-id', 'plan-id']
  const OWN = ['pools', 'github-environment', 'runs-on']
  const callInputs = workflow.on.workflow_call.inputs

  test('its inputs mirror those of the action, in the same words', () => {
    const mirrored = inputs.filter((name) => !NOT_PASSED_ON.includes(name))
    expect(Object.keys(callInputs).sort()).toEqual([...mirrored, ...OWN].sort())
    for (const name of mirrored) expect(callInputs[name]?.description).toBe(metadata().inputs[name]?.description)
  })

  test('every input arrives at the action', () => {
    const texts = [...Object.values(stepOf('image').with ?? {}), ...Object.values(stepOf('pools').with ?? {})].join('\n')
    const lost = inputs.filter((name) => !NOT_PASSED_ON.includes(name) && !new RegExp(`inputs\\.${name}(?![\\w-])`).test(texts))
    expect(lost).toEqual([])
  })

  test.each(['image', 'pools'])('job %s gives the action only inputs that it has, each under its own name', (job) => {
    const given = Object.entries(stepOf(job).with ?? {})
    expect(given.length).toBeGreaterThan(10)
    expect(given.map(([name]) => name).filter((name) => !inputs.includes(name))).toEqual([])
    const own = given.filter(([name, value]) => !new RegExp(`(?:inputs|outputs|pool)\\.${name}(?![\\w-])`).test(value))
    expect(own).toEqual([])
  })

  test('the pools get the version that the image job made, and nothing that would capture the VM again', () => {
    const { 'image-version': version, ...given } = stepOf('pools').with ?? {}
    expect(version).toMatch(/needs\.image\.outputs\.image-version /)
    expect(Object.keys(given).filter((name) => ['capture', 'prepare-script'].includes(name))).toEqual([])
  })

  test('job outputs are outputs of the action, and free of ids, so that a masked subscription does not drop them', () => {
    const used = Object.values(workflow.jobs.image?.outputs ?? {}).flatMap(
      (value) => /steps\.image\.outputs\.([\w-]+)/.exec(value)?.[1] ?? [],
    )
    expect(used.length).toBeGreaterThan(0)
    expect(used.filter((name) => !outputs.includes(name) || name.endsWith('-id') || name.endsWith('-ids'))).toEqual([])
  })

  test('no job has more permission than it needs', () => {
    expect(workflow.permissions).toEqual({})
    expect(Object.fromEntries(Object.entries(workflow.jobs).map(([name, { permissions }]) => [name, permissions]))).toEqual({
      image: { contents: 'read', 'id-token': 'write' },
      pools: { contents: 'read', 'id-token': 'write' },
      report: {},
    })
  })
})
