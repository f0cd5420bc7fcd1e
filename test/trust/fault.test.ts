import { expect, test } from 'vitest'
import { faultCases, lastingCases } from './fault.ts'
import { FLOWS } from './flows.ts'
import { hold } from './matrix.ts'
import { record } from './recording.ts'

const triedForEver = new Set<string>()

test.each(Object.values(FLOWS))('fault: $name', async (flow) => {
  const recording = await record(flow)
  expect(recording.run.exitCode, recording.run.log).toBe(0)
  await hold('fault once', flow.name, faultCases(recording), 2)
  await hold('fault lasting', flow.name, lastingCases(recording, triedForEver), 2)
})
