/** `mode: prune`: what this action has left half-made goes after a day; what is young, complete or somebody else's stays. */
import { expect, test } from 'vitest'
import { GROUP_ID } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { runAction } from '../tools/run-action.ts'
import { FLOWS } from './flows.ts'
import { type Case, hold } from './matrix.ts'
import { startWorld } from './recording.ts'

const DAY_MS = 24 * 3_600_000
const OWN = {
  'image-pool-tool': 'azure-batch-image-pool',
  'image-pool-image': 'golden',
  'image-pool-target': `${GROUP_ID}/providers/Microsoft.Compute/galleries/images/images/golden`,
}
const TEMPORARY = { ...OWN, 'image-pool-version': '0.9.0', 'image-pool-temporary': 'golden' }

interface Left {
  readonly name: string
  /** Below the resource group. */
  readonly path: string
  readonly tags: Readonly<Record<string, string>>
  readonly state?: 'Failed' | 'Succeeded'
  /** By which runs; default: those that make gallery versions. */
  readonly by?: 'managed'
}

/** As runs leave it that die in the middle. */
const LEFT: readonly Left[] = [
  { name: 'snapshot without image', path: 'Microsoft.Compute/snapshots/golden-0.8.0-os', tags: { ...OWN, 'image-pool-version': '0.8.0' } },
  {
    name: 'failed version',
    path: 'Microsoft.Compute/galleries/images/images/golden/versions/0.7.0',
    tags: { ...OWN, 'image-pool-version': '0.7.0' },
    state: 'Failed',
  },
  {
    name: 'failed managed image',
    path: 'Microsoft.Compute/images/golden-0.7.0',
    tags: { ...OWN, 'image-pool-version': '0.7.0' },
    state: 'Failed',
    by: 'managed',
  },
  { name: 'disk of a copy', path: 'Microsoft.Compute/disks/golden-0.9.0-copy-os', tags: TEMPORARY },
  { name: 'snapshot of a copy', path: 'Microsoft.Compute/snapshots/golden-0.9.0-copy-os', tags: TEMPORARY },
  { name: 'network interface of a copy', path: 'Microsoft.Network/networkInterfaces/golden-0.9.0-copy-nic', tags: TEMPORARY },
  { name: 'network of a copy', path: 'Microsoft.Network/virtualNetworks/golden-0.9.0-copy-net', tags: TEMPORARY },
]

const AGES = [
  { name: 'two days old', ms: 2 * DAY_MS, isOwn: true, goes: true },
  { name: 'an hour old', ms: 3_600_000, isOwn: true, goes: false },
  { name: "two days old, somebody else's", ms: 2 * DAY_MS, isOwn: false, goes: false },
] as const

function put({ world, clock }: EmbeddedAzure, { path, tags, state = 'Succeeded' }: Left, age: (typeof AGES)[number]): string {
  const [provider = '', ...names] = path.split('/')
  const id = `${GROUP_ID}/providers/${path}`
  const time = new Date(clock.now().getTime() - age.ms).toISOString()
  world.put({
    id,
    name: names.at(-1) ?? '',
    type: [provider, ...names.filter((_, index) => index % 2 === 0)].join('/'),
    location: 'westeurope',
    ...(age.isOwn && { tags: { ...tags } }),
    createdTime: time,
    properties: {
      provisioningState: state,
      timeCreated: time,
      diskSizeGB: 30,
      publishingProfile: { publishedDate: time, targetRegions: [] },
    },
  })
  return id
}

const cases: readonly Case[] = LEFT.flatMap((left) =>
  AGES.map((age) => ({
    name: `${left.name}, ${age.name}`,
    run: async () => {
      const flow = FLOWS[left.by ?? 'create']
      const azure = await startWorld(flow)
      try {
        const made = await runAction({ azure, inputs: { ...flow.inputs, ...(flow.inputs['batch-account'] && { wait: 'none' }) } })
        const id = put(azure, left, age)
        const inputs = { ...flow.inputs, 'batch-account': flow.scenario.account.name, vm: '', mode: 'prune' }
        const run = await runAction({ azure, inputs })
        const problems = [made, run].flatMap(({ exitCode, log }) => (exitCode === 0 ? [] : [`ended with ${exitCode}: ${log.slice(-500)}`]))
        if ((azure.world.get(id) === undefined) !== age.goes) problems.push(age.goes ? 'it is still there' : 'it is gone')
        return problems
      } finally {
        await azure.close()
      }
    },
  })),
)

test('a pool that was to take over and never did is reported, and stays', async () => {
  const azure = await startWorld(FLOWS.inPlace)
  try {
    const made = await runAction({ azure, inputs: { ...FLOWS.inPlace.inputs, wait: 'none' } })
    expect(made.exitCode, made.log).toBe(0)
    const time = new Date(azure.clock.now().getTime() - 2 * DAY_MS).toISOString()
    const times = { creationTime: time, lastModified: time, allocationStateTransitionTime: time }
    const { properties } = azure.pools.get('render')
    const earlier = new Date(azure.clock.now().getTime() - 9 * DAY_MS).toISOString()
    properties.creationTime = earlier
    const green = azure.pools.add('render-0-9-0', {
      ...structuredClone(properties),
      ...times,
      resizeOperationStatus: { ...properties.resizeOperationStatus, startTime: time },
      metadata: [{ name: 'image-pool-successor-of', value: 'render' }],
    })
    const run = await runAction({ azure, inputs: { ...FLOWS.inPlace.inputs, vm: '', mode: 'prune' } })
    expect(run.exitCode, run.log).toBe(0)
    expect(run.log).toContain('Pool render-0-9-0 was to take over from pool render')
    expect(azure.pools.find(green.name)).toBeDefined()
  } finally {
    await azure.close()
  }
})

test('sweeper', async () => {
  expect(cases.length).toBe(LEFT.length * AGES.length)
  await hold('sweeper', 'mode: prune', cases, 6)
})
