import { expect, test } from 'vitest'
import { FLOWS } from './flows.ts'
import { hold } from './matrix.ts'
import { ACTS, actCases, twoRunCases } from './race.ts'
import { record } from './recording.ts'

test.each([FLOWS.create, FLOWS.inPlace])('race: $name', async (flow) => {
  const recording = await record(flow, (azure) => ACTS.filter(({ applies }) => applies(azure)).map(({ name }) => name))
  expect(recording.run.exitCode, recording.run.log).toBe(0)
  await hold('race with a person', flow.name, actCases(recording), 5)
  await hold('race of two runs', flow.name, twoRunCases(recording), 4)
})
