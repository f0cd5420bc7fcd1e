/** Two workflow runs at once on one image: neither overwrites nor breaks what the other makes. */
import { expect, test } from 'vitest'
import { loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import { again, annotations, azureOf, IMAGE_HALF, namesOf, type Ran, testConformance } from '../fixtures/whole-runs.ts'

const scenario = loadScenario('happy')
const RUNNING = ['ProvisioningState/succeeded', 'PowerState/running']
const OTHER_RUN = { env: { GITHUB_RUN_ID: '4712' } }

const CAPTURES = [
  { what: 'a stopped VM', capture: 'live', statuses: scenario.vm.statuses },
  { what: 'a running VM', capture: 'live', statuses: RUNNING },
  { what: 'a VM that is stopped for it', capture: 'deallocate', statuses: RUNNING },
  { what: 'a copy of a running VM', capture: 'copy', statuses: RUNNING },
]
const MOMENTS = [
  { moment: 'both begin at once', at: /^POST .*\/oauth2\// },
  { moment: 'the first takes its snapshots', at: /^GET .*\/(?:operations|DiskOperations)\// },
  { moment: 'the first publishes', at: /^PUT .*\/versions\// },
]
const CASES = CAPTURES.flatMap((capture) => MOMENTS.map((moment) => ({ ...capture, ...moment })))

test.each(CASES)('$what: $moment', async ({ capture, statuses, moment, at }) => {
  const azure = await azureOf({ ...scenario, vm: { ...scenario.vm, statuses } })
  const inputs = { ...scenario.inputs, ...IMAGE_HALF, capture }
  let other: Promise<Ran> | undefined
  azure.intervene = ({ method, url }) => {
    if (at.test(`${method} ${url}`)) other ??= again(azure, inputs, OTHER_RUN)
    return undefined
  }
  const first = await again(azure, inputs)
  if (!other) throw new Error('the other run did not begin')
  const runs = [first, await other]
  const green = runs.filter(({ exitCode }) => exitCode === 0)
  // Whoever sees nothing of the other run may take its version; of copies only one can have it.
  const errors = runs.flatMap(annotations).filter((line) => !/^::error title=Version made by someone else::/.test(line))
  expect(errors).toEqual([])
  expect(green.length).toBeGreaterThanOrEqual(capture === 'copy' && moment === 'both begin at once' ? 1 : 2)
  const made = new Set(green.map(({ outputs }) => outputs['image-version']))
  expect([...namesOf(azure, 'galleries/images/versions')].sort()).toEqual([...made].sort())
  // What runs changes: an image of minutes ago is not what the second run was asked for.
  if (capture !== 'deallocate' && statuses === RUNNING && moment === 'the first publishes') expect(made.size).toBe(2)
  expect(azure.world.all().find(({ name, type }) => name === 'golden' && /virtualMachines$/.test(type))?.properties.statuses).toEqual(
    statuses,
  )
  expect(namesOf(azure, 'snapshots')).toEqual([])
  expect(azure.world.all().filter(({ tags }) => tags?.['image-pool-temporary'] !== undefined)).toEqual([])
})

testConformance()
