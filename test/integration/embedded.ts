/** The committed bundle on the embedded Azure, started as the runner starts it; what tests of whole runs share. */
import { afterEach, expect, test } from 'vitest'
import { openApiViolations, SPECS_ARE_HERE, unrecordedSequences } from '../azure/conformance.ts'
import { type ActionRun, type RunOptions, runAction } from '../azure/run-action.ts'
import { loadScenario, type Scenario } from '../azure/scenario.ts'
import { type EmbeddedAzure, type Exchange, startAzure } from '../azure/server.ts'

/** An hour of Azure in seven seconds. Limits of the action are as long as may be: what a busy machine loses must not count. */
const SPEED = 500
const PATIENCE = { timeout: '350m', 'node-start-timeout': '300m' }
const open: EmbeddedAzure[] = []
const exchanges: (readonly Exchange[])[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((azure) => azure.close()))
})

export async function azureOf(scenario: Scenario, speed = SPEED): Promise<EmbeddedAzure> {
  const azure = await startAzure(scenario, speed)
  open.push(azure)
  exchanges.push(azure.exchanges)
  return azure
}

export interface Ran extends ActionRun {
  readonly azure: EmbeddedAzure
}

/** One run on a world of its own: the scenario's, with inputs and parts of the scenario changed. */
export async function run(
  name: string,
  inputs: Readonly<Record<string, string>> = {},
  changes: Partial<Scenario> = {},
  prepare: (azure: EmbeddedAzure) => void = () => {},
): Promise<Ran> {
  const scenario = { ...loadScenario(name), ...changes }
  const azure = await azureOf(scenario)
  prepare(azure)
  return again(azure, { ...scenario.inputs, ...inputs })
}

/** Another run on the same world. */
export async function again(
  azure: EmbeddedAzure,
  inputs: Readonly<Record<string, string>>,
  options: Partial<RunOptions> = {},
): Promise<Ran> {
  return { ...(await runAction({ azure, inputs: { ...PATIENCE, ...inputs }, ...options })), azure }
}

/** Requests that could change something in Azure. */
export const writes = ({ exchanges: all }: EmbeddedAzure): readonly Exchange[] =>
  all.filter(({ plane, liveRequest }) => (plane === 'arm' || plane === 'batch') && !['GET', 'HEAD'].includes(liveRequest.method))

export const requestsTo = ({ exchanges: all }: EmbeddedAzure, method: string, url: RegExp): readonly Exchange[] =>
  all.filter(({ liveRequest }) => liveRequest.method === method && url.test(liveRequest.url))

export const resizes = (azure: EmbeddedAzure): readonly Exchange[] => requestsTo(azure, 'POST', /\/resize\?/)
// biome-ignore lint/suspicious/noExplicitAny: a report as its readers parse it
export const reportOf = async ({ report }: ActionRun): Promise<any> => JSON.parse(report)
export const annotations = ({ log }: ActionRun): readonly string[] => log.split('\n').filter((line) => line.startsWith('::error'))
/** Names of what there is of a type, e.g. `snapshots`. */
export const namesOf = ({ world }: EmbeddedAzure, type: string): readonly string[] =>
  world
    .all()
    .filter((resource) => resource.type.toLowerCase() === `microsoft.compute/${type}`.toLowerCase())
    .map(({ name }) => name)

/** To be called last in a file: everything its runs sent and got, against Microsoft's documents and recordings. */
export function testConformance(): void {
  test.skipIf(!SPECS_ARE_HERE)('every request and answer of these runs fits the OpenAPI documents of Azure', async () => {
    expect(await openApiViolations(exchanges.flat())).toEqual([])
  })
  test.skipIf(!SPECS_ARE_HERE)('every long operation of these runs went as one that was recorded', async () => {
    expect(await unrecordedSequences(exchanges)).toEqual([])
  })
}
