/** A plan that somebody approved is carried out, or nothing is. */
import { expect, test } from 'vitest'
import { loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import { again, annotations, azureOf, reportOf, testConformance, writes } from '../fixtures/whole-runs.ts'

const { inputs } = loadScenario('happy')

test('the approved plan is carried out', async () => {
  const azure = await azureOf(loadScenario('happy'))
  const approved = await again(azure, { ...inputs, mode: 'plan' })
  expect(approved.outputs['plan-id']).toMatch(/^image=\w+,renderbatch\/render=[\w.]+$/)
  const ran = await again(azure, { ...inputs, 'plan-id': approved.outputs['plan-id'] ?? '' })
  expect(ran.outputs).toMatchObject({ result: 'succeeded', 'plan-id': approved.outputs['plan-id'] })
})

test('another plan is refused before the first write, and the difference is shown', async () => {
  const azure = await azureOf(loadScenario('happy'))
  const approved = await again(azure, { ...inputs, mode: 'plan' })
  const ran = await again(azure, { ...inputs, 'target-dedicated-nodes': '20', 'plan-id': approved.outputs['plan-id'] ?? '' })
  expect(ran.exitCode).toBe(1)
  expect(writes(azure)).toEqual([])
  expect(annotations(ran)).toHaveLength(1)
  expect(annotations(ran)[0]).toContain(
    'renderbatch/render: the size changed since the approval. This run would: create it (20 dedicated nodes)',
  )
  expect(ran.summary).toContain('Nothing in Azure was changed')
  expect(ran.summary).toContain('20 dedicated nodes')
  expect((await reportOf(ran)).planId).toBe(ran.outputs['plan-id'])
})

testConformance()
