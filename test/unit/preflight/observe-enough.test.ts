import { expect, test } from 'vitest'
import { sourceContent } from '../../../src/image/source.ts'
import type { Observed } from '../../../src/observe/observed.ts'
import { planRun } from '../../../src/plan/plan.ts'
import { isAsRequested } from '../../../src/preflight/observe-enough.ts'
import { LEAST, parse } from '../../fixtures/config-inputs.ts'
import { fleetOf } from '../../fixtures/fleet-of.ts'
import { DEFINITION, GOLDEN_WORLD, goldenVm, osDisk } from '../../fixtures/golden-world.ts'
import { RUN as RUN_CONTEXT } from '../../fixtures/run-context.ts'

const NOW = new Date('2026-11-24T10:00:00Z')
const RUN = { ...RUN_CONTEXT, runAttempt: 1 }
/** The image half alone: nothing to do where a version of the source as it is now is there. */
const INPUTS = { ...LEAST, 'batch-account': '', 'pool-id': '', 'vm-size': '', capture: 'live' }

const world: Observed = { ...GOLDEN_WORLD, vm: { vm: goldenVm, extensions: [], disks: [osDisk] } }

function tags() {
  const config = parse(INPUTS)
  const { image } = planRun({
    config,
    observed: fleetOf(world, config.pool),
    content: sourceContent(config.source, world),
    run: RUN,
    now: NOW,
  })
  if (image.kind !== 'build') throw new Error(`expected to build, not to ${image.kind}`)
  return image.tags
}

const built: Observed = {
  ...world,
  versions: [
    {
      id: `${DEFINITION}/versions/1.0.0`,
      name: '1.0.0',
      location: 'westeurope',
      provisioningState: 'Succeeded',
      targetRegions: [{ name: 'West Europe', replicas: 1 }],
      replication: [],
      sourceIds: [],
      tags: tags(),
    },
  ],
}

const asks = (inputs: Readonly<Record<string, string>>, seen: Observed) => {
  const config = parse({ ...INPUTS, ...inputs })
  return isAsRequested({ config, run: RUN, now: NOW }, fleetOf(seen, config.pool))
}

test('nothing more is read where the version is there', () => {
  expect(asks({}, built)).toBe(true)
})

test.each<[string, Readonly<Record<string, string>>, Observed]>([
  ['a version would be built', {}, world],
  ['it is asked for in any case', { rebuild: 'always' }, built],
  ['old versions are to be deleted', { mode: 'prune', 'retain-versions': '3', 'batch-account': LEAST['batch-account'] ?? '' }, built],
  ['a rule objects', {}, { ...built, vm: { vm: goldenVm, extensions: [{ name: 'x', publisher: 'p', type: 't' }], disks: [] } }],
])('all is read where %s', (_, inputs, seen) => {
  expect(asks(inputs, seen)).toBe(false)
})
