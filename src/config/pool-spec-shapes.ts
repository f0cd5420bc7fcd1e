/** The shapes in which people have a pool at hand: its properties, a resource of a template, an answer of Azure, a request body. */
import { type ArmId, armId, nameOf, parseArmId } from '../model/arm-id.ts'
import { adviceForName, plainName } from './pool-spec-names.ts'
import { type Bag, isBag } from './pool-spec-normal.ts'
import { joined, POOL_SCHEMA, resolved, type SpecProblem } from './pool-spec-schema.ts'

/** One pool with its properties at the top. */
export interface FoundPool {
  /** Its place in the given list, e.g. `[0]` or `value[1]`; empty for a single pool. */
  readonly at: string
  readonly pool: Bag
  readonly problems: readonly SpecProblem[]
  /** Names of members around its properties that say nothing about the pool. */
  readonly ignored: readonly string[]
  /** The account in the resource id that the pool was read back with. */
  readonly accountOfId?: ArmId
}

/** The pools in one value, or a problem that says what the value is instead. */
export function poolsIn(value: unknown, at = ''): readonly (FoundPool | { readonly at: string; readonly problem: string })[] {
  if (!isBag(value)) return [{ at, problem: 'is not a mapping of pool properties' }]
  const problem = foreignShape(value)
  if (problem) return [{ at, problem }]
  const members = byPlainName(value)
  const list = members.get('value')
  if (Array.isArray(list)) {
    const inner = (index: number) => joined(joined(at, 'value'), String(index))
    if (members.get('nextlink') || members.get('odata.nextlink'))
      return [{ at, problem: 'is one page of a list (`nextLink`); give the whole list, or the one pool that is meant' }]
    if (list.length === 0) return [{ at, problem: 'is empty: it names no pool' }]
    return list.flatMap((item, index) => poolsIn(item, list.length > 1 ? inner(index) : at))
  }
  const body = bodyOf(value)
  return [{ at, ...(isBag(byPlainName(body).get('properties')) ? flattened(body) : { pool: body, problems: [], ignored: [] }) }]
}

const byPlainName = (bag: Bag): ReadonlyMap<string, unknown> =>
  new Map(Object.entries(bag).map(([name, value]) => [plainName(name), value]))

const ARM_SHAPE =
  'write the properties of the pool as in ARM or Bicep: https://learn.microsoft.com/azure/templates/microsoft.batch/batchaccounts/pools'

/** The problem of a value that is in the shape of another tool. */
function foreignShape(value: Bag): string | undefined {
  const names = Object.keys(value)
  const has = (...some: readonly string[]) => some.some((name) => names.includes(name))
  const text = (name: string) => String(value[name] ?? '')
  if (has('pool_specification')) return `is a batch-shipyard pool configuration; ${ARM_SHAPE}`
  if (
    has('azurerm_batch_pool', 'storage_image_reference', 'fixed_scale', 'terraform_version', 'account_name', 'resource_group_name') ||
    /^azurerm_/.test(text('type')) ||
    (isBag(value.resource) && 'azurerm_batch_pool' in value.resource)
  )
    return `is a Terraform pool (azurerm_batch_pool); ${ARM_SHAPE}`
  if (has('kind') && has('spec')) return `is a Kubernetes resource; ${ARM_SHAPE}`
  if (/^azure-native:/.test(text('type')) || JSON.stringify(value.resources ?? '').includes('azure-native:batch'))
    return `is a Pulumi resource; ${ARM_SHAPE}`
  if (/deploymentParameters/i.test(text('$schema'))) return `is the parameter file of a deployment, not a pool; ${ARM_SHAPE}`
  if (has('resources') || /deploymentTemplate/i.test(text('$schema'))) return templateProblem(value)
  return undefined
}

function templateProblem(template: Bag): string {
  const places = resourcesIn(template.resources, 'resources')
  const where = places.length > 0 ? ` (${places.join(', ')})` : ''
  return `is a whole ARM template; give only its pool resource${where}, with the value of each expression in it`
}

const POOL_TYPE = /^(?:Microsoft\.Batch\/batchAccounts\/)?pools(?:@.*)?$/i

