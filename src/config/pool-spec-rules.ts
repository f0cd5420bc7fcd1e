/** What is wrong with one pool of a spec: by the JSON Schema, and by rules that a schema cannot say. */
import { type OutputUnit, Validator } from '@cfworker/json-schema'
import type { PoolProperties } from '../model/batch.ts'
import { parseDurationMs, showDuration } from '../model/duration.ts'
import SCHEMA from './pool-spec.schema.json' with { type: 'json' }
import { adviceForName, nearest } from './pool-spec-names.ts'

export interface SpecProblem {
  /** E.g. `startTask.resourceFiles[0].fileMode`; empty for the pool itself. */
  readonly path: string
  /** With what was found, never with a secret. */
  readonly problem: string
  readonly allowed?: string
}

interface Schema {
  readonly $ref?: string
  readonly definitions?: Readonly<Record<string, Schema>>
  readonly type?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly enum?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly maxItems?: number
  readonly maxLength?: number
}

const ROOT = { definitions: SCHEMA.definitions, $ref: '#/definitions/Pool' } as unknown as Schema
const VALIDATOR = new Validator(ROOT as object, '7', false)
/** Values that never appear in a message. */
const SECRET =
  /(?:^|[.\]])(?:password|accountKey|sasKey|sshPrivateKey|keyUrl|httpUrl|storageContainerUrl|azureFileUrl|source|commandLine|formula|settings|protectedSettings|environmentSettings|containerRunOptions|mountOptions|blobfuseOptions)\b/

export function problemsOf(pool: unknown): readonly SpecProblem[] {
  const bySchema = schemaProblems(pool)
  return [...bySchema, ...(bySchema.length === 0 ? crossPropertyProblems(pool as PoolProperties) : []), ...expressions(pool)]
}

/** Of the published schema alone. */
export function schemaProblems(pool: unknown): readonly SpecProblem[] {
  const { errors } = VALIDATOR.validate(pool)
  const mistyped = new Set(errors.filter(({ keyword }) => keyword === 'type').map(({ instanceLocation }) => instanceLocation))
  return errors
    .filter(({ keyword, instanceLocation }) => keyword === 'type' || !mistyped.has(instanceLocation))
    .flatMap((error) => explained(error, pool))
}

function explained({ keyword, keywordLocation, instanceLocation, error }: OutputUnit, pool: unknown): readonly SpecProblem[] {
  const at = segmentsOf(instanceLocation)
  const path = pathOf(at)
  const schema = schemaAt(segmentsOf(keywordLocation).slice(0, -1))
  const value = at.reduce<unknown>((bag, name) => (bag as Record<string, unknown> | undefined)?.[name], pool)
  const name = /^[^"]*"(.*)"/s.exec(error)?.[1] ?? ''
  const child = path ? `${path}.${name}` : name
  const say = (problem: string, allowed?: string) => [{ path, problem, ...(allowed && { allowed }) }]
  switch (keyword) {
    case 'type':
      return say(found(value, path), typeAllowed(schema))
    case 'enum': {
      if (value === 'RetainedData') return say('is "RetainedData", which Azure Batch retired', schema.enum?.join(', '))
      const near = nearest(String(value), schema.enum ?? [])
      return say(`${found(value, path)}${near ? `; did you mean "${near}"?` : ''}`, schema.enum?.join(', '))
    }
    case 'minimum':
    case 'maximum':
      return say(found(value, path), rangeOf(schema))
    case 'pattern':
      if (keywordLocation.includes('/propertyNames/')) return say('is not the resource id of a user-assigned identity', schema.description)
      return say(found(value, path), schema.description)
    case 'required':
      return [{ path: child, problem: 'is missing' }]
    case 'additionalProperties': {
      const known = Object.keys(schema.properties ?? {})
      if (!schema.properties || known.includes(name)) return []
      const problem = adviceForName(name, known, path === '')
      return [{ path: child, problem, ...(problem === 'is not a known property' && { allowed: known.join(', ') }) }]
    }
    case 'maxItems':
      return say(`has more than ${schema.maxItems} entries`)
    case 'maxLength':
      return say(`is longer than ${schema.maxLength} letters`)
    case 'minProperties':
    case 'maxProperties':
      return say(
        keyword === 'minProperties' ? 'is empty' : 'has more than one of them',
        `one of ${Object.keys(schema.properties ?? {}).join(', ')}`,
      )
    default:
      return []
  }
}

function typeAllowed({ type, items, enum: values, ...schema }: Schema): string {
  if (type === 'array') {
    const names = Object.keys(resolved(items ?? {}).properties ?? {})
    return names.join() === 'name,value' ? 'a list of `name` and `value`' : 'a list'
  }
  if (type === 'object') return 'a mapping'
  if (type === 'boolean') return 'true, false'
  if (type === 'integer') return rangeOf(schema)
  return values?.join(', ') ?? 'a text, in quotes where it looks like a number'
}

const LARGEST_INT32 = 2_147_483_647

function rangeOf({ minimum = 0, maximum = LARGEST_INT32 }: Schema): string {
  return maximum === LARGEST_INT32 ? `a whole number, at least ${minimum}` : `a whole number, ${minimum} to ${maximum}`
}

function found(value: unknown, path: string): string {
  if (value === null) return 'is empty'
  if (Array.isArray(value)) return 'is a list'
  if (typeof value === 'object') return 'is a mapping'
  if (SECRET.test(path)) return `is a ${typeof value === 'string' ? 'text' : typeof value} that is not allowed (not shown)`
  if (typeof value === 'string') return `is ${JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)}`
  return `is the ${typeof value} ${value}`
}

const segmentsOf = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))

