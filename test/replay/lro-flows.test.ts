/** The action's own clients against recorded Azure: they end as the recording ends, and ask only what they were told to ask. */
import type { TokenCredential } from '@azure/core-auth'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createArm } from '../../src/azure/arm.ts'
import { createBatch } from '../../src/azure/batch/batch.ts'
import { createCompute } from '../../src/azure/compute/compute.ts'
import { RequestCounter } from '../../src/azure/request-log.ts'
import { transportOptions } from '../../src/azure/transport.ts'
import { AzureError } from '../../src/errors/azure-error.ts'
import type { ArmId } from '../../src/model/arm-id.ts'
import type { Clock } from '../../src/run/runner.ts'
import { headerOf, type RecordedAzure, startRecordedAzure, targetOf } from './recorded-azure.ts'
import { type Flow, RECORDINGS_ARE_HERE, recordedFlows, sourceOf } from './recordings.ts'

const API_VERSION = '2024-03-02'
const tags = { owner: 'render' }
const osDisk = { caching: 'ReadWrite' as const, source: { kind: 'snapshot' as const, id: '/subscriptions/s/snapshots/os' as ArmId } }
const content = { kind: 'disks' as const, osDisk, dataDisks: [] }
const poolProperties = { vmSize: 'STANDARD_A1' }

interface Shown {
  readonly id: string
  readonly provisioningState?: string
  readonly properties?: { readonly provisioningState?: string }
}

type Clients = ReturnType<typeof clientsOf>
type Play = (clients: Clients, id: ArmId, signal: AbortSignal) => Promise<unknown>

const remove: Play = ({ arm }, id, signal) => arm.delete(id, API_VERSION, signal)

/** What the action calls for an operation of Azure. */
const PLAYS: Readonly<Record<string, Play>> = {
  'PUT microsoft.compute/snapshots/*': async ({ compute }, id, signal) => {
    await compute.createSnapshot(id, { location: 'westus', sourceResourceId: '/subscriptions/s/disks/os', tags }, signal)
    return compute.getSnapshot(id)
  },
  'DELETE microsoft.compute/snapshots/*': ({ compute }, id, signal) => compute.deleteSnapshot(id, signal),
  'PUT microsoft.compute/disks/*': ({ arm }, id, signal) => arm.put({ id, apiVersion: API_VERSION, body: { location: 'westus' } }, signal),
  'DELETE microsoft.compute/disks/*': remove,
  'PUT microsoft.compute/images/*': async ({ compute }, id, signal) => {
    await compute.createImage({ id, location: 'westus', hyperVGeneration: 'V1', osType: 'Linux', content, tags }, signal)
    return compute.getImage(id)
  },
  'DELETE microsoft.compute/images/*': ({ compute }, id, signal) => compute.deleteImage(id, signal),
  'PUT microsoft.compute/galleries/*': async ({ compute }, id, signal) => {
    await compute.createGallery({ id, location: 'westus', tags }, signal)
    return compute.getGallery(id)
  },
  'DELETE microsoft.compute/galleries/*': remove,
  'PUT microsoft.compute/galleries/*/images/*': async ({ compute }, id, signal) => {
    await compute.createImageDefinition(
      id,
      {
        id,
        location: 'westus',
        osType: 'Linux',
        osState: 'Generalized',
        hyperVGeneration: 'V1',
        architecture: 'x64',
        identifier: { publisher: 'p', offer: 'o', sku: 's' },
        features: {},
        tags,
      },
      signal,
    )
    return compute.getImageDefinition(id)
  },
  'DELETE microsoft.compute/galleries/*/images/*': remove,
  'PUT microsoft.compute/galleries/*/images/*/versions/*': async ({ compute }, id, signal) => {
    const operation = await compute.createImageVersion(
      { id, location: 'westus', content, targetRegions: [], replicationMode: 'Full', tags },
      signal,
    )
    while ((await operation.poll()) !== 'Succeeded');
    return compute.getImageVersion(id)
  },
  'DELETE microsoft.compute/galleries/*/images/*/versions/*': ({ compute }, id, signal) => compute.deleteImageVersion(id, signal),
  'POST microsoft.compute/virtualmachines/*/deallocate': ({ compute }, id, signal) => compute.deallocateVm(id, signal),
  'PUT microsoft.batch/batchaccounts/*/pools/*': ({ batch }, id) => batch.createPool(id, poolProperties),
  'PATCH microsoft.batch/batchaccounts/*/pools/*': ({ batch }, id) => batch.updatePool({ id, etag: '*' }, poolProperties),
  'POST microsoft.batch/batchaccounts/*/pools/*/stopresize': ({ batch }, id) => batch.stopResize(id),
  'DELETE microsoft.batch/batchaccounts/*/pools/*': ({ batch }, id, signal) => batch.deletePool(id, signal),
}

/** Time that passes only while someone waits. */
function waitlessClock(): Clock & { readonly waits: number[] } {
  let nowMs = Date.parse('2026-01-01')
  const waits: number[] = []
  return {
    waits,
    now: () => new Date(nowMs),
    sleep: async (ms) => {
      waits.push(ms)
      nowMs += ms
    },
  }
}

const token: TokenCredential = { getToken: async () => ({ token: 'replay', expiresOnTimestamp: Date.now() + 3_600_000 }) }