/** Paths of the pool resources in a template, nested ones and those with symbolic names too. */
function resourcesIn(resources: unknown, path: string): readonly string[] {
  if (typeof resources !== 'object' || resources === null) return []
  return Object.entries(resources).flatMap(([name, resource]) => {
    const at = joined(path, name)
    if (!isBag(resource)) return []
    return [...(POOL_TYPE.test(String(resource.type)) ? [at] : []), ...resourcesIn(resource.resources, joined(at, 'resources'))]
  })
}

/** Bodies as documentation and tools show them: `{"pool": {…}}`, `{"parameters": {"properties": {…}}}`. */
const WRAPPERS = ['pool', 'parameters', 'body']

function bodyOf(value: Bag): Bag {
  const entries = Object.entries(value)
  const wrapper = entries.find(([name, inner]) => WRAPPERS.includes(plainName(name)) && isBag(inner))
  const isWhole = entries.some(([name]) => plainName(name) === 'properties')
  if (!wrapper || isWhole) return value
  const [name, inner] = wrapper
  return { ...Object.fromEntries(entries.filter(([other]) => other !== name)), ...bodyOf(inner as Bag) }
}

/** Members around `properties`, by plain name, that templates, answers of ARM, `az resource show` and `Get-AzResource` have there. */
const SAYS_NOTHING: ReadonlySet<string> = new Set([
  'apiversion',
  'comments',
  'condition',
  'dependson',
  'etag',
  'extensionresourcename',
  'extensionresourcetype',
  'kind',
  'managedby',
  'parent',
  'parentresource',
  'resourcegroup',
  'resourcegroupname',
  'resourceid',
  'resourcename',
  'resourcetype',
  'scope',
  'subscriptionid',
  'systemdata',
  'type',
])

/** Those of them that a notice mentions, because they change what a deployment does. */
const IGNORED_ALOUD: ReadonlySet<string> = new Set(['comments', 'condition', 'dependson', 'scope'])

/** A resource with its properties one level up. */
function flattened(resource: Bag): Omit<FoundPool, 'at'> {
  const known = Object.keys(resolved(POOL_SCHEMA).properties ?? {})
  const members = byPlainName(resource)
  const properties = members.get('properties') as Bag
  const [problems, ignored]: [SpecProblem[], string[]] = [[], []]
  for (const [name, value] of Object.entries(resource)) {
    const plain = plainName(name)
    if (['id', 'name', 'properties', 'identity', 'tags', 'batchaccount'].includes(plain) || value === null) continue
    if (plain === 'condition' && value === false) problems.push({ path: name, problem: 'is false: the resource is not to be deployed' })
    else if (IGNORED_ALOUD.has(plain)) ignored.push(name)
    else if (!SAYS_NOTHING.has(plain)) problems.push({ path: name, problem: aroundProblem(name, value, known) })
  }
  const type = String(members.get('resourcetype') ?? members.get('type') ?? 'pools')
  if (!POOL_TYPE.test(type)) problems.push({ path: 'type', problem: `is ${JSON.stringify(type)}, not a Batch pool` })
  for (const name of Object.keys(properties)) {
    if (plainName(name) === 'identity')
      problems.push({ path: joined('properties', name), problem: 'belongs beside `properties`, not in it' })
  }
  const named = members.get('name') ?? members.get('id')
  return {
    pool: {
      ...properties,
      ...(named !== undefined && named !== null && { id: typeof named === 'string' && !named.startsWith('[') ? nameOf(named) : named }),
      identity: members.get('identity') ?? null,
      ...(members.has('tags') && { tags: members.get('tags') }),
      ...(members.has('batchaccount') && { batchAccount: members.get('batchaccount') }),
    },
    problems,
    ignored,
    ...accountIn(members.get('id')),
  }
}

function accountIn(id: unknown): Pick<FoundPool, 'accountOfId'> {
  const parts = typeof id === 'string' ? parseArmId(id) : undefined
  if (parts?.type.toLowerCase() !== 'microsoft.batch/batchaccounts/pools') return {}
  return { accountOfId: armId({ ...parts, type: 'Microsoft.Batch/batchAccounts', names: parts.names.slice(0, 1) }) }
}

function aroundProblem(name: string, value: unknown, known: readonly string[]): string {
  if (known.some((one) => plainName(one) === plainName(name))) return 'belongs in `properties`, not beside it'
  return adviceForName(name, { known, isTop: true, value })
}
