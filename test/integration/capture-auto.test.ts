/** What becomes of a VM by default, and of an image whose system nobody has generalized: what is true inside decides, not ARM's flag. */
import { describe, expect, test } from 'vitest'
import { loadScenario, type ScenarioVm } from '../embedded-azure/scenarios/scenario.ts'
import { again, annotations, namesOf, requestsTo, run, testConformance } from '../fixtures/whole-runs.ts'

const { vm } = loadScenario('happy')
const RUNNING = ['ProvisioningState/succeeded', 'PowerState/running']
const WINDOWS: Partial<ScenarioVm> = {
  os: 'Windows',
  image: { publisher: 'MicrosoftWindowsServer', offer: 'WindowsServer', sku: '2022-datacenter', version: 'latest' },
}
const OLD_LINUX: Partial<ScenarioVm> = { system: { hasCloudInit: false } }
const running = (changes: Partial<ScenarioVm> = {}) => ({ vm: { ...vm, statuses: RUNNING, ...changes } })
const isCopied = /virtualMachines\/golden-.*-copy-\d+-\w+\/runCommand/

describe('by default', () => {
  test.each([
    ['Linux', {}],
    ['Windows', WINDOWS],
    ['Linux without cloud-init', OLD_LINUX],
  ])('%s that nobody has generalized is copied, generalized there, and its nodes start', async (_, changes) => {
    const ran = await run('happy', { capture: '' }, running(changes))
    expect(annotations(ran)).toEqual([])
    expect(ran.outputs).toMatchObject({ result: 'succeeded', 'current-dedicated-nodes': '10' })
    expect(requestsTo(ran.azure, 'POST', isCopied)).toHaveLength(1)
    const said = /`capture: auto` chose `copy`: golden is not marked as generalized/
    expect(ran.log).toMatch(said)
    expect(ran.summary.replaceAll('&#58;', ':')).toMatch(said)
    expect(ran.outputs.plan).toMatch(said)
  })

  test('a VM that is marked as generalized is the image itself', async () => {
    const ran = await run('happy', { capture: '' })
    expect(annotations(ran)).toEqual([])
    expect(requestsTo(ran.azure, 'PUT', /snapshots/)).toEqual([])
    expect(ran.log).toMatch(/`capture: auto` chose `generalized`/)
    expect(namesOf(ran.azure, 'galleries/images/versions')).toHaveLength(1)
  })

  test('a stopped VM that was copied before is unchanged', async () => {
    const stopped = { vm: { ...vm, statuses: ['ProvisioningState/succeeded', 'PowerState/deallocated'] } }
    const first = await run('happy', { capture: '' }, stopped)
    const second = await again(first.azure, { ...loadScenario('happy').inputs, capture: 'copy' })
    expect([first.outputs.result, second.outputs.result]).toEqual(['succeeded', 'unchanged'])
  })

  test('prepare-script for a VM that can never start again is refused before the first write', async () => {
    const ran = await run('happy', { capture: '', 'prepare-script': 'true' })
    expect(annotations(ran)[0]).toMatch(/never starts again/)
    expect(requestsTo(ran.azure, 'PUT', /./)).toEqual([])
  })
})

test.each([
  ['Windows without sysprep', WINDOWS],
  ['Linux that nothing provisions', OLD_LINUX],
])('%s, captured as it stands: red, and the advice names generalization', async (_, changes) => {
  const ran = await run('happy', { capture: 'live', 'node-start-timeout': '5m', 'max-resizes': '1' }, running(changes))
  expect(ran.outputs.result).not.toBe('succeeded')
  expect(annotations(ran)[0]).toMatch(/not generalized[:;] this run took that on trust/)
})

test('Linux with cloud-init starts, whatever was left inside', async () => {
  expect((await run('happy', { capture: 'live' }, running())).outputs.result).toBe('succeeded')
})

testConformance()
