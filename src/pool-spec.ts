/** YAML or JSON → pools in ARM's shape. */
import { parse } from 'yaml'
import type { InputReader } from './config.ts'
import type { PoolProperties } from './ports.ts'
import type { Inputs } from './read-inputs.ts'

export interface PoolSpec {
  readonly id?: string
  readonly properties: PoolProperties
}

/** Gone at api-version 2025-06-01, with what to use. */
const RETIRED: Readonly<Record<string, string>> = {
  certificates: 'retired: use the Key Vault extension',
  applicationLicenses: 'retired: bring licences with the image',
  targetNodeCommunicationMode: 'retired: nodes use simplified communication',
  currentNodeCommunicationMode: 'read-only, and retired',
  resourceTags: 'renamed: use `tags`',
}

const KNOWN = [
  'id',
  'displayName',
  'vmSize',
  'deploymentConfiguration',
  'scaleSettings',
  'interNodeCommunication',
  'networkConfiguration',
  'taskSlotsPerNode',
  'taskSchedulingPolicy',
  'userAccounts',
  'metadata',
  'startTask',
  'applicationPackages',
  'mountConfiguration',
  'upgradePolicy',
  'tags',
]

/** The pools of `pool-spec`: inline, or a file of the workspace; one, or a list. Empty where none is given. */
export function readPoolSpecs(inputs: Inputs, reader: InputReader): readonly PoolSpec[] {
  const given = inputs.text('pool-spec')
  if (given === '') return []
  const isPath = !given.includes('\n') && /\.(?:ya?ml|json)$/i.test(given)
  const text = isPath ? reader.file(given) : given
  if (text === undefined) {
    inputs.refuse('pool-spec', 'is a path, but there is no such file; check out the repository before this step')
    return []
  }
  let value: unknown
  try {
    value = parse(text)
  } catch (error) {
    inputs.refuse('pool-spec', `is neither YAML nor JSON: ${(error as Error).message.split('\n')[0]}`, undefined, isPath ? given : '')
    return []
  }
  const list = Array.isArray(value) ? value : [value]
  return list.flatMap((item, index) => readPoolSpec(inputs, item, list.length > 1 ? `[${index}]` : ''))
}

function readPoolSpec(inputs: Inputs, item: unknown, at: string): readonly PoolSpec[] {
  const refuse = (path: string, problem: string) =>
    inputs.refuse('pool-spec', `${at}${at && path ? '.' : ''}${path}: ${problem}`, undefined, '')
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    refuse('', 'is not a mapping of pool properties')
    return []
  }
  const { id, ...properties } = item as Record<string, unknown>
  if (id !== undefined && typeof id !== 'string') refuse('id', 'is not a text')
  for (const name of Object.keys(properties)) {
    if (RETIRED[name]) refuse(name, RETIRED[name])
    else if (!KNOWN.includes(name)) refuse(name, `is no property of a pool (known: ${KNOWN.join(', ')})`)
  }
  const pool = properties as PoolProperties
  if (pool.scaleSettings?.autoScale && pool.scaleSettings.fixedScale) refuse('scaleSettings', 'has both fixedScale and autoScale')
  return [{ properties: pool, ...(typeof id === 'string' && { id }) }]
}