function pathOf(segments: readonly string[]): string {
  return segments.reduce((path, name) => {
    if (/^\d+$/.test(name)) return `${path}[${name}]`
    const shown = name.includes('/') ? `["${name}"]` : name
    return path && !shown.startsWith('[') ? `${path}.${shown}` : `${path}${shown}`
  }, '')
}

function schemaAt(segments: readonly string[]): Schema {
  let schema: Schema = ROOT
  for (const segment of segments) {
    schema = segment === '$ref' ? resolved(schema) : ((schema as Readonly<Record<string, Schema>>)[segment] ?? {})
  }
  return schema
}

function resolved(schema: Schema): Schema {
  const name = schema.$ref?.slice(schema.$ref.lastIndexOf('/') + 1)
  return name === undefined ? schema : (ROOT.definitions?.[name] ?? {})
}

interface ResourceFile {
  readonly autoStorageContainerName?: string
  readonly storageContainerUrl?: string
  readonly httpUrl?: string
}

/** The rules of the reference that hold between properties. https://learn.microsoft.com/rest/api/batchmanagement/pool/create */
function crossPropertyProblems(pool: PoolProperties): readonly SpecProblem[] {
  const { scaleSettings = {}, startTask = {}, identity, userAccounts = [] } = pool
  const { imageReference } = pool.deploymentConfiguration?.virtualMachineConfiguration ?? {}
  const { type, userAssignedIdentities = {} } = (identity ?? {}) as {
    readonly type?: string
    readonly userAssignedIdentities?: Readonly<Record<string, unknown>>
  }
  const { publicIPAddressConfiguration: addresses } = pool.networkConfiguration ?? {}
  const files = (startTask.resourceFiles ?? []) as readonly ResourceFile[]
  const when = (isWrong: boolean, path: string, problem: string, allowed?: string): readonly SpecProblem[] =>
    isWrong ? [{ path, problem, ...(allowed && { allowed }) }] : []
  return [
    ...when(
      scaleSettings.autoScale !== undefined && scaleSettings.fixedScale !== undefined,
      'scaleSettings',
      'has both fixedScale and autoScale',
      'one of them',
    ),
    ...duration('scaleSettings.fixedScale.resizeTimeout', scaleSettings.fixedScale?.resizeTimeout),
    ...duration('scaleSettings.autoScale.evaluationInterval', scaleSettings.autoScale?.evaluationInterval, 168 * 3_600_000),
    ...when(
      imageReference?.id !== undefined && imageReference.version !== undefined,
      'deploymentConfiguration.virtualMachineConfiguration.imageReference.version',
      'cannot be used together with `id`; leave it out',
    ),
    ...when(Object.keys(startTask).length > 0 && !startTask.commandLine, 'startTask.commandLine', 'is missing'),
    ...files.flatMap((file, index) =>
      when(
        [file.autoStorageContainerName, file.storageContainerUrl, file.httpUrl].filter((source) => source !== undefined).length !== 1,
        `startTask.resourceFiles[${index}]`,
        'needs exactly one source',
        'autoStorageContainerName, storageContainerUrl, httpUrl',
      ),
    ),
    ...(userAccounts as readonly { readonly linuxUserConfiguration?: { readonly uid?: number; readonly gid?: number } }[]).flatMap(
      ({ linuxUserConfiguration: { uid, gid } = {} }, index) =>
        when(
          (uid === undefined) !== (gid === undefined),
          `userAccounts[${index}].linuxUserConfiguration`,
          'has only one of uid and gid',
          'both, or none',
        ),
    ),
    ...when(
      type === 'UserAssigned' && Object.keys(userAssignedIdentities).length === 0,
      'identity.userAssignedIdentities',
      'names no identity',
    ),
    ...when(
      addresses?.ipAddressIds !== undefined && addresses.provision !== 'UserManaged',
      'networkConfiguration.publicIPAddressConfiguration.ipAddressIds',
      'needs `provision: UserManaged`',
    ),
  ]
}

const SHORTEST_MS = 300_000

/** Batch answers 400 outside of these. */
function duration(path: string, text: string | undefined, longestMs = Number.POSITIVE_INFINITY): readonly SpecProblem[] {
  const ms = parseDurationMs(text ?? '') ?? 0
  if (text === undefined || (ms >= SHORTEST_MS && ms <= longestMs)) return []
  const allowed = `at least ${showDuration(SHORTEST_MS)}${Number.isFinite(longestMs) ? `, at most ${showDuration(longestMs)}` : ''}`
  return [{ path, problem: `is ${text}`, allowed }]
}

const EXPRESSION = /^\[(?:parameters|variables|resourceId|concat|reference|format|subscription|resourceGroup|uniqueString)\(.*\]$/s

/** Only a deployment evaluates these. */
function expressions(value: unknown, path = ''): readonly SpecProblem[] {
  if (typeof value === 'string')
    return EXPRESSION.test(value) ? [{ path, problem: 'is an expression of an ARM template; write its value instead' }] : []
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) =>
    expressions(inner, Array.isArray(value) ? `${path}[${name}]` : path ? `${path}.${name}` : name),
  )
}
