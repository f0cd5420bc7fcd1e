import { expect, test } from 'vitest'
import { cancelCases, probeResizes } from './cancel.ts'
import { FLOWS } from './flows.ts'
import { hold } from './matrix.ts'
import { record } from './recording.ts'

test.each(Object.values(FLOWS))('cancel: $name', async (flow) => {
  const recording = await record(flow, probeResizes)
  expect(recording.run.exitCode, recording.run.log).toBe(0)
  await hold('cancel', flow.name, cancelCases(recording), 2)
})