function clientsOf(url: string) {
  const cloud = {
    resourceManagerUrl: url,
    resourceManagerScope: `${url}/.default`,
    batchScope: 'https://batch.core.windows.net/.default',
    authorityHost: url,
    isKnownAuthority: false,
    assertionAudience: '',
    portalUrl: '',
  }
  const clock = waitlessClock()
  const options = transportOptions({
    log: { debug: () => {} },
    counter: new RequestCounter(),
    userAgentPrefix: 'replay',
    run: { signal: new AbortController().signal, deadlineMs: Number.POSITIVE_INFINITY },
    proxyFor: () => undefined,
  })
  const transport = { ...options, retryOptions: { ...options.retryOptions, retryDelayInMs: 1, maxRetryDelayInMs: 1 } }
  const connection = { credential: token, cloud, transport, clock }
  return { clock, arm: createArm(connection), batch: createBatch(connection), compute: createCompute(connection) }
}

const json = (text: string | undefined) => (text ? JSON.parse(text) : undefined)

/** Everything in which the client's end differs from the recording's; empty where nothing does. */
async function differences(azure: RecordedAzure, flow: Flow, play: Play): Promise<readonly string[]> {
  const { start, polls, final } = flow
  const id = targetOf(start.url)
    .replace(/\?.*$/, '')
    .replace(/\/(?:deallocate|stopResize)$/i, '') as ArmId
  const clients = clientsOf(azure.url)
  const played = azure.play(flow)
  const found: string[] = []
  const same = (what: string, ours: unknown, theirs: unknown) => {
    if (ours !== theirs) found.push(`${sourceOf(start)}: ${what}: ${JSON.stringify(ours)} instead of ${JSON.stringify(theirs)}`)
  }
  const failure = polls
    .map(({ resBody }) => json(resBody)?.error)
    .find((error) => error !== undefined && error.code !== 'MultipleErrorsOccurred')
  try {
    const shown = (await play(clients, id, AbortSignal.timeout(60_000))) as Shown | undefined
    same('succeeded', true, failure === undefined)
    if (shown) {
      const recorded = json((final ?? start).resBody)
      same('id', shown.id, recorded.id ?? json(final?.resBody)?.id)
      same(
        'provisioningState',
        shown.provisioningState ?? shown.properties?.provisioningState ?? recorded.properties.provisioningState,
        recorded.properties.provisioningState,
      )
    }
  } catch (error) {
    if (!(error instanceof AzureError)) throw error
    same('code', error.code, failure?.code)
    same('message', error.message, failure?.message)
  }
  for (const request of played.unrecorded) found.push(`${sourceOf(start)}: asked what was not recorded: ${request}`)
  const operation = headerOf(start, 'azure-asyncoperation') ?? headerOf(start, 'location')
  if (operation && polls.length > 0) {
    const asked = played.requests.filter((request) => request === `GET ${targetOf(operation)}`).length
    const answers = polls.filter(({ url }) => targetOf(url) === targetOf(operation))
    // Some recordings hold each answer twice; the first end is the end.
    const end = answers.findIndex(
      ({ status, resBody }) => /"status":\s*"(?:Succeeded|Failed)"/.test(resBody) || (status === 200 && !resBody),
    )
    same('polls of the URL given', asked, end + 1)
  }
  const retryAfterS = Number(headerOf(start, 'retry-after') ?? 0)
  const firstWait = clients.clock.waits[0]
  if (retryAfterS > 0 && firstWait !== undefined && firstWait < retryAfterS * 1_000)
    found.push(`${sourceOf(start)}: waited ${firstWait} ms although Azure asked for ${retryAfterS} s`)
  return found
}

describe.skipIf(!RECORDINGS_ARE_HERE)('recorded Azure, replayed', () => {
  const flows = recordedFlows()
  const keyOf = ({ type, start }: Flow) => `${start.method} ${type}`
  /** Recordings whose own client did not follow the operation: there is nothing that it could be followed to. */
  const isBrokenOff = ({ start, polls }: Flow) => headerOf(start, 'azure-asyncoperation') !== undefined && polls.length === 0
  let azure: RecordedAzure

  beforeAll(async () => {
    azure = await startRecordedAzure()
  })
  afterAll(() => azure.close())

  test.each(Object.entries(PLAYS))('%s', async (key, play) => {
    const ours = flows.filter((flow) => keyOf(flow) === key && !isBrokenOff(flow))
    expect(ours.length).toBeGreaterThan(0)
    const found: string[] = []
    for (const flow of ours) found.push(...(await differences(azure, flow, play)))
    expect(found).toEqual([])
  })

  test('what is recorded and not replayed is what the action does not do', () => {
    const others = new Set(flows.map(keyOf).filter((key) => !(key in PLAYS)))
    expect([...others].sort()).toEqual([
      'DELETE microsoft.batch/batchaccounts/*',
      'PATCH microsoft.batch/batchaccounts/*',
      'PATCH microsoft.compute/disks/*',
      'PATCH microsoft.compute/galleries/*',
      'PATCH microsoft.compute/galleries/*/images/*',
      'PATCH microsoft.compute/galleries/*/images/*/versions/*',
      'PATCH microsoft.compute/images/*',
      'PATCH microsoft.compute/snapshots/*',
      'POST microsoft.compute/virtualmachines/*/generalize',
      'PUT microsoft.batch/batchaccounts/*',
    ])
    expect(flows.filter(isBrokenOff)).toHaveLength(6)
  })
})
