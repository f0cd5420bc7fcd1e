/** What the reusable workflow runs is the action itself, at the workflow's own commit, with all that the action takes. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { metadata, REUSABLE_WORKFLOW, ROOT, read, selfAction, withWorkflowParts } from '../tools/generated.ts'

const SELF = '.github/actions/self/action.yml'

interface Step {
  readonly id?: string
  readonly uses?: string
  readonly env?: Readonly<Record<string, string>>
  readonly with?: Readonly<Record<string, string>>
}

interface Job {
  readonly steps: readonly Step[]
  readonly outputs: Readonly<Record<string, string>>
  readonly permissions: object
  readonly environment?: string
  readonly env: Readonly<Record<string, string>>
  readonly concurrency?: { readonly group: string; readonly 'cancel-in-progress': boolean }
}

interface Workflow {
  readonly on: {
    readonly workflow_call: {
      readonly inputs: Readonly<Record<string, { readonly description: string }>>
      readonly secrets: Readonly<Record<string, { readonly required?: boolean }>>
      readonly outputs: Readonly<Record<string, { readonly value: string }>>
    }
  }
  readonly permissions: object
  readonly jobs: Readonly<Record<'plan' | 'refresh', Job>>
}

const page = read(REUSABLE_WORKFLOW)
const workflow = parse(page) as Workflow
const { plan, refresh } = workflow.jobs
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
  const { inputs: callInputs, outputs: callOutputs, secrets } = workflow.on.workflow_call
  const OWN = ['github-environment', 'plan-first', 'runs-on', 'timeout-minutes']
  const actionSteps = (job: Job): readonly Step[] => job.steps.filter(({ uses }) => uses === '$/.github/actions/self')

  test('is as `npm run docs` makes it, in fewer than 200 lines', () => {
    expect(page).toBe(withWorkflowParts(page))
    expect(page.trimEnd().split('\n').length).toBeLessThan(200)
  })

  test('every input of the action is one of the workflow, in the same words; a token is a secret', () => {
    const mirrored = inputs.filter((name) => name !== 'github-token')
    expect(Object.keys(callInputs).sort()).toEqual([...mirrored, ...OWN].sort())
    for (const name of mirrored) expect(callInputs[name]?.description).toBe(metadata().inputs[name]?.description)
    expect(Object.keys(secrets)).toEqual(['client-secret', 'github-token'])
    for (const secret of Object.values(secrets)) expect(secret.required).not.toBe(true)
  })

  test('every output of the action is one of the workflow: of the refresh, or of the plan where nothing was to be refreshed', () => {
    expect(Object.keys(callOutputs)).toEqual(outputs)
    for (const name of outputs) {
      expect(refresh.outputs[name]).toBe(`\${{ steps.refresh.outputs.${name} }}`)
      expect(callOutputs[name]?.value).toBe(`\${{ jobs.refresh.outputs.${name} || jobs.plan.outputs.${name} }}`)
    }
  })

  test('each job runs the action once, with every input unchanged', () => {
    for (const job of [plan, refresh]) {
      const [step, ...others] = actionSteps(job)
      expect(others).toEqual([])
      expect(Object.keys(step?.with ?? {})).toEqual(inputs)
      const unchanged = Object.entries(step?.with ?? {}).filter(([name, value]) => value !== `\${{ inputs.${name} }}`)
      expect(Object.fromEntries(unchanged)).toEqual({
        mode: `\${{ env.REFRESH_MODE }}`,
        'plan-id': `\${{ env.REFRESH_PLAN_ID }}`,
        'github-token': `\${{ secrets.github-token || github.token }}`,
      })
    }
    expect(refresh.env).toEqual({
      REFRESH_MODE: `\${{ inputs.mode }}`,
      REFRESH_PLAN_ID: `\${{ needs.plan.outputs.plan-id || inputs.plan-id }}`,
    })
    expect(plan.env).toEqual({ REFRESH_MODE: 'plan', REFRESH_PLAN_ID: '' })
  })

  test('only the job that writes is behind the environment, and in a queue that is never the name of a calling job', () => {
    expect(plan.environment).toBeUndefined()
    expect(plan.concurrency).toBeUndefined()
    expect(refresh.environment).toBe(`\${{ inputs.github-environment }}`)
    expect(refresh.concurrency).toMatchObject({
      group: expect.stringMatching(/^azure-batch-image-pool\/refresh-pool /),
      'cancel-in-progress': false,
    })
  })

  test('no job has more permission than it needs', () => {
    expect(workflow.permissions).toEqual({})
    expect(plan.permissions).toEqual({ contents: 'read', 'id-token': 'write' })
    expect(refresh.permissions).toEqual(plan.permissions)
  })
})
