/**
 * Pure: a pool as the members that a spec may have or leave out: those of `properties`, and those of its virtual machine configuration as
 * `vm.<name>`. The image, the properties that follow from it, and the size are not members: every run sets them.
 */
import type { PoolProperties, VirtualMachineConfiguration } from '../model/batch.ts'

export type Members = Readonly<Record<string, unknown>>

const VM = 'vm.'

/** Metadata is compared item by item. */
const APART: ReadonlySet<string> = new Set(['deploymentConfiguration', 'scaleSettings', 'metadata'])
const OF_THE_IMAGE: ReadonlySet<string> = new Set(['imageReference', 'nodeAgentSkuId', 'securityProfile'])

/** Batch's defaults. https://learn.microsoft.com/rest/api/batchmanagement/pool/create */
const DEFAULTS: Members = {
  interNodeCommunication: 'Disabled',
  taskSlotsPerNode: 1,
  taskSchedulingPolicy: { nodeFillType: 'Spread' },
}

export function membersOf(properties: PoolProperties): Members {
  const { virtualMachineConfiguration = {} } = properties.deploymentConfiguration ?? {}
  const own = Object.entries(properties).filter(([name]) => !APART.has(name))
  const ofMachine = Object.entries(virtualMachineConfiguration).filter(([name]) => !OF_THE_IMAGE.has(name))
  return Object.fromEntries([...own, ...ofMachine.map(([name, value]) => [`${VM}${name}`, value])])
}

/** `properties` with these members in place of its own; image, size and metadata stay as they are. */
export function withMembers(properties: PoolProperties, members: Members): PoolProperties {
  const { deploymentConfiguration = {}, scaleSettings, metadata } = properties
  const { imageReference, nodeAgentSkuId, securityProfile } = deploymentConfiguration.virtualMachineConfiguration ?? {}
  const [ofMachine, own] = [true, false].map((isVm) => Object.entries(members).filter(([name]) => name.startsWith(VM) === isVm))
  const configuration: VirtualMachineConfiguration = {
    ...Object.fromEntries((ofMachine ?? []).map(([name, value]) => [name.slice(VM.length), value])),
    ...(imageReference && { imageReference }),
    ...(nodeAgentSkuId && { nodeAgentSkuId }),
    ...(securityProfile && { securityProfile }),
  }
  return {
    ...Object.fromEntries(own ?? []),
    deploymentConfiguration: { ...deploymentConfiguration, virtualMachineConfiguration: configuration },
    ...(metadata && { metadata }),
    ...(scaleSettings && { scaleSettings }),
  }
}

/** The property that a member is in. */
export const propertyOf = (member: string): string => (member.startsWith(VM) ? 'deploymentConfiguration' : member)

/** Azure's ways to say "none": nothing, an empty list, an empty object. */
export const isNothing = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0)

/** Whether this value of a member is what a pool has where nobody set it. */
export const isUnset = (member: string, value: unknown): boolean =>
  isNothing(value) || JSON.stringify(value).toLowerCase() === JSON.stringify(DEFAULTS[member] ?? null).toLowerCase()

/**
 * Properties that a PATCH can remove, with the value that removes them: an empty object removes the start task, an empty list empties a
 * list, and others get their default. Everything else can be removed only by PUT, which "fully replaces" the pool.
 * https://learn.microsoft.com/rest/api/batchmanagement/pool/update, https://learn.microsoft.com/azure/batch/batch-pool-update-properties
 */
export const REMOVALS: Members = { ...DEFAULTS, startTask: {}, applicationPackages: [] }
