/** Every documented code of a resize: one that cannot help itself is asked once; any other is asked again. */
import { classifyResizeError } from '../../src/errors/resize-errors.ts'
import { RESIZE_CODES } from '../tools/generated.ts'
import { runAction } from '../tools/run-action.ts'
import { errorsOf } from './fault.ts'
import { FLOWS } from './flows.ts'
import type { Case } from './matrix.ts'
import { startWorld } from './recording.ts'

export const codeCases = (entry?: string): readonly Case[] => RESIZE_CODES.map((code) => ({ name: code, run: () => fails(code, entry) }))

/** The first resize ends so, the next one brings all nodes. */
async function fails(code: string, entry: string | undefined): Promise<readonly string[]> {
  const { create } = FLOWS
  const resizes = [{ gain: 0, error: { code, message: `Planted: ${code}` } }, { gain: 100 }]
  const azure = await startWorld({ ...create, scenario: { ...create.scenario, resizes } })
  try {
    const run = await runAction({ azure, inputs: create.inputs, ...(entry && { entry }) })
    const asked = azure.exchanges.filter(({ liveRequest: { method, url } }) => method === 'POST' && /\/resize\?/.test(url)).length
    if (classifyResizeError({ code, message: '', details: [] }).class !== 'fatal') {
      return run.exitCode === 0 ? [] : [`ended with ${run.exitCode}: ${errorsOf(run.log)}`]
    }
    const problems = asked === 0 ? [] : [`asked ${asked} times more`]
    if (run.exitCode === 0) problems.push('green')
    if (!errorsOf(run.log).includes(code)) problems.push(`the error does not name it: ${errorsOf(run.log)}`)
    return problems
  } finally {
    await azure.close()
  }
}
