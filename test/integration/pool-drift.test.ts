/** `mode: plan` on a schedule: what has drifted, and which image each pool of the account is on. */
import { expect, test } from 'vitest'
import { loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import { again, annotations, azureOf, type Ran, testConformance, writes } from '../fixtures/whole-runs.ts'

const scenario = loadScenario('happy')
const FIRST = { ...scenario.inputs, 'image-version': '1.0.0' }
const SPEC = `
vmSize: Standard_D4s_v5
startTask:
  commandLine: /opt/mount-data-disks
  environmentSettings: [{ name: ROLE, value: Render }]
metadata: [{ name: team, value: Render }, { name: cost, value: "42" }]
userAccounts: [{ name: farm, password: "s3cret-Passw0rd", elevationLevel: Admin }]
scaleSettings: { fixedScale: { targetDedicatedNodes: 10, resizeTimeout: PT30M, nodeDeallocationOption: Requeue } }`
const INPUTS = { ...FIRST, 'pool-spec': SPEC, 'vm-size': '', 'target-dedicated-nodes': '', 'resize-timeout': '' }

const changesOf = ({ outputs }: Ran): readonly string[] =>
  (JSON.parse(outputs.plan ?? '[]') as { verb: string; type: string }[]).map(({ verb, type }) => `${verb} ${type}`)
/** Rows of the summary's tables, without the places where a word may be broken. */
const rowsOf = ({ summary }: Ran, name: string): readonly string[] =>
  summary
    .replaceAll('<wbr>', '')
    .split('\n')
    .filter((line) => line.startsWith(`| ${name} |`))
const HEADING = /Other pools of the account \(1\).*/

test('nothing drifted: no changes, whatever Batch made of the spec; then each kind of drift is seen, and nothing is written', async () => {
  const azure = await azureOf(scenario)
  expect(annotations(await again(azure, INPUTS))).toEqual([])
  const { properties } = azure.pools.get('render')
  const preview = azure.pools.add('preview', structuredClone(properties))
  const before = writes(azure).length
  const plan = async (inputs: Readonly<Record<string, string>> = {}) => again(azure, { ...INPUTS, mode: 'plan', ...inputs })

  const same = await plan()
  expect(same.outputs).toMatchObject({ result: 'planned', 'has-changes': 'false', plan: '[]' })
  expect(same.summary.match(HEADING)?.[0]).toBe('Other pools of the account (1)</summary>')
  expect(rowsOf(same, '`preview`')).toEqual([expect.stringMatching(/golden\/1\.0\.0<.* 10 \|$/)])

  const sized = await plan({ 'target-dedicated-nodes': '12' })
  expect(sized.outputs['has-changes']).toBe('true')
  expect(changesOf(sized)).toEqual(['resize pool'])

  const respecified = await plan({ 'pool-spec': SPEC.replace('value: Render }]', 'value: render }]') })
  expect(changesOf(respecified)).toEqual(['update pool'])

  for (const pool of [properties, preview.properties]) {
    const { imageReference } = pool.deploymentConfiguration.virtualMachineConfiguration
    imageReference.id = imageReference.id.replace('1.0.0', '0.9.0')
  }
  const behind = await plan()
  expect(behind.outputs['has-changes']).toBe('true')
  expect(changesOf(behind)).toEqual(['create pool', 'reimage pool'])
  expect(rowsOf(behind, 'Image')).toEqual([expect.stringMatching(/golden\/1\.0\.0<.*golden\/0\.9\.0</)])
  expect(behind.summary.match(HEADING)?.[0]).toContain('1 on an older image')
  expect(rowsOf(behind, '`preview`')).toEqual([expect.stringMatching(/golden\/0\.9\.0<.*\*\*behind\*\*/)])
  expect(writes(azure)).toHaveLength(before)
})

test('an unchanged run that had to replace a broken node does not say that nothing was done', async () => {
  const azure = await azureOf({ ...scenario, nodes: [{ index: 3, state: 'unusable' }] })
  await again(azure, { ...INPUTS, wait: 'steady' })
  const ran = await again(azure, INPUTS)
  expect(annotations(ran)).toEqual([])
  expect(ran.outputs).toMatchObject({ result: 'succeeded', 'pool-action': 'resized', changed: 'true', 'current-dedicated-nodes': '10' })
})

test('several pools that fail are one annotation, and each is named', async () => {
  const spec = `
- { id: one, vmSize: Standard_D4s_v5, scaleSettings: { fixedScale: { targetDedicatedNodes: 3 } } }
- { id: two, vmSize: Standard_D4s_v5, scaleSettings: { fixedScale: { targetDedicatedNodes: 4 } } }`
  const azure = await azureOf({ ...scenario, resizes: [{ gain: 1, error: { code: 'UnsupportedVMSize', message: 'not here' } }] })
  const ran = await again(azure, { ...INPUTS, 'pool-spec': spec, 'pool-id': '' })
  expect(ran.exitCode).toBe(1)
  expect(annotations(ran)).toHaveLength(1)
  expect(annotations(ran)[0]).toMatch(/2 of 2 pools failed/)
  expect(annotations(ran)[0]).toMatch(/one: .*1 of 3.*two: .*1 of 4/)
})

testConformance()
