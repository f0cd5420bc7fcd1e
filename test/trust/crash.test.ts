import { expect, test } from 'vitest'
import { crashCases } from './crash.ts'
import { FLOWS } from './flows.ts'
import { hold } from './matrix.ts'
import { record } from './recording.ts'

test.each(Object.values(FLOWS))('crash: $name', async (flow) => {
  const recording = await record(flow)
  expect(recording.run.exitCode, recording.run.log).toBe(0)
  await hold('crash', flow.name, crashCases(recording), 3)
})
